from datetime import timedelta
from decimal import Decimal as D

import pytest

from routing.energy.ladder import State, overridden, settle, state_of
from routing.energy.models import PriceState
from routing.energy.pricing import SiteTerms
from routing.energy.smoothing import Smoothed
from tests.routing.energy.clock import at

SITE = SiteTerms(pue=D("1.25"), host_factor=D("1.5"), adder_usd=D(25))
FIVE, FIFTEEN = timedelta(minutes=5), timedelta(minutes=15)
KNOWN = Smoothed(at("10:00"), D(30), D(31))


@pytest.mark.parametrize(
    ("minutes", "step", "state"),
    [
        (-5, FIVE, State.FRESH),  # published before its interval has ended
        (9, FIVE, State.FRESH),
        (10, FIVE, State.FRESH),
        (11, FIVE, State.HOLD),
        (60, FIVE, State.HOLD),
        (61, FIVE, State.ESTIMATED),
        (24 * 60, FIVE, State.ESTIMATED),
        (25 * 60, FIVE, State.TARIFF),
        (25, FIFTEEN, State.FRESH),
        (26, FIFTEEN, State.HOLD),
    ],
)
def test_silence_takes_a_price_down_the_ladder(minutes: int, step: timedelta, state: State) -> None:
    assert state_of(timedelta(minutes=minutes), step) is state


def test_words_of_the_ladder_are_those_of_the_table() -> None:
    assert [state.value for state in State] == PriceState.values


@pytest.mark.parametrize(
    ("age_minutes", "median", "usd", "state"),
    [
        (9, "90", "55", State.FRESH),
        (11, "90", "55", State.HOLD),
        (61, "90", "115", State.ESTIMATED),
        (61, "5", "55", State.ESTIMATED),  # what was last known is dearer
        (61, None, "65", State.TARIFF),  # no such hour in the history
        (25 * 60, "90", "65", State.TARIFF),
    ],
)
def test_what_stands_in_is_never_cheaper_than_what_was_known(
    age_minutes: int, median: str | None, usd: str, state: State
) -> None:
    now = KNOWN.end + timedelta(minutes=age_minutes)
    verdict = settle(SITE, KNOWN, now, FIVE, D(median) if median else None)
    assert (verdict.delivered_usd, verdict.state, verdict.drained) == (D(usd), state, False)


def test_a_site_whose_market_was_never_heard_pays_its_tariff() -> None:
    assert settle(SITE, None, at("10:00"), FIVE, None).delivered_usd == 65


def test_a_spike_drains_at_once_and_its_price_follows_slowly() -> None:
    spike = Smoothed(at("10:00"), D(80), D("2271.7646"))
    verdict = settle(SITE, spike, at("10:01"), FIVE, None)
    assert (verdict.delivered_usd, verdict.drained) == (105, True)
    over = settle(SITE, Smoothed(at("10:05"), D(700), D(40)), at("10:06"), FIVE, None)
    assert (over.delivered_usd, over.drained) == (300, True)


def test_an_operators_price_is_live_and_within_bounds() -> None:
    assert overridden(SITE, D(40)).is_live
    assert not overridden(SITE, D(40)).drained
    assert overridden(SITE, D(900)).delivered_usd == 300
