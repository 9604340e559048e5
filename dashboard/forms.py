"""What people type. A valid form hands out frozen values; money is parsed as text, never as a float."""

import re
from datetime import datetime, time
from typing import Any, ClassVar

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts.access import Caller
from accounts.addresses import parse_network
from accounts.keyrules import NAME_CHARS_MAX, KeyRequest, rpm_ceiling
from accounts.models import Project, Scope
from accounts.roles import Power
from billing.adjustments import BankDetails
from billing.amount_field import SoumField
from billing.errors import FirstTopUpLimit
from billing.models import TOPUP_MICROS_MAX, TOPUP_MICROS_MIN, Channel
from billing.money import MICROS_PER_TIYIN, parse_uzs
from billing.providers import online
from dashboard.keys import SpendCap, Window
from dashboard.moments import TASHKENT, today
from dashboard.shop import MODALITIES
from dashboard.templatetags.money import uzs
from dashboard.widgets import LongSelect
from proxy.models import Request

WINDOWS = {Window.DAY: _("a day"), Window.MONTH: _("a month"), Window.LIFETIME: _("in its lifetime")}
STATUSES = dict(Request.Status.choices)

_GROUPED = re.compile(r"[0-9]{1,3}(,[0-9]{3})+(\.[0-9]{1,2})?|[0-9]{1,3}(\.[0-9]{3})+(,[0-9]{1,2})?")


class DayInput(forms.DateInput):
    input_type = "date"

    def __init__(self) -> None:
        super().__init__(format="%Y-%m-%d")


class DayField(forms.DateField):
    def __init__(self, **kwargs: Any) -> None:
        super().__init__(widget=DayInput(), input_formats=["%Y-%m-%d"], required=False, **kwargs)


class UzsField(SoumField):
    """So'm as people write them, 1 500 000 or 1500.25; gives micros."""

    default_error_messages: ClassVar = {"amount": _("Write an amount in so'm, such as 50000 or 1500.25.")}

    def parse(self, text: str) -> int:
        return parse_uzs(_ungrouped(text))


def _ungrouped(text: str) -> str:
    """50,000 and 50.000 are fifty thousand: nobody writes thousandths of a so'm. 1500,25 has decimals."""
    if _GROUPED.fullmatch(text):
        sign = text.lstrip("0123456789")[0]
        text = text.replace(sign, "")
    return text.replace(",", ".")


class KeyForm(forms.Form):
    SCOPES: ClassVar = [
        (Scope.INFERENCE.value, _("Calling models")),
        (Scope.MANAGE.value, _("Managing keys and reading usage")),
    ]

    name = forms.CharField(label=_("Name"), max_length=NAME_CHARS_MAX)
    project = forms.ModelChoiceField(
        Project.objects.none(), label=_("Project"), empty_label=None, widget=LongSelect
    )
    expires = DayField(label=_("Expires after"), help_text=_("The last day. Empty: never."))
    rpm = forms.IntegerField(label=_("Requests per minute"), min_value=1, required=False)
    cap = UzsField(
        label=_("Spend cap, so'm"), required=False, help_text=_("Empty: only the wallet limits it.")
    )
    window = forms.TypedChoiceField(
        label=_("Cap counts"),
        choices=[(window.value, label) for window, label in WINDOWS.items()],
        coerce=lambda value: Window(int(value)),
        initial=Window.MONTH.value,
        required=False,
    )
    allowed_ips = forms.CharField(
        label=_("Allowed addresses"),
        widget=forms.Textarea(attrs={"rows": 2}),
        required=False,
        help_text=_("IP addresses or networks such as 203.0.113.0/24, one per line. Empty: any."),
    )
    scopes = forms.MultipleChoiceField(
        label=_("May be used for"),
        choices=SCOPES,
        widget=forms.CheckboxSelectMultiple,
        initial=[Scope.INFERENCE.value],
    )

    def __init__(self, caller: Caller, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        projects = Project.objects.filter(organization=caller.organization, archived_at=None)
        field = self.fields["project"]
        assert isinstance(field, forms.ModelChoiceField)
        field.queryset = projects.order_by("-is_default", "name")
        field.initial = field.queryset.first()
        ceiling = rpm_ceiling(caller.organization)
        self.fields["rpm"] = forms.IntegerField(
            label=_("Requests per minute"), min_value=1, max_value=ceiling, required=False
        )
        self.fields["rpm"].widget.attrs["placeholder"] = str(ceiling)
        if not caller.may(Power.MANAGE_KEYS):
            scopes = self.fields["scopes"]
            assert isinstance(scopes, forms.MultipleChoiceField)
            scopes.choices = [choice for choice in self.SCOPES if choice[0] != Scope.MANAGE]

    def clean_expires(self) -> datetime | None:
        day = self.cleaned_data["expires"]
        if day is None:
            return None
        if day < today():
            raise ValidationError(_("The last day can't lie in the past."))
        return datetime.combine(day, time(23, 59, 59), TASHKENT)

    def clean_allowed_ips(self) -> tuple[str, ...]:
        words = self.cleaned_data["allowed_ips"].replace(",", " ").split()
        for word in words:
            try:
                parse_network(word)
            except ValueError:
                raise ValidationError(
                    _("“%(word)s” is neither an address nor a network."), params={"word": word}
                ) from None
        return tuple(words)

    def clean_cap(self) -> int | None:
        micros: int | None = self.cleaned_data["cap"]
        if micros == 0:
            raise ValidationError(_("A cap of zero would refuse every call."))
        return micros

    def key_request(self) -> KeyRequest:
        """What the key may do."""
        data = self.cleaned_data
        return KeyRequest(
            name=data["name"],
            rpm=data["rpm"],
            allowed_ips=data["allowed_ips"],
            scopes=tuple(data["scopes"]),
            expires_at=data["expires"],
        )

    def spend_cap(self) -> SpendCap | None:
        micros = self.cleaned_data["cap"]
        window = self.cleaned_data["window"] or Window.MONTH
        return SpendCap(micros, window) if micros else None


class AmountForm(forms.Form):
    amount = UzsField(label=_("Amount, so'm"))

    def clean_amount(self) -> int:
        micros: int = self.cleaned_data["amount"]
        if not TOPUP_MICROS_MIN <= micros <= TOPUP_MICROS_MAX:
            raise ValidationError(
                _("Between %(least)s and %(most)s."),
                params={"least": uzs(TOPUP_MICROS_MIN), "most": uzs(TOPUP_MICROS_MAX)},
            )
        return micros


def first_limit_words(error: FirstTopUpLimit) -> str:
    """Why a first top-up is refused, and what to do, in the reader's language."""
    most = uzs(error.limit_micros)
    if error.waiting_micros:
        said = gettext(
            "Until your first top-up is credited, all open ones together are at most %(most)s."
            " %(waiting)s are open: pay or cancel them first."
        )
        return said % {"most": most, "waiting": uzs(error.waiting_micros)}
    said = gettext("A first top-up is at most %(most)s. Once it is credited, you can pay more.")
    return said % {"most": most}


class TopUpForm(AmountForm):
    reference = forms.CharField(
        label=_("Reference of the transfer"),
        max_length=100,
        help_text=_("The number of the payment order, or the name on the card it came from."),
    )


class PromoForm(forms.Form):
    code = forms.CharField(label=_("Promo code"), max_length=60)


class RefundForm(forms.Form):
    """How much of the paid balance, and where it goes. What is typed here is never shown again."""

    amount = UzsField(label=_("Amount, so'm"))
    holder = forms.CharField(label=_("Holder of the card or account"), max_length=150)
    account = forms.CharField(
        label=_("Card or account number"),
        max_length=40,
        help_text=_("16 digits of an Uzcard or Humo card, or 20 of a bank account."),
        widget=forms.TextInput(attrs={"inputmode": "numeric", "autocomplete": "off"}),
    )
    mfo = forms.RegexField(
        r"^[0-9]{5}$",
        label=_("MFO of the bank"),
        required=False,
        help_text=_("5 digits; for an account, not for a card."),
        widget=forms.TextInput(attrs={"inputmode": "numeric", "autocomplete": "off", "maxlength": "5"}),
    )
    reason = forms.CharField(label=_("Reason"), max_length=300, required=False)

    def __init__(self, refundable_micros: int, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.refundable = refundable_micros

    def clean_amount(self) -> int:
        micros: int = self.cleaned_data["amount"]
        if not 0 < micros <= self.refundable:
            raise ValidationError(_("At most %(most)s."), params={"most": uzs(self.refundable)})
        if micros % MICROS_PER_TIYIN:
            raise ValidationError(_("A tiyin is the smallest amount that can be paid."))
        return micros

    def clean_account(self) -> str:
        digits = "".join(self.cleaned_data["account"].split())
        if not (digits.isascii() and digits.isdecimal() and len(digits) in (16, 20)):
            raise ValidationError(_("Write the 16 digits of a card or the 20 of an account."))
        return digits

    def clean(self) -> dict[str, Any]:
        said: dict[str, Any] = super().clean() or self.cleaned_data
        if len(said.get("account", "")) == 20 and not said.get("mfo") and "mfo" not in self.errors:
            self.add_error("mfo", _("An account needs the MFO of its bank."))
        return said

    def bank(self) -> BankDetails:
        """Where the money goes."""
        data = self.cleaned_data
        return BankDetails(data["holder"], data["account"], data["mfo"])


class PayForm(AmountForm):
    """An amount to pay at a provider's page."""

    provider = forms.ChoiceField(label=_("Pay with"), widget=forms.RadioSelect)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.channels = online()
        field = self.fields["provider"]
        assert isinstance(field, forms.ChoiceField)
        field.choices = [(channel.value, channel.label) for channel in self.channels]
        field.initial = self.channels[0].value if self.channels else None

    def clean_amount(self) -> int:
        micros = super().clean_amount()
        if micros % MICROS_PER_TIYIN:
            raise ValidationError(_("A tiyin is the smallest amount that can be paid."))
        return micros

    def channel(self) -> Channel:
        return Channel(self.cleaned_data["provider"])


class ModelsForm(forms.Form):
    q = forms.CharField(
        label=_("Search"),
        required=False,
        max_length=100,
        widget=forms.TextInput(attrs={"type": "search", "placeholder": "gpt, llama, gemini…"}),
    )
    modality = forms.ChoiceField(
        label=_("Kind"), choices=[("", _("All kinds")), *MODALITIES.items()], required=False
    )
    free = forms.BooleanField(label=_("Free only"), required=False)


class PriceAlertForm(forms.Form):
    """So'm per million output tokens."""

    below = UzsField(label=_("Output price below, so'm per 1M tokens"))

    def clean_below(self) -> int:
        """Raises ValidationError for nothing at all."""
        below: int = self.cleaned_data["below"]
        if below <= 0:
            raise ValidationError(_("Write an amount in so'm, such as 50000 or 1500.25."))
        return below
