"""Cards of ours that customers transfer to. A number is written once and shown to operators masked."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from billing.admin.amounts import format_uzs
from billing.amount_field import SoumField
from billing.models import ReceivingCard


class ReceivingCardForm(forms.ModelForm):  # type: ignore[type-arg]
    number = forms.CharField(
        label=gettext_lazy("number"),
        max_length=23,
        widget=forms.TextInput(attrs={"autocomplete": "off", "inputmode": "numeric"}),
        help_text=gettext_lazy(
            "All sixteen digits. They are sealed and can't be shown or changed here again."
        ),
    )
    daily_limit = SoumField(
        label=gettext_lazy("daily limit, so'm"), required=False, help_text=gettext_lazy("Empty: none.")
    )

    class Meta:
        model = ReceivingCard
        fields = ("holder", "bank", "active")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.pk:
            del self.fields["number"]
            if self.instance.daily_limit_micros is not None:
                self.initial["daily_limit"] = format_uzs(self.instance.daily_limit_micros, 0)

    def clean_number(self) -> str:
        digits = "".join(self.cleaned_data["number"].split())
        if len(digits) != 16 or not digits.isascii() or not digits.isdigit():
            raise forms.ValidationError(_("A card's number has sixteen digits."))
        if any(card.number == digits for card in ReceivingCard.objects.all()):
            raise forms.ValidationError(_("This card is there already."))
        return digits


@admin.register(ReceivingCard)
class ReceivingCardAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    form = ReceivingCardForm
    list_display = ("masked", "network", "bank", "holder", "limit", "active")
    list_filter = ("active",)

    def get_fields(self, request: HttpRequest, obj: ReceivingCard | None = None) -> Any:
        return [*(["masked"] if obj else ["number"]), "holder", "bank", "daily_limit", "active"]

    def get_readonly_fields(self, request: HttpRequest, obj: ReceivingCard | None = None) -> list[str]:
        return ["masked"] if obj else []

    def has_delete_permission(self, request: HttpRequest, obj: ReceivingCard | None = None) -> bool:
        return False  # old requests name it; a card that isn't active takes no new ones

    def save_model(self, request: HttpRequest, obj: ReceivingCard, form: Any, change: bool) -> None:
        obj.daily_limit_micros = form.cleaned_data["daily_limit"]
        if not change:
            obj.number = form.cleaned_data["number"]
            if not obj.network or not passes_luhn(form.cleaned_data["number"]):
                self.message_user(
                    request, _("This number looks unlike an Uzcard's or Humo's: check it."), messages.WARNING
                )
        super().save_model(request, obj, form, change)

    @admin.display(description=gettext_lazy("card"))
    def masked(self, card: ReceivingCard) -> str:
        return card.masked

    @admin.display(description=gettext_lazy("network"))
    def network(self, card: ReceivingCard) -> str:
        return card.network or "–"

    @admin.display(description=gettext_lazy("daily limit, UZS"), ordering="daily_limit_micros")
    def limit(self, card: ReceivingCard) -> str:
        return "–" if card.daily_limit_micros is None else format_uzs(card.daily_limit_micros, 0)


def passes_luhn(digits: str) -> bool:
    """The check digit of card numbers. Whether every local card keeps it isn't known, so it only warns."""
    doubled = [int(digit) * (2 if place % 2 else 1) for place, digit in enumerate(reversed(digits))]
    return sum(number - 9 if number > 9 else number for number in doubled) % 10 == 0
