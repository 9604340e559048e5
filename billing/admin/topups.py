"""Top-ups in the admin: a queue of what waits, and one page that shows the claim beside what has arrived."""

from typing import Any, Final

from django import forms
from django.contrib import admin, messages
from django.db.models import Case, Exists, OuterRef, Q, QuerySet, When
from django.http import FileResponse, Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import User
from billing.admin.amounts import format_uzs
from billing.admin.incoming import IncomingForm
from billing.amount_field import SoumField
from billing.bank.arrivals import Match, matches
from billing.bank.download import receipt_file
from billing.errors import TopUpError
from billing.models import Channel, IncomingTransfer, Receipt, TopUp
from billing.money import format_uzs as plain_uzs
from billing.topups import approve, approve_arrival, first_limit_of, reject

State = TopUp.State
WARNINGS: Final = {
    "card": gettext_lazy("another card"),
    "time": gettext_lazy("another time"),
    "amount": gettext_lazy("another amount"),
    "twin": gettext_lazy("the same amount came twice that day: is it the same transfer?"),
    "chain": gettext_lazy("the balance after it is more than the lines known explain"),
}
FLAGS: Final = {
    "same_file": gettext_lazy("the same file was uploaded before"),
    "same_look": gettext_lazy("the picture looks like an earlier one"),
    "same_cheque": gettext_lazy("the cheque number was used before"),
}


class RejectForm(forms.Form):
    refusal = forms.ChoiceField(label=gettext_lazy("why"), choices=TopUp.Refusal.choices)
    reason = forms.CharField(
        label=gettext_lazy("in your own words, for the customer"), max_length=500, required=False
    )


class ArrivalForm(IncomingForm):
    """What has arrived, entered on the page of the top-up itself."""

    amount = SoumField(label=gettext_lazy("amount received, so'm"))


@admin.register(TopUp)
class TopUpAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    list_display = ("number", "state", "waits", "flags", "amount", "org", "provider", "created_at")
    list_filter = ("state", "provider", "card")
    search_fields = ("=pk", "reference", "org__name", "requested_by__email")
    list_select_related = ("org", "requested_by", "approved_by", "card")
    fields = (
        *(
            "number",
            "org",
            "provider",
            "card",
            "amount",
            "credited",
            "reference",
            "requested_by",
            "created_at",
        ),
        *("expires_at", "state", "first_approved_by", "first_approved_at", "approved_by", "decided_at"),
        *("refusal", "reason", "flags"),
    )
    readonly_fields = fields
    change_form_template = "admin/billing/topup/change_form.html"

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False  # customers file them

    def has_delete_permission(self, request: HttpRequest, obj: TopUp | None = None) -> bool:
        return False

    def get_queryset(self, request: HttpRequest) -> QuerySet[TopUp]:
        return TopUp.objects.prefetch_related("receipts__copies", "receipts__lookalikes", "receipts__reuses")

    def get_ordering(self, request: HttpRequest) -> tuple[Case, str]:
        """Those that wait with a receipt come first, then all that wait."""
        is_open, has_receipt = Q(state=State.PENDING), Exists(Receipt.objects.filter(topup=OuterRef("pk")))
        late = Q(state=State.EXPIRED)
        rank = Case(
            When(is_open & has_receipt, then=0), When(is_open | late & has_receipt, then=1), default=2
        )
        return (rank, "-id")

    @admin.display(description="№")
    def number(self, topup: TopUp) -> str:
        return topup.number

    @admin.display(description=gettext_lazy("amount, UZS"), ordering="amount_micros")
    def amount(self, topup: TopUp) -> str:
        return format_uzs(topup.amount_micros)

    @admin.display(description=gettext_lazy("credited, UZS"), ordering="credited_micros")
    def credited(self, topup: TopUp) -> str:
        return format_uzs(topup.credited_micros) if topup.credited_micros else "–"

    @admin.display(description=gettext_lazy("decide"))
    def waits(self, topup: TopUp) -> SafeString | str:
        if not can_decide(topup):
            return "–"
        text = _("second approval …") if topup.first_approved_by_id else _("decide …")
        return format_html('<a href="{}">{}</a>', decide_url(topup.pk), text)

    @admin.display(description=gettext_lazy("flags"))
    def flags(self, topup: TopUp) -> SafeString | str:
        said = sorted({str(text) for receipt in topup.receipts.all() for text, _other in flags_of(receipt)})
        return format_html('<strong class="errors">{}</strong>', "; ".join(said)) if said else "–"

    def get_urls(self) -> list[URLPattern]:
        decide = self.admin_site.admin_view(self.decide_view)
        file = self.admin_site.admin_view(self.receipt_view)
        return [
            path("<int:number>/decide/", decide, name="billing_topup_decide"),
            path("receipts/<uuid:name>", file, name="billing_receipt_file"),
            *super().get_urls(),
        ]

    def receipt_view(self, request: HttpRequest, name: Any) -> FileResponse:
        """A customer's receipt for operators; pages show pictures by it, PDFs are only downloaded."""
        receipt = Receipt.objects.filter(name=name).first()
        if receipt is None or not self.has_view_permission(request):
            raise Http404
        return receipt_file(receipt)

    def decide_view(self, request: HttpRequest, number: int) -> HttpResponse:
        """GET shows the claim and what has arrived, POST approves with one arrival or rejects."""
        topup = TopUp.objects.filter(pk=number).select_related("org", "requested_by", "card").first()
        if topup is None:
            raise Http404
        if not self.has_change_permission(request):
            return HttpResponse(status=403)
        entered = "enter" in request.POST
        arrival = ArrivalForm(request.POST if entered else None, initial={"card": topup.card})
        refusal = RejectForm(request.POST if "reject" in request.POST else None)
        if request.method == "POST" and (not entered or arrival.is_valid()):
            self._decide(request, topup, arrival, refusal)
            return HttpResponseRedirect(reverse("admin:billing_topup_changelist"))
        context = self.admin_site.each_context(request) | {
            "title": _("Has this transfer arrived?"),
            "opts": self.opts,
            "arrival": arrival,
            "refusal": refusal,
        }
        shown = context | _picture(topup)
        return TemplateResponse(request, "admin/billing/topup/decide.html", shown)

    def _decide(self, request: HttpRequest, topup: TopUp, arrival: ArrivalForm, refusal: RejectForm) -> None:
        assert isinstance(request.user, User)
        try:
            if "reject" in request.POST and refusal.is_valid():
                said = refusal.cleaned_data
                done = reject(topup.pk, request.user, said["reason"], said["refusal"])
            elif "enter" in request.POST:
                done = approve_arrival(topup.pk, request.user, arrival.arrival())
            else:
                chosen = request.POST.get("incoming", "")
                done = approve(topup.pk, request.user, int(chosen) if chosen.isdecimal() else 0)
        except IncomingTransfer.DoesNotExist:
            self.message_user(request, _("Choose the transfer that has arrived."), messages.ERROR)
        except TopUpError as error:
            self.message_user(request, f"{topup.number}: {error}", messages.ERROR)
        else:
            self._say(request, done)

    def _say(self, request: HttpRequest, done: TopUp) -> None:
        self.log_change(request, done, f"{done.state} {plain_uzs(done.credited_micros)} UZS {done.answer}")
        if done.state == State.PAID:
            said = _("Credited: %s UZS.") % format_uzs(done.credited_micros)
        elif done.state == State.REJECTED:
            said = _("Rejected.")
        else:
            said = _("Noted. Another operator has to approve it too.")
        self.message_user(request, said, messages.SUCCESS)

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        topup = TopUp.objects.filter(pk=object_id).first() if object_id.isdecimal() else None
        context: dict[str, Any] = {"show_save": False, "show_save_and_continue": False}
        if topup is not None:
            context |= {"decide_url": decide_url(topup.pk) if can_decide(topup) else ""} | _picture(topup)
        return super().change_view(request, object_id, form_url, context | (extra_context or {}))


def can_decide(topup: TopUp) -> bool:
    return topup.provider == Channel.BANK and topup.state in (State.PENDING, State.EXPIRED)


def decide_url(number: int) -> str:
    return reverse("admin:billing_topup_decide", args=[number])


def flags_of(receipt: Receipt) -> list[tuple[Any, Receipt]]:
    """What is wrong with a receipt, and the other one that says so; either of the two may be the fake."""
    found = [(FLAGS[name], getattr(receipt, name)) for name in FLAGS if getattr(receipt, f"{name}_id")]
    later = {"same_file": "copies", "same_look": "lookalikes", "same_cheque": "reuses"}
    found += [(FLAGS[name], other) for name, many in later.items() for other in getattr(receipt, many).all()]
    return [(text, other) for text, other in found if other.topup_id != receipt.topup_id]


def _picture(topup: TopUp) -> dict[str, Any]:
    """What a page shows of a top-up by bank."""
    can = can_decide(topup)
    bound = IncomingTransfer.objects.filter(topup=topup).select_related("card").first()
    exact, others = matches(topup) if can and not bound else ([], [])
    found = [Match(bound, ())] if bound else [*exact, *others]
    first = first_limit_of(topup) if can else None
    return {
        "topup": topup,
        "can_decide": can,
        "asked": format_uzs(topup.amount_micros),
        "receipts": [(receipt, flags_of(receipt)) for receipt in topup.receipts.all()],
        "bound": bound,
        "first_limit": "" if first is None else format_uzs(first, 0),
        "rows": [_row(match) for match in found],
        "decisions": topup.decisions.select_related("operator"),
    }


def _row(match: Match) -> dict[str, Any]:
    left = match.incoming.balance_after_micros
    return {
        "incoming": match.incoming,
        "amount": format_uzs(match.incoming.amount_micros),
        "balance": "–" if left is None else format_uzs(left),
        "warnings": [WARNINGS[name] for name in match.warnings],
    }
