"""Numbers and moments as readers write them, for pages that show hundreds of each.

Django's number_format and date_format say the same of everything that exists, at five to ten times the work.
"""

from datetime import datetime
from functools import lru_cache
from typing import Final

from django.utils.formats import date_format, get_format, number_format
from django.utils.translation import get_language

# Letters of Django's date filter that are the same digits in every language, and strftime's for them.
_DIGITS: Final = {"d": "%d", "j": "%-d", "m": "%m", "Y": "%Y", "H": "%H", "i": "%M", "s": "%S"}
_ENGLISH: Final = {"M": "%b"}  # this process has no locale of its own


def grouped(number: int) -> str:
    """128000 → 128 000 in the reader's way."""
    language = get_language()
    if get_format("NUMBER_GROUPING", language) != 3:
        return number_format(number, 0, force_grouping=True)
    return f"{number:,}".replace(",", str(get_format("THOUSAND_SEPARATOR", language)))


def with_decimals(whole: int, digits: str) -> str:
    """1234 and "50" → 1 234,50: a number of so many whole ones, with these digits after its point."""
    return f"{grouped(whole)}{decimal_point()}{digits}"


def decimal_point() -> str:
    """What stands before decimals in the reader's language."""
    return str(get_format("DECIMAL_SEPARATOR", get_language()))


def percent(number: str) -> str:
    """12.5 → 12.5 % in the reader's way: English leaves no space before the sign."""
    return f"{number}%" if (get_language() or "en").startswith("en") else f"{number}\N{NO-BREAK SPACE}%"


def moment(at: datetime, form: str) -> str:
    """A local moment in a form of Django's date filter."""
    quick = _strftime(form, english=(get_language() or "en").startswith("en"))
    return at.strftime(quick) if quick else date_format(at, form)


@lru_cache
def _strftime(form: str, *, english: bool) -> str:
    """The same for strftime; '' where words of another language are in it, or the name of a format."""
    letters = _DIGITS | _ENGLISH if english else _DIGITS
    known = all(letter in letters or not (letter.isalnum() or letter in "\\%_") for letter in form)
    return "".join(letters.get(letter, letter) for letter in form) if known else ""
