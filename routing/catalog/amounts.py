"""USD prices as catalog files write them, to and from nano-USD per 10^6 units; exact.

What is wrong with a price is said in the language in force: operators type them too.
"""

import re
from decimal import ROUND_HALF_UP, Decimal, localcontext
from typing import Final

from django.utils.translation import gettext as _

# Prices of these are written per single unit, all others per million (tokens, characters).
PER_UNIT: Final = frozenset({"image", "second", "request"})
_PRICE: Final = re.compile(r"\d{1,12}(\.\d{1,18})?", re.ASCII)
# So'm micros per 10^6 units must fit 64 bits at any rate and markup that we can imagine.
_NANO_MAX: Final = 10**17
# What a JavaScript writes for a number: plain, or a short negative power of ten.
_EACH: Final = re.compile(r"\d{1,12}(\.\d{1,40})?([eE]-\d{1,2})?", re.ASCII)
_BPS: Final = 10_000


def _scale(component: str) -> int:
    return 10**15 if component in PER_UNIT else 10**9


def to_nano(component: str, text: str) -> int:
    """Nano-USD per 10^6 units of a USD price; ValueError says what is wrong with it."""
    if not _PRICE.fullmatch(text):
        raise ValueError(_("'%s' is not a price: write a decimal number such as \"2.50\"") % text)
    nano = Decimal(text) * _scale(component)
    if nano != int(nano):
        raise ValueError(_("'%s' is finer than a nano-dollar") % text)
    if nano > _NANO_MAX:
        raise ValueError(_("'%s' is too high for a price") % text)
    return int(nano)


def from_nano(component: str, nano: int) -> str:
    """The shortest exact USD price with at least two decimals."""
    text = format(Decimal(nano) / _scale(component), "f")
    whole, _, rest = text.partition(".")
    return f"{whole}.{rest.rstrip('0').ljust(2, '0')}"


def each_to_nano(text: str, fee_bps: int = 0) -> int:
    """Nano-USD per 10^6 units of a USD price for one unit ("0.0000025"), plus a fee in basis points.

    Rounded half up to the nano once, at the end. ValueError says what is wrong with it.
    """
    if not _EACH.fullmatch(text):
        raise ValueError(f"'{text[:40]}' is not a price")
    with localcontext(prec=100):  # no digit of such a text is lost
        exact = Decimal(text) * 10**15 * (_BPS + fee_bps) / Decimal(_BPS)
        nano = int(exact.to_integral_value(ROUND_HALF_UP))
    if nano > _NANO_MAX:
        raise ValueError(f"'{text[:40]}' is too high for a price")
    return nano


def from_nano_each(nano: int) -> str:
    """The USD price of one unit, exact: the inverse of each_to_nano() without a fee."""
    return format(Decimal(nano) / 10**15, "f")
