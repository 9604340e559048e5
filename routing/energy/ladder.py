"""What a site's electricity costs when its market is late or silent. Pure.

Fresh → hold → estimated → tariff, by the age of the newest interval's end. A site that isn't fresh is priced
at the higher of what was last known and what stands in for it: silence never makes anything cheaper. Prices
are USD per MWh, delivered unless they say lmp.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Final

from routing.energy.pricing import Delivered, SiteTerms, clamped, delivered
from routing.energy.smoothing import Smoothed

FRESH_FOR: Final = timedelta(minutes=10)
HOLD_FOR: Final = timedelta(hours=1)
ESTIMATE_FOR: Final = timedelta(hours=24)
_LATE: Final = timedelta(minutes=10)  # how long after its interval a slower market may publish
_SHORT: Final = timedelta(minutes=5)


class State(StrEnum):
    """The same words as routing.energy.models.PriceState."""

    FRESH = "fresh"
    HOLD = "hold"
    ESTIMATED = "estimated"
    TARIFF = "tariff"
    OVERRIDE = "override"


LIVE: Final = frozenset({State.FRESH, State.OVERRIDE})  # only these may win a switch


@dataclass(frozen=True, slots=True)
class Verdict:
    """The price of a site now. drained: take no new calls there."""

    delivered_usd: Decimal
    state: State
    drained: bool

    @property
    def is_live(self) -> bool:
        return self.state in LIVE


def state_of(age: timedelta | None, step: timedelta) -> State:
    """The rung for a newest interval that ended so long ago; None: nothing was ever known."""
    fresh_for = FRESH_FOR if step <= _SHORT else step + _LATE
    if age is None or age > ESTIMATE_FOR:
        return State.TARIFF
    if age <= fresh_for:
        return State.FRESH
    return State.HOLD if age <= max(HOLD_FOR, fresh_for) else State.ESTIMATED


def settle(
    site: SiteTerms, known: Smoothed | None, now: datetime, step: timedelta, median_lmp: Decimal | None
) -> Verdict:
    """The price in force. median_lmp: of the same hour of the week; None where there is no such history."""
    if known is None:
        return _verdict(clamped(site, site.tariff_usd), State.TARIFF)
    state = state_of(now - known.end, step)
    held = delivered(site, known.usd)
    if state in (State.FRESH, State.HOLD):
        # The average lags; a spike is left at once, not when the average has climbed there.
        return _verdict(held, state, spike=delivered(site, known.newest_usd).above)
    if state is State.ESTIMATED and median_lmp is not None:
        return _verdict(_dearer(held, delivered(site, median_lmp)), state)
    return _verdict(_dearer(held, clamped(site, site.tariff_usd)), State.TARIFF)


def overridden(site: SiteTerms, usd: Decimal) -> Verdict:
    """A delivered price that an operator has set."""
    return _verdict(clamped(site, usd), State.OVERRIDE)


def _dearer(held: Delivered, instead: Delivered) -> Delivered:
    return Delivered(max(held.usd, instead.usd), held.above or instead.above)


def _verdict(price: Delivered, state: State, *, spike: bool = False) -> Verdict:
    return Verdict(price.usd, state, price.above or spike)
