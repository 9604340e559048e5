"""The small chart of a hosted model's price on its card: steps, open where nothing is known. Pure.

Prices are micros per 10^6 output tokens.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

HIGH: Final = 100  # units of the drawing
_EDGE: Final = 4  # kept free above and below, so that the line isn't cut


@dataclass(frozen=True, slots=True)
class Spark:
    """path: of an SVG, `width` × HIGH. least, most: of the prices that are known."""

    path: str
    width: int
    least: int
    most: int
    height: int = HIGH


def spark(prices: Sequence[int | None]) -> Spark | None:
    """None where no price is known at all."""
    known = [price for price in prices if price is not None]
    if not known:
        return None
    least, most = min(known), max(known)
    moves: list[str] = []
    before: int | None = None
    for place, price in enumerate(prices):
        if price is None:
            before = None
            continue
        y = _y(price, least, most)
        moves.append(f"V{y}H{place + 1}" if before is not None else f"M{place} {y}H{place + 1}")
        before = price
    return Spark("".join(moves), len(prices), least, most)


def _y(price: int, least: int, most: int) -> int:
    """The dearest at the top; a price that never moved lies in the middle."""
    if least == most:
        return HIGH // 2
    return HIGH - _EDGE - (price - least) * (HIGH - 2 * _EDGE) // (most - least)
