"""A market's jumps, evened out: an average that forgets by time, so that a gap counts as what it is. Pure.

Prices are USD per MWh. What is returned is rounded to the six decimals that are stored, so that ticks through
the database and a replay in memory come to the same digit.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from functools import lru_cache
from typing import Final, NamedTuple

HALF_LIFE: Final = timedelta(minutes=15)
STEP_MAX_USD: Final = Decimal(50)  # how far a tick may move it
_STORED: Final = Decimal("0.000001")


class Point(NamedTuple):
    """A published price of the interval that ends then."""

    end: datetime
    usd: Decimal


class Smoothed(NamedTuple):
    """The average after the interval that ended then. newest_usd: that interval's own price."""

    end: datetime
    usd: Decimal
    newest_usd: Decimal


def smooth(before: Smoothed | None, points: Iterable[Point]) -> Smoothed | None:
    """One tick: the points that ended later than `before`, oldest first, folded in.

    Without a new point nothing changes; the first point ever is taken as it is. All points of a tick
    together move the average by STEP_MAX_USD at most.
    """
    now = before
    for point in sorted(points):
        if now is None:
            now = Smoothed(point.end, point.usd, point.usd)
        elif point.end > now.end:
            share = _share(point.end - now.end)
            now = Smoothed(point.end, now.usd + share * (point.usd - now.usd), point.usd)
    if now is None or before is None or now.end == before.end:
        return now
    moved = min(max(now.usd - before.usd, -STEP_MAX_USD), STEP_MAX_USD)
    return now._replace(usd=(before.usd + moved).quantize(_STORED, ROUND_HALF_UP))


@lru_cache(maxsize=1024)
def _share(passed: timedelta) -> Decimal:
    """How much of the new price counts: 1 − 0.5^(passed ÷ half-life)."""
    halves = Decimal(int(passed.total_seconds())) / Decimal(int(HALF_LIFE.total_seconds()))
    return 1 - Decimal("0.5") ** halves
