"""What operators type about sites, what runs there, and prices of others. Changes have a reason."""

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, ClassVar, Final

from django import forms
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from routing.catalog.amounts import to_nano
from routing.energy.models import BenchmarkPrice, DataCentre, Hosting

OVERRIDE_MAX: Final = timedelta(days=31)
REASON_MAX: Final = 500


class ReasonedForm(forms.ModelForm):  # type: ignore[type-arg]
    """A change is written down as before → after, with why."""

    reason = forms.CharField(
        max_length=REASON_MAX,
        label=gettext_lazy("Reason"),
        help_text=gettext_lazy("Kept in the log with what was before."),
        widget=forms.TextInput(attrs={"size": 80}),
    )

    def told(self) -> str:
        """What has changed and why, for the audit."""
        names = [name for name in self.changed_data if name != "reason"]
        changes = [f"{name} {_plain(self.initial.get(name))} → {_plain(self._now(name))}" for name in names]
        return f"{'; '.join(changes) or 'nothing changed'}: {self.cleaned_data['reason']}"

    def _now(self, name: str) -> object:
        return getattr(self.instance, name, None)


class SiteForm(ReasonedForm):
    """A data centre. A price by hand has an end, and lasts a month at most."""

    class Meta:
        model = DataCentre
        exclude: ClassVar[list[str]] = ["override_reason"]

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        usd, until = cleaned.get("override_usd"), cleaned.get("override_until")
        if "override_usd" in self.changed_data or "override_until" in self.changed_data:
            self._check(usd, until)
        if usd is None:
            cleaned["override_until"] = None
        self._check_bounds(cleaned)
        return cleaned

    def _check(self, usd: Decimal | None, until: datetime | None) -> None:
        now = timezone.now()
        if usd is not None and usd < 0:
            self.add_error("override_usd", _("A price by hand is 0 or more."))
        if usd is not None and (until is None or not now < until <= now + OVERRIDE_MAX):
            self.add_error("override_until", _("A price by hand ends within 31 days."))

    def _check_bounds(self, cleaned: dict[str, Any]) -> None:
        floor, ceiling = cleaned.get("floor_usd"), cleaned.get("ceiling_usd")
        if floor is not None and floor < 0:
            self.add_error("floor_usd", _("Nobody is paid for tokens: 0 or more."))
        if floor is not None and ceiling is not None and ceiling <= floor:
            self.add_error("ceiling_usd", _("The ceiling is above the floor."))

    def save(self, commit: bool = True) -> Any:
        """The reason of a price by hand stays with it, for everybody who looks at the site."""
        moved = "override_usd" in self.changed_data or "override_until" in self.changed_data
        if self.instance.override_usd is None:
            self.instance.override_reason = ""
        elif moved or not self.instance.override_reason:
            self.instance.override_reason = self.cleaned_data["reason"]
        return super().save(commit)


class HostingForm(ReasonedForm):
    class Meta:
        model = Hosting
        exclude: ClassVar[list[str]] = []


class BenchmarkForm(forms.ModelForm):  # type: ignore[type-arg]
    """A price as somebody publishes it, in USD for a million tokens."""

    input_usd = forms.CharField(label=gettext_lazy("Input, USD per million"))
    output_usd = forms.CharField(label=gettext_lazy("Output, USD per million"))

    class Meta:
        model = BenchmarkPrice
        fields: ClassVar[list[str]] = ["model", "provider", "quantization", "url", "seen_at"]

    def clean_input_usd(self) -> int:
        return self._nano("input")

    def clean_output_usd(self) -> int:
        return self._nano("output")

    def clean_seen_at(self) -> Any:
        seen = self.cleaned_data["seen_at"]
        if seen > timezone.localdate():
            raise forms.ValidationError(_("Nobody has seen tomorrow's prices."))
        return seen

    def save(self, commit: bool = True) -> Any:
        self.instance.input_nano = self.cleaned_data["input_usd"]
        self.instance.output_nano = self.cleaned_data["output_usd"]
        return super().save(commit)

    def _nano(self, component: str) -> int:
        try:
            return to_nano(component, str(self.cleaned_data[f"{component}_usd"]).strip())
        except ValueError as error:
            raise forms.ValidationError(str(error)) from error


def _plain(value: object) -> str:
    if value is None or value == "":
        return "–"
    if isinstance(value, Decimal):
        return format(value.normalize(), "f")
    return f"{value:%Y-%m-%d %H:%M} UTC" if isinstance(value, datetime) else str(value)
