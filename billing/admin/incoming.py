"""Incoming transfers: entered by hand, read from a bank's statement, or pasted from its messages."""

from datetime import datetime
from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from billing.admin.amounts import format_uzs
from billing.admin.statement import StatementPages
from billing.amount_field import SoumField
from billing.bank.arrivals import Arrival, enter, is_known
from billing.models import IncomingTransfer


class IncomingForm(forms.ModelForm):  # type: ignore[type-arg]
    """What our bank's application or statement says, to the minute."""

    amount = SoumField(label=_("amount, so'm"))
    at = forms.DateTimeField(
        label=_("minute of arrival"),
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
        input_formats=["%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S"],
        help_text=_("Tashkent time"),
    )
    balance = SoumField(
        label=_("balance after it, so'm"),
        required=False,
        help_text=_("It tells two transfers of one amount and minute apart."),
    )

    field_order = ("card", "amount", "at", "balance", "details")

    class Meta:
        model = IncomingTransfer
        fields = ("card", "details")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if at := self.fields.get("at"):  # none where an arrival is only looked at
            at.initial = timezone.localtime().replace(second=0, microsecond=0)

    def clean_amount(self) -> int:
        micros: int = self.cleaned_data["amount"]
        if not micros:
            raise forms.ValidationError(_("An amount is more than zero."))
        return micros

    def clean_at(self) -> datetime:
        at: datetime = self.cleaned_data["at"]
        if at > timezone.now():
            raise forms.ValidationError(_("It can't have arrived in the future."))
        return at

    def clean(self) -> dict[str, Any]:
        said: dict[str, Any] = super().clean() or self.cleaned_data
        if not self.errors and is_known(self.arrival()):
            raise forms.ValidationError(
                _("This transfer is known. Give the balance after it if it is another.")
            )
        return said

    def arrival(self) -> Arrival:
        """What a valid form says."""
        said = self.cleaned_data
        return Arrival(said["card"], said["amount"], said["at"], said["balance"], said["details"])


@admin.register(IncomingTransfer)
class IncomingTransferAdmin(StatementPages, admin.ModelAdmin):  # type: ignore[type-arg]
    form = IncomingForm
    list_display = ("at", "card", "amount", "balance", "details", "source", "used", "entered_by")
    list_filter = (("topup", admin.EmptyFieldListFilter), "card", "source")
    list_select_related = ("card", "topup", "entered_by")
    search_fields = ("details", "topup__pk")
    date_hierarchy = "at"
    change_list_template = "admin/billing/incomingtransfer/change_list.html"

    def get_fields(self, request: HttpRequest, obj: IncomingTransfer | None = None) -> tuple[str, ...]:
        said = ("card", "amount", "at", "balance", "details")
        return (*said, "source", "used", "entered_by", "created_at") if obj else said

    def get_readonly_fields(
        self, request: HttpRequest, obj: IncomingTransfer | None = None
    ) -> tuple[str, ...]:
        return self.get_fields(request, obj) if obj else ()

    def has_change_permission(self, request: HttpRequest, obj: IncomingTransfer | None = None) -> bool:
        return False  # a line of a statement stays as it is

    def has_delete_permission(self, request: HttpRequest, obj: IncomingTransfer | None = None) -> bool:
        """A mistyped one may go while no top-up was credited with it."""
        is_free = obj is not None and obj.topup_id is None and obj.source == IncomingTransfer.Source.MANUAL
        return is_free and super().has_delete_permission(request, obj)

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.statement_view)
        return [path("statement/", view, name="billing_incomingtransfer_statement"), *super().get_urls()]

    def save_model(self, request: HttpRequest, obj: IncomingTransfer, form: Any, change: bool) -> None:
        assert isinstance(request.user, User)
        entered = enter(form.arrival(), request.user)
        obj.pk, obj.at = entered.pk, entered.at
        obj.amount_micros = entered.amount_micros

    @admin.display(description=_("amount, UZS"), ordering="amount_micros")
    def amount(self, incoming: IncomingTransfer) -> str:
        return format_uzs(incoming.amount_micros)

    @admin.display(description=_("balance after it, UZS"))
    def balance(self, incoming: IncomingTransfer) -> str:
        left = incoming.balance_after_micros
        return "–" if left is None else format_uzs(left)

    @admin.display(description=_("credited to"), ordering="topup")
    def used(self, incoming: IncomingTransfer) -> SafeString | str:
        if incoming.topup is None:
            return "–"
        address = reverse("admin:billing_topup_change", args=[incoming.topup.pk])
        return format_html('<a href="{}">{}</a>', address, incoming.topup)
