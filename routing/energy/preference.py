"""Which site a hosted model is asked at first. Pure.

Moving costs caches and warm machines, so a cheaper site must be clearly cheaper, for two intervals, and a
site that has just been chosen stays for a quarter of an hour. Only an incumbent that can't be used is left at
once. Callers pay the lowest price among the available sites in the meantime, whoever serves them.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final

DWELL: Final = timedelta(minutes=15)
CLEARLY_USD: Final = Decimal(5)
CLEARLY_SHARE: Final = Decimal("0.10")
INTERVALS: Final = 2


@dataclass(frozen=True, slots=True)
class Offer:
    """An endpoint of the model. usd_per_mwh: delivered at its site; joules: at the meter per output token.

    live: the price is the market's (or an operator's), not a stand-in. available: neither drained nor off.
    """

    endpoint: int
    usd_per_mwh: Decimal
    joules: Decimal
    live: bool = True
    available: bool = True

    @property
    def cost(self) -> Decimal:
        return self.usd_per_mwh * self.joules


@dataclass(frozen=True, slots=True)
class Standing:
    """Who is preferred since when, who may take over, and for how many intervals it was clearly cheaper."""

    endpoint: int
    since: datetime
    challenger: int | None = None
    intervals: int = 0


def prefer(
    before: Standing | None, offers: Sequence[Offer], now: datetime, *, new_interval: bool = True
) -> Standing | None:
    """Who is preferred from now on; None while nobody may be.

    new_interval: False when the same interval is looked at again, which counts for no challenger.
    """
    may_win = sorted((o for o in offers if o.available and o.live), key=lambda o: (o.cost, o.endpoint))
    incumbent = next((o for o in offers if before and o.endpoint == before.endpoint), None)
    if before is None or incumbent is None or not incumbent.available:
        fallback = before if incumbent is not None else None
        return Standing(may_win[0].endpoint, now) if may_win else fallback
    rivals = [o.endpoint for o in may_win if o is not incumbent and _is_clearly_cheaper(o, incumbent)]
    if not rivals:
        return replace(before, challenger=None, intervals=0)
    if not new_interval:
        return before
    goes_on = before.challenger in rivals
    challenger = before.challenger if goes_on and before.challenger is not None else rivals[0]
    intervals = before.intervals + 1 if goes_on else 1
    if intervals >= INTERVALS and now - before.since >= DWELL:
        return Standing(challenger, now)
    return replace(before, challenger=challenger, intervals=min(intervals, INTERVALS))


def _is_clearly_cheaper(rival: Offer, incumbent: Offer) -> bool:
    """By 5 USD/MWh and by 10 %, the rival's price put into the incumbent's joules."""
    least = max(CLEARLY_USD, incumbent.usd_per_mwh * CLEARLY_SHARE)
    return rival.cost <= (incumbent.usd_per_mwh - least) * incumbent.joules
