"""Market outages over real HTTP, from the first failed question to the price that callers pay."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal as D

import pytest

from accounts.models import Alert
from routing.energy.markets import Feed
from routing.energy.models import DataCentre, SiteState
from routing.energy.poll import poll_due
from routing.energy.tick import tick
from tests.energy import Site, make_model
from tests.routing.energy import markets_said as said
from tests.routing.energy.conftest import Markets
from tests.routing.energy.grid import FIVE, costs, host

pytestmark = pytest.mark.django_db
SPP = "portal.spp.org"
START = datetime(2025, 3, 31, 13, 40, 30, tzinfo=UTC)


@pytest.fixture
def site(feed: Callable[..., Feed]) -> Site:
    """A site at SPP's northern hub."""
    spp = feed("spp", "SPPNORTH_HUB")
    found = host("omaha", make_model())
    DataCentre.objects.filter(pk=found.centre.pk).update(node=spp.nodes.get())
    found.centre.refresh_from_db()
    return found


def run(moment: datetime) -> SiteState:
    """What happens in a worker at that moment: the market is asked, then a price is made."""
    poll_due(moment)
    tick(moment)
    return SiteState.objects.get()


def test_the_recorded_morning_is_polled_and_priced_to_the_digit(site: Site, markets: Markets) -> None:
    expected = {
        "13:40": "36.0854",
        "13:45": "36.0854",
        "13:50": "33.6269",
        "13:55": "33.8091",
        "14:00": "32.7165",
        "14:05": "31.2914",
        "14:10": "29.5711",
    }
    for count, (end, smoothed) in enumerate(expected.items()):
        markets.say(SPP, said.spp(end))
        found = run(START + count * FIVE).smoothed_usd
        assert found is not None
        assert abs(found - D(smoothed)) <= D("0.0001")


def test_a_market_that_dies_and_returns(site: Site, markets: Markets) -> None:
    markets.say(SPP, said.spp("13:40"))
    assert run(START).state == "fresh"
    paid = costs(site.endpoint)[-1].components
    markets.say(SPP, status=503)
    seen = {}
    for minutes in (5, 15, 65, 25 * 60):
        state = run(START + timedelta(minutes=minutes))
        seen[minutes] = (state.state, state.delivered_usd)
    assert seen == {
        5: ("fresh", D("61.085400")),
        15: ("hold", D("61.085400")),
        65: ("tariff", 65),  # there is no history to estimate from
        25 * 60: ("tariff", 65),
    }
    assert costs(site.endpoint)[-1].components["output"] > paid["output"]
    told = set(Alert.objects.values_list("subject", flat=True))
    assert {"omaha: its market is silent", "omaha: its market is silent for a day"} <= told

    markets.say(SPP, said.spp("13:50"))  # late, yet newer than what was known
    state = run(START + timedelta(minutes=25 * 60 + 10))
    assert state.state == "tariff"
    newest = said.spp("14:10").replace(b"03/31/2025", b"04/01/2025").replace(b":10:00", b":50:00")
    markets.say(SPP, newest)
    state = run(START + timedelta(minutes=25 * 60 + 15))
    assert (state.state, state.price_end) == ("fresh", datetime(2025, 4, 1, 14, 50, tzinfo=UTC))


@pytest.mark.parametrize(
    "body", [b"", b"<html>maintenance</html>", said.spp("13:50").replace(b"29.4415", b"9000")]
)
def test_what_a_broken_market_says_moves_no_price(site: Site, markets: Markets, body: bytes) -> None:
    markets.say(SPP, said.spp("13:40"))
    run(START)
    before = costs(site.endpoint)
    markets.say(SPP, body)
    state = run(START + FIVE)
    assert (state.smoothed_usd, state.state) == (D("36.0854"), "fresh")
    assert costs(site.endpoint) == before
