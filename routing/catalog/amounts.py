"""USD prices as catalog files write them, to and from nano-USD per 10^6 units. Pure and exact."""

import re
from decimal import Decimal
from typing import Final

# Prices of these are written per single unit, all others per million (tokens, characters).
_PER_UNIT: Final = frozenset({"image", "second", "request"})
_PRICE: Final = re.compile(r"\d{1,12}(\.\d{1,18})?", re.ASCII)
# So'm micros per 10^6 units must fit 64 bits at any rate and markup that we can imagine.
_NANO_MAX: Final = 10**17


def _scale(component: str) -> int:
    return 10**15 if component in _PER_UNIT else 10**9


def to_nano(component: str, text: str) -> int:
    """Nano-USD per 10^6 units of a USD price; ValueError says what is wrong with it."""
    if not _PRICE.fullmatch(text):
        raise ValueError(f"'{text}' is not a price: write a decimal number such as \"2.50\"")
    nano = Decimal(text) * _scale(component)
    if nano != int(nano):
        raise ValueError(f"'{text}' is finer than a nano-dollar")
    if nano > _NANO_MAX:
        raise ValueError(f"'{text}' is too high for a price")
    return int(nano)


def from_nano(component: str, nano: int) -> str:
    """The shortest exact USD price with at least two decimals."""
    text = format(Decimal(nano) / _scale(component), "f")
    whole, _, rest = text.partition(".")
    return f"{whole}.{rest.rstrip('0').ljust(2, '0')}"
