"""Exchange rates and markups: dated rows that two operators add."""

from collections.abc import Mapping
from typing import Any, Final

from django.contrib import admin
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from accounts.read_only import ReadOnlyAdmin
from billing.admin.amounts import full_uzs
from billing.models import FxRate, FxReading, Markup
from billing.money import percent

# Of what the catalog's endpoints name; an operator may add a kind that has no words here.
_KINDS: Final[Mapping[str, Promise]] = {
    "routing_fee": _("routing fee"),
    "margin": _("margin on models bought in"),
    "hosted": _("margin of our own sites"),
    "fx": _("exchange margin"),
}


# What our own code gives as a reason; an operator's is told as it was typed.
_REASONS: Final[Mapping[str, Promise]] = {
    "the Central Bank's of that day": _("the Central Bank's of that day"),
    "a step over 5 %": _("a step over 5%"),
}


def reason_words(reason: str) -> str:
    """A reason in the operator's language, if it is one of ours."""
    return str(_REASONS.get(reason, reason))


def kind_words(kind: str) -> str:
    """What a kind of markup is for, beside the name that endpoints and proposals go by."""
    return f"{_KINDS[kind]} ({kind})" if kind in _KINDS else kind


class KindFilter(admin.AllValuesFieldListFilter):
    def choices(self, changelist: Any) -> Any:
        for choice in super().choices(changelist):
            yield choice | {"display": kind_words(str(choice["display"]))}


@admin.register(FxRate)
class FxRateAdmin(ReadOnlyAdmin):
    """What was and is in force; a change is proposed (see proposals)."""

    list_display = ("date", "source", "so_m", "author", "why", "ends_manual", "created_at")
    list_filter = ("source",)
    fields = list_display

    @admin.display(description=_("so'm for one dollar"), ordering="micros_per_usd")
    def so_m(self, rate: FxRate) -> str:
        return full_uzs(rate.micros_per_usd)

    @admin.display(description=_("reason"), ordering="reason")
    def why(self, rate: FxRate) -> str:
        return reason_words(rate.reason) or "–"


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

    list_display = ("of", "share", "author", "reason", "created_at")
    list_filter = (("kind", KindFilter),)
    fields = ("of", "share", "author", "reason", "created_at")

    @admin.display(description=_("kind"), ordering="kind")
    def of(self, markup: Markup) -> str:
        return kind_words(markup.kind)

    @admin.display(description=_("markup"), ordering="bps")
    def share(self, markup: Markup) -> str:
        return percent(markup.bps)
