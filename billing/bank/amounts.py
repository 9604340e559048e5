"""Amounts as banks and people write them, exactly: 1.000.000,00, 1 100.90, 351 750.00, 2000.

Pure. Nothing here takes or gives a float but a spreadsheet's number, which is read by its decimal digits.
"""

import re
from decimal import Decimal

from billing.money import MICROS_PER_TIYIN, MICROS_PER_UZS

_SPACES = dict.fromkeys(map(ord, " \t\u00a0\u202f\u2009'’"))
_UNIT = re.compile(r"(?:UZS|SUM|SO[ʻ'‘’`]?M|СУМ|СЎМ)\.?$", re.IGNORECASE)
_SPACED = re.compile(r"[0-9]{1,3}(?:[ \u00a0\u202f\u2009'’][0-9]{3})+|[0-9]+")
_DIGITS_MAX = 13  # of whole so'm


class BadAmount(ValueError):
    """The text is no amount of so'm with at most two decimals, or it could be read in two ways."""


def parse_amount(text: str) -> int:
    """Micros of an amount as a bank wrote it; negative behind a minus sign. Raises BadAmount.

    A single dot or comma before exactly three digits groups thousands: nobody writes thousandths of a so'm.
    """
    bare = _UNIT.sub("", text.strip()).strip()
    sign = -1 if bare[:1] in ("-", "−", "–") else 1
    if bare[:1] in ("-", "−", "–", "+"):
        bare = bare[1:].strip()
    whole, decimals = _split(bare)
    digits = _ungrouped(whole)
    if not digits or len(digits) > _DIGITS_MAX:
        raise BadAmount(text)
    return sign * (int(digits) * MICROS_PER_UZS + int(decimals.ljust(2, "0") or "0") * MICROS_PER_TIYIN)


def amount_of_cell(value: str | int | float | Decimal | None) -> int:
    """Micros of a spreadsheet's cell, number or text. Raises BadAmount."""
    if isinstance(value, str):
        return parse_amount(value)
    if isinstance(value, bool) or value is None:
        raise BadAmount(str(value))
    amount = Decimal(str(value))  # a number's shortest digits are what the bank wrote
    if not amount.is_finite() or abs(amount) >= 10**_DIGITS_MAX or amount * 100 % 1:
        raise BadAmount(str(value))
    return int(amount * 100) * MICROS_PER_TIYIN


def _split(text: str) -> tuple[str, str]:
    """The whole part, still grouped, and no, one or two decimals."""
    marks = [mark for mark in ".," if mark in text]
    if not marks:
        return text, ""
    last = max(marks, key=text.rindex)
    whole, _, decimals = text.rpartition(last)
    if not decimals.isascii() or not decimals.isdigit():
        raise BadAmount(text)
    if len(decimals) <= 2 and last not in whole:
        return whole, decimals
    if len(marks) == 1 and len(decimals) == 3:
        return text, ""  # all of them group
    raise BadAmount(text)


def _ungrouped(whole: str) -> str:
    """The digits, if groups are of three and by one sign."""
    for mark in ".,":
        if mark in whole:
            groups = whole.split(mark)
            is_grouped = 1 <= len(groups[0]) <= 3 and all(len(group) == 3 for group in groups[1:])
            if not is_grouped or not all(group.isascii() and group.isdigit() for group in groups):
                raise BadAmount(whole)
            return "".join(groups)
    if not _SPACED.fullmatch(whole):
        raise BadAmount(whole)
    return whole.translate(_SPACES)
