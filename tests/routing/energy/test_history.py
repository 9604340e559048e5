"""The week that a demo begins with."""

from datetime import timedelta

import pytest

from routing.energy.history import replay
from routing.energy.models import SitePrice, SiteState
from routing.energy.tick import tick
from routing.models import CostVersion, Model
from tests.energy import Site, make_model
from tests.routing.energy.clock import at
from tests.routing.energy.grid import FIVE, costs, host, publish

pytestmark = pytest.mark.django_db
NOW = at("12:02")


@pytest.fixture
def site() -> Site:
    model: Model = make_model()
    return host("alpha", model)


def wave(count: int) -> list[str]:
    """Prices that go up and down, with an hour and a half of nothing and a spike."""
    prices = [str(20 + (step * 7) % 60) for step in range(count)]
    return [*prices[:50], *[None] * 18, *prices[68:100], "2271.76", *prices[101:]]  # type: ignore[list-item]


def played(site: Site) -> list[tuple[object, ...]]:
    rows = SitePrice.objects.filter(site=site.centre).order_by("at")
    return list(rows.values_list("at", "smoothed_usd", "delivered_usd", "state", "drained"))


def test_a_replay_writes_what_ticks_would_have_written(site: Site) -> None:
    live = host("beta", site.endpoint.model, feed="ercot")
    since, count = at("00:00"), 144
    for one in (site, live):
        publish(one, since, wave(count))
    moment = since + FIVE
    while moment <= at("12:00"):
        # A tick sees an interval that has begun, a replay the one that is over, as the feed says it.
        tick(moment - timedelta(seconds=1))
        moment += FIVE
    SiteState.objects.filter(site=site.centre).delete()
    SitePrice.objects.filter(site=site.centre).delete()
    ticked = [(when + FIVE, *rest) for when, *rest in played(live)]
    replay(days=1, now=at("12:00"))
    assert [row for row in played(site) if row[0] > since] == ticked


def test_prices_get_the_moment_of_their_tick_and_the_newest_is_in_force(site: Site) -> None:
    catalog = CostVersion.objects.create(endpoint=site.endpoint, components={"input": 1, "output": 1})
    publish(site, NOW - timedelta(days=2), wave(576))
    made = replay(days=2, now=NOW)
    rows = [cost for cost in costs(site.endpoint) if cost.pk != catalog.pk]
    assert len(rows) == made > 100
    moments = [cost.valid_from for cost in rows]
    assert moments == sorted(moments)
    assert (moments[0] < NOW - timedelta(days=1, hours=23), moments[-1]) == (True, NOW)
    assert all(
        cost.energy["energy_nano"] + cost.energy["fixed_nano"] == cost.components["output"] for cost in rows
    )


def test_a_second_replay_goes_on_where_the_first_one_ended(site: Site) -> None:
    publish(site, NOW - timedelta(days=1), wave(288))
    replay(days=1, now=NOW - timedelta(hours=6))
    first = played(site)
    replay(days=1, now=NOW)
    assert played(site)[: len(first)] == first
    assert len(played(site)) == 361  # thirty hours
    before = CostVersion.objects.count()
    assert replay(days=1, now=NOW) == 0
    assert CostVersion.objects.count() == before


def test_a_real_market_is_never_replayed(site: Site) -> None:
    live = host("beta", site.endpoint.model, feed="ercot")
    publish(live, NOW - timedelta(days=1), wave(288))
    replay(days=1, now=NOW)
    assert costs(live.endpoint) == []
    assert not SiteState.objects.filter(site=live.centre).exists()


def test_a_tick_follows_a_replay_without_a_break(site: Site) -> None:
    publish(site, NOW - timedelta(days=1), ["40"] * 290)
    replay(days=1, now=NOW)
    count = SitePrice.objects.count()
    tick(NOW)
    assert SitePrice.objects.count() == count
    tick(NOW + FIVE)
    assert SitePrice.objects.count() == count + 1
