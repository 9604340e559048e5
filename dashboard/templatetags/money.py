"""Money for readers. Input is always whole micros (10^-6 UZS); no float is ever made of them."""

from decimal import ROUND_HALF_UP, Decimal

from django import template
from django.utils.formats import number_format
from django.utils.translation import get_language

register = template.Library()

UNIT = {"uz": "soʻm", "ru": "сум", "en": "UZS"}
SOM = 1_000_000  # micros
NO_BREAK = "\N{NO-BREAK SPACE}"


def decimals(micros: int) -> int:
    """Two, or as many as a cost under one so'm needs (six at most)."""
    if micros == 0 or abs(micros) >= SOM:
        return 2
    return max(2, len(f"{abs(micros):06d}".rstrip("0")))


@register.filter
def plain_uzs(micros: int | None) -> str:
    """Grouped so'm without the unit, for columns that name it in their heading."""
    if micros is None:
        return "–"
    places = decimals(micros)
    amount = Decimal(micros).scaleb(-6).quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP)
    return number_format(amount, places, use_l10n=True, force_grouping=True)


@register.simple_tag
def som_unit() -> str:
    return UNIT.get((get_language() or "en")[:2], UNIT["en"])


@register.filter
def uzs(micros: int | None) -> str:
    """Grouped so'm with the unit of the reader's language: 1 234,50 soʻm."""
    if micros is None:
        return "–"
    return f"{plain_uzs(micros)}{NO_BREAK}{som_unit()}"


@register.filter
def signed_uzs(micros: int) -> str:
    """A movement: +1 234,50 came in, −0,0012 went out."""
    sign = "+" if micros > 0 else "\N{MINUS SIGN}"
    return f"{sign}{plain_uzs(abs(micros))}"


@register.filter
def signed_percent(bps: int) -> str:
    """A change: −1.2 %, +0.35 %, 0 %."""
    sign = "+" if bps > 0 else "\N{MINUS SIGN}" if bps < 0 else ""
    return f"{sign}{percent(abs(bps))}"


@register.filter
def percent(bps: int) -> str:
    """Basis points as per cent: 500 → 5 %, 1250 → 12.5 %."""
    share = (Decimal(bps) / 100).normalize()
    places = max(0, -int(share.as_tuple().exponent))
    return f"{number_format(share, places)}{NO_BREAK}%"
