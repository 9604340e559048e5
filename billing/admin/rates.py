"""Exchange rates and markups: dated rows that an operator adds."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from accounts.read_only import AddOnlyAdmin, ReadOnlyAdmin
from billing.models import FxRate, FxReading, Markup
from billing.money import exact_uzs
from billing.rates import set_markup


@admin.register(FxRate)
class FxRateAdmin(ReadOnlyAdmin):
    """What was and is in force; a change is proposed (see proposals)."""

    list_display = ("date", "source", "so_m", "author", "reason", "ends_manual", "created_at")
    list_filter = ("source",)

    @admin.display(description=_("so'm for one dollar"), ordering="micros_per_usd")
    def so_m(self, rate: FxRate) -> str:
        return exact_uzs(rate.micros_per_usd)


@admin.register(FxReading)
class FxReadingAdmin(ReadOnlyAdmin):
    list_display = ("last_seen_at", "outcome", "date", "so_m", "detail", "first_seen_at")
    list_filter = ("outcome",)

    @admin.display(description=_("so'm for one dollar"), ordering="micros_per_usd")
    def so_m(self, reading: FxReading) -> str:
        return "–" if reading.micros_per_usd is None else exact_uzs(reading.micros_per_usd)


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
