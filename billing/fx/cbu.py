"""What the Central Bank of Uzbekistan says a dollar costs: its JSON, read and doubted. Pure.

An array also for one currency; Rate and Nominal are strings, Date is dd.mm.yyyy, and `id` is not stable
(source: cbu.uz, "For webmasters"). The bank publishes for its next business day, so a rate may be of a day to
come.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Final

from billing.money import MICROS_PER_UZS, NotAnAmount, half_up, parse_uzs

BODY_MAX: Final = 64 * 1024
MICROS_MIN, MICROS_MAX = 5_000 * MICROS_PER_UZS, 50_000 * MICROS_PER_UZS
AHEAD_DAYS_MAX: Final = 10  # holidays in a row; what is dated later is an error

_DATE = re.compile(r"([0-9]{2})\.([0-9]{2})\.([0-9]{4})")
_NOMINAL = re.compile(r"[1-9][0-9]{0,6}")
_RATE = re.compile(r"[0-9]{1,9}(\.[0-9]{1,6})?")


class NotARate(ValueError):
    """The answer is no rate that could be true."""


@dataclass(frozen=True, slots=True)
class Quote:
    """The price of one unit of a currency from a date on, in micros."""

    date: date
    micros: int


def parse(body: bytes, currency: str = "USD") -> Quote:
    """The newest quote of this currency. Raises NotARate."""
    if len(body) > BODY_MAX:
        raise NotARate("the answer is too long")
    try:
        rows = json.loads(body, parse_float=str, parse_int=str)
    except (ValueError, RecursionError):
        raise NotARate("the answer is no JSON") from None
    if not isinstance(rows, list):
        raise NotARate("the answer is no list")
    quotes = [_quote(row) for row in rows if isinstance(row, dict) and row.get("Ccy") == currency]
    if not quotes:
        raise NotARate(f"there is no {currency} in the answer")
    newest = max(quotes, key=lambda quote: quote.date)
    if any(quote.date == newest.date and quote.micros != newest.micros for quote in quotes):
        raise NotARate(f"there are two rates of {newest.date}")
    return newest


def plausible(quote: Quote, today: date) -> Quote:
    """The same quote of a dollar, if it can be true. Raises NotARate."""
    if not MICROS_MIN < quote.micros < MICROS_MAX:
        raise NotARate(f"{quote.micros} micros for a dollar is out of bounds")
    if quote.date > today + timedelta(days=AHEAD_DAYS_MAX):
        raise NotARate(f"{quote.date} is too far ahead")
    return quote


def _quote(row: Mapping[str, Any]) -> Quote:
    nominal, rate = str(row.get("Nominal")), str(row.get("Rate"))
    if not _NOMINAL.fullmatch(nominal):
        raise NotARate(f"a nominal of {nominal[:20]!r}")
    if not _RATE.fullmatch(rate):
        raise NotARate(f"a rate of {rate[:20]!r}")
    try:
        micros = half_up(parse_uzs(rate), int(nominal))
    except NotAnAmount:
        raise NotARate(f"a rate of {rate[:20]!r}") from None
    return Quote(_date(str(row.get("Date"))), micros)


def _date(text: str) -> date:
    match = _DATE.fullmatch(text)
    if match is None:
        raise NotARate(f"a date of {text[:20]!r}")
    day, month, year = (int(part) for part in match.groups())
    try:
        return date(year, month, day)
    except ValueError:
        raise NotARate(f"a date of {text!r}") from None
