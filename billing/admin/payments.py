"""What providers said, for operators: transactions, raw messages, and what doesn't agree."""

from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import User
from accounts.read_only import ReadOnlyAdmin
from billing.admin.amounts import format_uzs
from billing.disputes import settle_dispute, takes_two
from billing.errors import InsufficientFunds, NotInDispute, SamePerson
from billing.models import Discrepancy, ExternalMessage, ProviderTransaction
from billing.money import MICROS_PER_TIYIN
from billing.payments import close, moment
from billing.sayings import in_words


@admin.register(ProviderTransaction)
class ProviderTransactionAdmin(ReadOnlyAdmin):
    list_display = ("external_id", "provider", "topup", "amount", "state", "created", "disputed")
    list_filter = ("provider", "state", ("fiscal_perform", admin.EmptyFieldListFilter))
    list_select_related = ("topup",)
    search_fields = ("=external_id", "=topup__id")
    show_full_result_count = False
    change_form_template = "admin/billing/providertransaction/change_form.html"

    @admin.display(description=gettext_lazy("amount, UZS"), ordering="amount_tiyin")
    def amount(self, payment: ProviderTransaction) -> str:
        return format_uzs(payment.amount_tiyin * MICROS_PER_TIYIN)

    @admin.display(description=gettext_lazy("created"), ordering="create_ms")
    def created(self, payment: ProviderTransaction) -> Any:
        return moment(payment.create_ms)

    @admin.display(description=gettext_lazy("in dispute"), boolean=True)
    def disputed(self, payment: ProviderTransaction) -> bool:
        return payment.dispute_op is not None

    def get_urls(self) -> list[URLPattern]:
        settle = self.admin_site.admin_view(self.settle_view)
        return [path("<int:number>/settle/", settle, name="billing_dispute_settle"), *super().get_urls()]

    def settle_view(self, request: HttpRequest, number: int) -> HttpResponse:
        """GET asks whether the money arrived, POST settles it with a reason."""
        payment = (
            ProviderTransaction.objects.select_related("topup", "first_word_by").filter(pk=number).first()
        )
        if payment is None or not request.user.has_perm("billing.change_providertransaction"):
            return HttpResponse(status=403)
        if request.method == "POST":
            self._settle(request, payment)
            return HttpResponseRedirect(reverse("admin:billing_providertransaction_change", args=[number]))
        context = self.admin_site.each_context(request) | {
            "title": _("Has this money arrived?"),
            "opts": self.opts,
            "payment": payment,
            "aside": format_uzs(payment.disputed_micros),
            "amount": self.amount(payment),
            "takes_two": takes_two(payment),
            "own": payment.first_word_by_id == request.user.pk,
            "words": payment.topup.decisions.filter(action="argued", after__payment=payment.pk),
        }
        return TemplateResponse(request, "admin/billing/providertransaction/settle.html", context)

    def _settle(self, request: HttpRequest, payment: ProviderTransaction) -> None:
        assert isinstance(request.user, User)
        note, arrived = request.POST.get("note", "").strip(), "arrived" in request.POST
        if not note:
            self.message_user(request, _("A reason is needed."), messages.ERROR)
            return
        try:
            done = settle_dispute(payment.pk, request.user, arrived=arrived, note=note)
        except (NotInDispute, SamePerson, InsufficientFunds) as error:
            self.message_user(request, str(error), messages.ERROR)
            return
        settled = done.dispute_op is None
        what = "dispute settled" if settled else "first word on the dispute"
        self.log_change(request, payment, f"{what}: {'arrived' if arrived else 'taken back'}; {note[:400]}")
        said = _("The dispute is settled.") if settled else _("Noted. Another operator has to say the same.")
        self.message_user(request, said, messages.SUCCESS)


@admin.register(ExternalMessage)
class ExternalMessageAdmin(ReadOnlyAdmin):
    list_display = ("at", "source", "method", "external_id", "remote")
    list_filter = ("source",)
    search_fields = ("=external_id",)
    show_full_result_count = False
    fields = ("at", "source", "method", "external_id", "remote", "asked", "answered")
    readonly_fields = fields

    @admin.display(description=gettext_lazy("request"))
    def asked(self, message: ExternalMessage) -> str:
        return bytes(message.body).decode(errors="replace")

    @admin.display(description=gettext_lazy("answer"))
    def answered(self, message: ExternalMessage) -> str:
        return bytes(message.answer).decode(errors="replace")


@admin.register(Discrepancy)
class DiscrepancyAdmin(ReadOnlyAdmin):
    list_display = (
        *("found_at", "provider", "external_id", "kind", "our_word", "their_word", "closed_at", "closed_by"),
    )
    fields = (
        *("provider", "external_id", "kind", "our_word", "their_word"),
        *("found_at", "closed_at", "closed_by", "note"),
    )
    list_filter = ("provider", "kind", ("closed_at", admin.EmptyFieldListFilter))
    search_fields = ("=external_id",)
    actions = ("close_selected",)

    @admin.display(description=gettext_lazy("our books"))
    def our_word(self, row: Discrepancy) -> str:
        return in_words(row.ours)

    @admin.display(description=gettext_lazy("the provider"))
    def their_word(self, row: Discrepancy) -> str:
        return in_words(row.theirs)

    @admin.action(description=gettext_lazy("Close: looked at and explained"), permissions=["view"])
    def close_selected(self, request: HttpRequest, queryset: QuerySet[Discrepancy]) -> None:
        if not request.user.has_perm("billing.change_discrepancy"):
            self.message_user(request, _("You may not close these."), messages.ERROR)
            return
        assert isinstance(request.user, User)
        for row in queryset.filter(closed_at=None).exclude(kind=Discrepancy.Kind.DISPUTED):
            kind = Discrepancy.Kind(row.kind)
            close(row.provider, row.external_id, kind, request.user.email, "closed in the admin")
            self.log_change(request, row, "closed")
