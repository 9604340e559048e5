"""Exchange rates and markups: dated rows that two operators add."""

from django.contrib import admin
from django.utils.translation import gettext_lazy as _

from accounts.read_only import ReadOnlyAdmin
from billing.admin.amounts import full_uzs
from billing.models import FxRate, FxReading, Markup


@admin.register(FxRate)
class FxRateAdmin(ReadOnlyAdmin):
    """What was and is in force; a change is proposed (see proposals)."""

    list_display = ("date", "source", "so_m", "author", "reason", "ends_manual", "created_at")
    list_filter = ("source",)

    @admin.display(description=_("so'm for one dollar"), ordering="micros_per_usd")
    def so_m(self, rate: FxRate) -> str:
        return full_uzs(rate.micros_per_usd)


@admin.register(FxReading)
class FxReadingAdmin(ReadOnlyAdmin):
    list_display = ("last_seen_at", "outcome", "date", "so_m", "detail", "first_seen_at")
    list_filter = ("outcome",)

    @admin.display(description=_("so'm for one dollar"), ordering="micros_per_usd")
    def so_m(self, reading: FxReading) -> str:
        return "–" if reading.micros_per_usd is None else full_uzs(reading.micros_per_usd)


@admin.register(Markup)
class MarkupAdmin(ReadOnlyAdmin):
    """What was and is in force; a change is proposed (see proposals)."""

    list_display = ("kind", "percent", "author", "reason", "created_at")
    list_filter = ("kind",)

    @admin.display(description=_("markup"), ordering="bps")
    def percent(self, markup: Markup) -> str:
        return percent_of(markup.bps)


def percent_of(bps: int) -> str:
    """Basis points for people: 5.25 %."""
    whole, hundredths = divmod(bps, 100)
    return f"{whole}.{hundredths:02d} %"
