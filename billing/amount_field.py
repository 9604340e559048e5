"""Amounts of so'm that people type."""

from typing import Any, ClassVar

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from billing.bank.amounts import BadAmount, parse_amount
from billing.money import NotAnAmount


class SoumField(forms.Field):
    """So'm in any spelling of a bank; gives micros, None when empty."""

    default_error_messages: ClassVar = {"amount": _("Write an amount in so'm, such as 50 037 or 1.100,90.")}

    def __init__(self, **kwargs: Any) -> None:
        attrs = {"inputmode": "decimal", "autocomplete": "off", "maxlength": "40"}
        super().__init__(widget=forms.TextInput(attrs=attrs), **kwargs)

    def to_python(self, value: Any) -> Any:
        text = str(value or "").strip()
        if not text:
            return None
        try:
            return self.parse(text)
        except (BadAmount, NotAnAmount):
            raise ValidationError(self.error_messages["amount"], code="amount") from None

    def parse(self, text: str) -> int:
        """Micros. Raises BadAmount, NotAnAmount."""
        micros = parse_amount(text)
        if micros < 0:
            raise NotAnAmount(text)
        return micros
