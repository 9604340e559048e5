"""Amounts. The unit is the micro: 10⁻⁶ UZS, an int named `…_micros`; 1 tiyin is 10,000 of them.

Pure: no Django, no database. Nothing here takes or gives a float.
"""

import re

MICROS_PER_UZS = 1_000_000
MICROS_PER_TIYIN = 10_000
BPS_MAX = 100_000  # of a markup: ten times the price
MICROS_MAX = 9_000_000_000_000_000_000  # the most a wallet can hold; fits bigint with room to spare

_PLAIN = re.compile(r"([0-9]{1,13})(?:\.([0-9]{1,6}))?")
_GROUPS = " _\u00a0\u202f"


class NotAnAmount(ValueError):
    """The text is no plain non-negative amount of so'm with at most six decimals."""


def half_up(numerator: int, denominator: int) -> int:
    """numerator / denominator rounded to the nearest integer, halves up. Both non-negative."""
    return (2 * numerator + denominator) // (2 * denominator)


def ceil_div(numerator: int, denominator: int) -> int:
    """numerator / denominator rounded up."""
    return -(-numerator // denominator)


def percent(bps: int) -> str:
    """Basis points for people: 5.25 %."""
    whole, hundredths = divmod(bps, 100)
    return f"{whole}.{hundredths:02d} %"


def parse_uzs(text: str) -> int:
    """Micros of an amount written in so'm: "1500", "1 500.25". No sign, exponent, or more decimals than six.

    Raises NotAnAmount.
    """
    match = _PLAIN.fullmatch(text.strip().translate({ord(c): None for c in _GROUPS}))
    if match is None:
        raise NotAnAmount(f"{text!r} is not an amount in so'm such as 1500 or 1500.25")
    whole, decimals = match.groups()
    micros = int(whole) * MICROS_PER_UZS + int((decimals or "").ljust(6, "0"))
    if micros > MICROS_MAX:
        raise NotAnAmount(f"{text} so'm is more than a wallet can hold")
    return micros


def format_uzs(micros: int, decimals: int = 2) -> str:
    """So'm with groups of three, cut to `decimals` places towards zero: never more than there is."""
    whole, rest = divmod(abs(micros), MICROS_PER_UZS)
    shown = f"{rest:06d}"[:decimals]
    sign = "-" if micros < 0 and (whole or int(shown or "0")) else ""
    return f"{sign}{whole:,}".replace(",", "\u00a0") + (f".{shown}" if decimals else "")


def full_uzs(micros: int) -> str:
    """So'm with groups of three and every decimal there is, two at least: "1 500.00", "0.000001"."""
    return format_uzs(micros, max(2, len(f"{abs(micros) % MICROS_PER_UZS:06d}".rstrip("0"))))


def exact_uzs(micros: int) -> str:
    """So'm with every decimal there is and no grouping: "0.000001", "12.5", "3"."""
    whole, rest = divmod(abs(micros), MICROS_PER_UZS)
    decimals = f"{rest:06d}".rstrip("0")
    return f"{'-' if micros < 0 else ''}{whole}" + (f".{decimals}" if decimals else "")
