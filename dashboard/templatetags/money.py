"""Money for readers. Input is always whole micros (10^-6 UZS); no float is ever made of them."""

from decimal import Decimal
from functools import lru_cache

from django import template
from django.utils.formats import number_format
from django.utils.translation import get_language

from dashboard import digits

register = template.Library()

UNIT = {"uz": "soʻm", "ru": "сум", "en": "UZS"}
SOM = 1_000_000  # micros
NO_BREAK = "\N{NO-BREAK SPACE}"
_PLACES = 2


@register.filter
def plain_uzs(micros: int | None) -> str:
    """Grouped so'm without the unit, for columns that name it in their heading.

    Two decimals, or as many as a cost under one so'm needs (six at most).
    """
    if micros is None:
        return "–"
    sign, size = ("-" if micros < 0 else ""), abs(micros)
    if 0 < size < SOM:
        return sign + digits.with_decimals(0, f"{size:06d}".rstrip("0").ljust(_PLACES, "0"))
    whole, rest = divmod((size + 5_000) // 10_000, 100)  # half up
    return sign + digits.with_decimals(whole, f"{rest:02d}")


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
    return _percent(bps, get_language())


@lru_cache(maxsize=4096)
def _percent(bps: int, _language: str | None) -> str:
    share = (Decimal(bps) / 100).normalize()
    places = max(0, -int(share.as_tuple().exponent))
    return digits.percent(number_format(share, places))
