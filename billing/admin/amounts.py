"""Amounts as operators read them: groups and decimals as their language parts them."""

from django.utils.formats import get_format

from billing import money


def format_uzs(micros: int, decimals: int = 2) -> str:
    """money.format_uzs for pages: "1 500,25" in Uzbek and in Russian, "1,500.25" in English."""
    return _written(money.format_uzs(micros, decimals))


def full_uzs(micros: int) -> str:
    """money.full_uzs for pages."""
    return _written(money.full_uzs(micros))


def _written(amount: str) -> str:
    parts = {"\N{NO-BREAK SPACE}": "THOUSAND_SEPARATOR", ".": "DECIMAL_SEPARATOR"}
    return amount.translate({ord(mark): str(get_format(name)) for mark, name in parts.items()})
