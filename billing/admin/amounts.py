"""Amounts as operators read them: the decimals after their language's point."""

from django.utils.formats import get_format

from billing import money


def format_uzs(micros: int, decimals: int = 2) -> str:
    """money.format_uzs for pages: "1 500,25" in Uzbek and in Russian."""
    return money.format_uzs(micros, decimals).replace(".", str(get_format("DECIMAL_SEPARATOR")))


def full_uzs(micros: int) -> str:
    """money.full_uzs for pages."""
    return money.full_uzs(micros).replace(".", str(get_format("DECIMAL_SEPARATOR")))
