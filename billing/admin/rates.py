"""Exchange rates and markups: dated rows that an operator adds."""

from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from billing.admin.add_only import AddOnlyAdmin
from billing.errors import RateJump
from billing.models import FxRate, Markup
from billing.money import NotAnAmount, exact_uzs, parse_uzs
from billing.rates import check_jump, last_manual_rate, set_manual_rate, set_markup


class FxRateForm(forms.ModelForm):  # type: ignore[type-arg]
    rate = forms.CharField(label=_("so'm for one dollar"), max_length=20)
    confirmed = forms.BooleanField(
        label=_("I have checked this rate"),
        required=False,
        help_text=_("needed if it differs by more than five per cent from the last one"),
    )

    class Meta:
        model = FxRate
        fields = ("date", "reason")

    def clean_rate(self) -> int:
        try:
            micros = parse_uzs(self.cleaned_data["rate"])
        except NotAnAmount as error:
            raise forms.ValidationError(str(error)) from error
        if not micros:
            raise forms.ValidationError(_("A rate is more than zero."))
        return micros

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        last = last_manual_rate()
        if last and cleaned.get("rate") and not cleaned.get("confirmed"):
            try:
                check_jump(last, cleaned["rate"])
            except RateJump as error:
                self.add_error("confirmed", str(error))
        return cleaned


@admin.register(FxRate)
class FxRateAdmin(AddOnlyAdmin):
    form = FxRateForm
    list_display = ("date", "source", "so_m", "author", "reason", "created_at")
    list_filter = ("source",)

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        return {"date": timezone.localdate()}

    def save_model(self, request: HttpRequest, obj: FxRate, form: Any, change: bool) -> None:
        said = form.cleaned_data
        obj.pk = set_manual_rate(
            said["rate"], said["date"], _author(request), said["reason"], confirmed=said["confirmed"]
        )

    @admin.display(description=_("so'm for one dollar"), ordering="micros_per_usd")
    def so_m(self, rate: FxRate) -> str:
        return exact_uzs(rate.micros_per_usd)


@admin.register(Markup)
class MarkupAdmin(AddOnlyAdmin):
    fields = ("kind", "bps", "reason")
    list_display = ("kind", "percent", "author", "reason", "created_at")
    list_filter = ("kind",)

    def save_model(self, request: HttpRequest, obj: Markup, form: Any, change: bool) -> None:
        obj.pk = set_markup(obj.kind, obj.bps, _author(request), obj.reason)

    @admin.display(description=_("markup"), ordering="bps")
    def percent(self, markup: Markup) -> str:
        whole, hundredths = divmod(markup.bps, 100)
        return f"{whole}.{hundredths:02d} %"


def _author(request: HttpRequest) -> str:
    assert isinstance(request.user, User)
    return str(request.user.email)
