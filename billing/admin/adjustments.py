"""Refunds, corrections, payouts: one operator asks, another one sees exactly what would move and approves."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.validators import MinValueValidator
from django.db import IntegrityError
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import User
from billing import adjustments
from billing.adjustments import Preview, bank_details, file_adjustment, preview
from billing.admin.amounts import full_uzs
from billing.admin.money import account_name, account_words
from billing.amount_field import SoumField
from billing.errors import BillingError
from billing.ledger import balance
from billing.models import Adjustment, LedgerAccount
from billing.money import exact_uzs

State = Adjustment.State


class AdjustmentForm(forms.ModelForm):  # type: ignore[type-arg]
    amount_uzs = SoumField(label=gettext_lazy("amount, UZS"), validators=[MinValueValidator(1)])

    class Meta:
        model = Adjustment
        fields = ("kind", "org", "call", "reason", "told")

    def clean(self) -> dict[str, Any]:
        """Tried on the ledger and taken back, so that nobody is asked to approve what can't be done."""
        said: dict[str, Any] = super().clean() or self.cleaned_data
        is_refund = said.get("kind") == Adjustment.Kind.REFUND
        if is_refund and not said.get("call"):
            self.add_error("call", _("A refund names the request that was charged."))
        if not is_refund:
            said["call"] = None
        return said


@admin.register(Adjustment)
class AdjustmentAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    form = AdjustmentForm
    list_display = ("created_at", "kind", "org", "amount", "state", "requested_by", "decided_by", "reason")
    list_filter = ("state", "kind", ("created_at", admin.DateFieldListFilter))
    list_select_related = ("org", "requested_by", "decided_by")
    search_fields = ("org__name", "requested_by__email", "=call", "bank_reference")
    raw_id_fields = ("org",)
    date_hierarchy = "created_at"
    show_full_result_count = False
    change_form_template = "admin/billing/adjustment/change_form.html"
    shown = (
        *("kind", "state", "org", "amount", "call", "reason", "told", "requested_by", "created_at"),
        *("expires_at", "decided_by", "decided_at", "answer", "bank_hint", "bank_reference"),
        *("ended_by", "ended_at", "op_id"),
    )

    def has_delete_permission(self, request: HttpRequest, obj: Adjustment | None = None) -> bool:
        return False

    def get_readonly_fields(self, request: HttpRequest, obj: Adjustment | None = None) -> Any:
        return self.shown if obj else ()

    def get_fields(self, request: HttpRequest, obj: Adjustment | None = None) -> Any:
        return self.shown if obj else ("kind", "org", "amount_uzs", "call", "reason", "told")

    @admin.display(description=gettext_lazy("amount, UZS"), ordering="amount_micros")
    def amount(self, found: Adjustment) -> str:
        return full_uzs(found.amount_micros)

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        """A call's own page can lead here with its number and organization."""
        given = super().get_changeform_initial_data(request)
        return {name: value for name, value in given.items() if name in ("kind", "org", "call")}

    def save_model(self, request: HttpRequest, obj: Adjustment, form: Any, change: bool) -> None:
        obj.requested_by = _operator(request)
        obj.amount_micros = form.cleaned_data["amount_uzs"]
        file_adjustment(obj)

    def add_view(
        self, request: HttpRequest, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        try:
            return super().add_view(request, form_url, extra_context)
        except (BillingError, IntegrityError) as error:
            said = _("A payout of this organization waits already.")
            self.message_user(
                request, str(error) if isinstance(error, BillingError) else said, messages.ERROR
            )
            return HttpResponseRedirect(reverse("admin:billing_adjustment_add"))

    def response_add(self, request: HttpRequest, obj: Any, post_url_continue: str | None = None) -> Any:
        return HttpResponseRedirect(reverse("admin:billing_adjustment_decide", args=[obj.pk]))

    def get_urls(self) -> list[URLPattern]:
        decide = self.admin_site.admin_view(self.decide_view)
        return [path("<int:pk>/decide/", decide, name="billing_adjustment_decide"), *super().get_urls()]

    def decide_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """GET shows exactly what would move, POST decides or ends a payout."""
        found = self.get_queryset(request).select_related("org", "requested_by").filter(pk=pk).first()
        if not self.has_view_permission(request):
            return HttpResponse(status=403)
        if found is None:
            raise Http404
        if request.method == "POST":
            if not (_may_approve(request) or _is_withdrawal(request, found)):
                return HttpResponse(status=403)
            self._decide(request, found)
            return HttpResponseRedirect(reverse("admin:billing_adjustment_decide", args=[pk]))
        context = self.admin_site.each_context(request) | self._context(request, found)
        return TemplateResponse(request, "admin/billing/adjustment/decide.html", context)

    def _context(self, request: HttpRequest, found: Adjustment) -> dict[str, Any]:
        context: dict[str, Any] = {
            "title": _("What would move") if found.state == State.PENDING else _("Decided"),
            "opts": self.opts,
            "found": found,
            "amount": self.amount(found),
            "own": found.requested_by_id == _operator(request).pk,
            "may_approve": _may_approve(request),
            "bank": self._bank(request, found),
        }
        if found.state != State.PENDING:
            return context
        try:
            return context | _planned(preview(found))
        except BillingError as error:
            return context | {"refused": str(error)}

    def _bank(self, request: HttpRequest, found: Adjustment) -> Any:
        """Bank details are for who sends the money, and each look at them is in the log."""
        if found.state != State.DONE or not _may_approve(request):
            return None
        details = bank_details(found)
        if details is not None:
            self.log_change(request, found, "bank details shown")
        return details

    def _decide(self, request: HttpRequest, found: Adjustment) -> None:
        before = balance(found.org_id)
        try:
            done = _carried_out(request, found)
        except BillingError as error:
            self.message_user(request, str(error), messages.ERROR)
            return
        after = balance(found.org_id)
        self.log_change(
            request,
            done,
            f"{found.state} → {done.state}, {self.amount(done)} UZS; paid {exact_uzs(before.paid)} →"
            f" {exact_uzs(after.paid)}, bonus {exact_uzs(before.bonus)} → {exact_uzs(after.bonus)};"
            f" {done.reason}; {done.answer}",
        )
        self.message_user(request, _("Done."), messages.SUCCESS)


def _carried_out(request: HttpRequest, found: Adjustment) -> Adjustment:
    operator, said = _operator(request), request.POST.get("answer", "").strip()[:500]
    if "approve" in request.POST:
        return adjustments.approve(found.pk, operator)
    if "sent" in request.POST:
        reference = request.POST.get("bank_reference", "").strip()[:100]
        if not reference:
            raise BillingError(_("The bank's reference is needed."))
        return adjustments.mark_sent(found.pk, operator, reference)
    if not said:
        raise BillingError(_("A reason is needed."))
    if "returned" in request.POST:
        return adjustments.mark_returned(found.pk, operator, said)
    return adjustments.reject(found.pk, operator, said)


def _planned(seen: Preview) -> dict[str, Any]:
    """The preview with accounts by name and amounts in so'm."""
    codes = dict(LedgerAccount.objects.values_list("id", "code"))

    def name(account: int) -> dict[str, str]:
        code = codes.get(account)
        return {"words": account_words(account, code), "code": account_name(account, code)}

    return {
        "transfers": [
            (row.get_kind_display(), name(row.debit), name(row.credit), full_uzs(row.amount_micros))
            for row in seen.transfers
        ],
        "accounts": [(name(leg.account), full_uzs(leg.before), full_uzs(leg.after)) for leg in seen.accounts],
        "held": full_uzs(seen.wallet_after.held),
    }


def _may_approve(request: HttpRequest) -> bool:
    return request.user.has_perm("billing.approve_adjustment")


def _is_withdrawal(request: HttpRequest, found: Adjustment) -> bool:
    return "reject" in request.POST and found.requested_by_id == request.user.pk


def _operator(request: HttpRequest) -> User:
    assert isinstance(request.user, User)
    return request.user
