"""Balances of our cards at the end of each day, entered by operators or read from statements."""

from datetime import date, timedelta
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.http import HttpRequest
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import User
from billing.admin.amounts import format_uzs
from billing.amount_field import SoumField
from billing.bank.balances import check, reckon
from billing.models import CardBalance
from billing.money import exact_uzs


class CardBalanceForm(forms.ModelForm):  # type: ignore[type-arg]
    day = forms.DateField(
        label=gettext_lazy("day"),
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        help_text=gettext_lazy("At its end, Tashkent time."),
    )
    balance = SoumField(label=gettext_lazy("balance, so'm"))
    gone = SoumField(
        label=gettext_lazy("went out since the balance before it, so'm"),
        required=False,
        help_text=gettext_lazy("What was moved from the card to our account, fees of the bank."),
    )

    class Meta:
        model = CardBalance
        fields = ("card", "note")
        help_texts = {"note": gettext_lazy("A change of a balance needs its reason.")}  # noqa: RUF012

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if isinstance(card := self.fields.get("card"), forms.ModelChoiceField):
            card.empty_label = _("the company's account")
        if self.instance.pk:
            self.initial["day"] = self.instance.day
            self.initial["balance"] = exact_uzs(self.instance.balance_micros)
            self.initial["gone"] = exact_uzs(self.instance.gone_micros)
        else:
            self.initial["day"] = timezone.localdate() - timedelta(days=1)

    def clean_day(self) -> date:
        day: date = self.cleaned_data["day"]
        if day > timezone.localdate():
            raise forms.ValidationError(_("This day isn't over."))
        return day

    def clean(self) -> dict[str, Any]:
        """One balance of a card a day; a change says why."""
        said: dict[str, Any] = super().clean() or self.cleaned_data
        if self.errors:
            return said
        same = CardBalance.objects.filter(card=said.get("card"), day=said["day"]).exclude(pk=self.instance.pk)
        if same.exists():
            raise forms.ValidationError(_("The balance of this day is there already: change that one."))
        if self.instance.pk and not said.get("note", "").strip():
            self.add_error("note", _("A reason is needed."))
        return said


@admin.register(CardBalance)
class CardBalanceAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    form = CardBalanceForm
    list_display = ("day", "of", "balance_uzs", "expected", "difference", "gone_uzs", "source", "entered_by")
    list_filter = ("card", "source")
    list_select_related = ("card", "entered_by")
    list_per_page = 50
    date_hierarchy = "day"

    def get_fields(self, request: HttpRequest, obj: CardBalance | None = None) -> Any:
        if obj is not None and not self.has_change_permission(request, obj):
            return ("of", "day", "balance_uzs", "gone_uzs", "expected", "difference", *self._last)
        said = ("card", "day", "balance", "gone", "note")
        return (*said, "expected", "difference", *self._last) if obj else said

    _last = ("source", "entered_by", "entered_at")

    def get_readonly_fields(self, request: HttpRequest, obj: CardBalance | None = None) -> Any:
        always = ("of", "balance_uzs", "gone_uzs", "expected", "difference", *self._last)
        return (*always, "card", "day") if obj and not self.has_change_permission(request, obj) else always

    def has_change_permission(self, request: HttpRequest, obj: CardBalance | None = None) -> bool:
        """What a statement says stays; what was typed may be put right, with a reason in the log."""
        typed = obj is None or obj.source == CardBalance.Source.MANUAL
        return typed and super().has_change_permission(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: CardBalance | None = None) -> bool:
        return False

    def save_model(self, request: HttpRequest, obj: CardBalance, form: Any, change: bool) -> None:
        assert isinstance(request.user, User)
        said = form.cleaned_data
        before = f"{exact_uzs(obj.balance_micros)}, out {exact_uzs(obj.gone_micros)}" if change else "–"
        obj.day, obj.entered_by = said["day"], request.user
        obj.balance_micros, obj.gone_micros = said["balance"], said["gone"] or 0
        obj.source = CardBalance.Source.MANUAL
        super().save_model(request, obj, form, change)
        after = f"{exact_uzs(obj.balance_micros)}, out {exact_uzs(obj.gone_micros)}"
        self.log_change(request, obj, f"{obj.day}: {before} → {after}; {obj.note}")
        if check(obj.card, obj.day):
            said = _("The balance differs from what arrived: see Discrepancies.")
            self.message_user(request, said, messages.WARNING)

    @admin.display(description=gettext_lazy("card"), ordering="card")
    def of(self, row: CardBalance) -> str:
        return str(row.card) if row.card else _("the company's account")

    @admin.display(description=gettext_lazy("balance, UZS"), ordering="balance_micros")
    def balance_uzs(self, row: CardBalance) -> str:
        return format_uzs(row.balance_micros)

    @admin.display(description=gettext_lazy("went out, UZS"))
    def gone_uzs(self, row: CardBalance) -> str:
        return format_uzs(row.gone_micros)

    @admin.display(description=gettext_lazy("expected, UZS"))
    def expected(self, row: CardBalance) -> str:
        told = reckon(row)
        return "–" if told is None else format_uzs(told.expected)

    @admin.display(description=gettext_lazy("difference, UZS"))
    def difference(self, row: CardBalance) -> SafeString | str:
        told = reckon(row)
        if told is None:
            return _("the first one: reckoning begins here")
        by = row.balance_micros - told.expected
        return format_html('<strong class="errors">{}</strong>', format_uzs(by)) if by else "0"
