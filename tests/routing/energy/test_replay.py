"""The week that we made: what is in it, and that it plays the same for everybody."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from routing.energy import backfill, make_week
from routing.energy.adapters import ADAPTERS, Node, replay
from routing.energy.markets import Feed, GridNode, GridPrice

MONDAY = datetime(2026, 11, 16, tzinfo=UTC)
WEEK = timedelta(days=7)


def test_the_file_is_what_the_script_makes():
    assert replay.WEEK.read_text() == "\n".join(make_week.week()) + "\n"


def test_the_week_has_a_negative_hour_an_hour_above_the_ceiling_and_a_gap():
    series = replay.series()
    assert {len(prices) for prices in series.values()} == {2016}
    known = {code: [price for price in prices if price is not None] for code, prices in series.items()}
    assert sum(price < 0 for price in known["TH_NP15_GEN-APND"]) == 12
    assert sum(price > 300 for price in known["HB_NORTH"]) == 10
    assert len(known["N.Y.C."]) == 2016 - 14
    assert all(Decimal(-500) < price < Decimal(5000) for prices in known.values() for price in prices)


def test_it_plays_by_the_clock_and_again_each_week():
    first = replay.between("HB_NORTH", MONDAY, MONDAY + WEEK)
    again = replay.between("HB_NORTH", MONDAY + WEEK, MONDAY + 2 * WEEK)
    assert [point.price for point in first] == [point.price for point in again] == replay.series()["HB_NORTH"]
    assert first[0].start == MONDAY
    assert first[-1].end == MONDAY + WEEK
    assert replay.between("nowhere", MONDAY, MONDAY + WEEK) == []


def test_only_intervals_that_are_over_are_told():
    adapter, now = ADAPTERS["replay"], MONDAY + timedelta(hours=5, minutes=2)
    asked = [Node("HB_NORTH"), Node("elsewhere", params={"series": "N.Y.C."})]
    points = adapter.parse(adapter.fetch(None, asked, now))  # type: ignore[arg-type]
    assert {point.code for point in points} == {"HB_NORTH", "elsewhere"}
    assert max(point.end for point in points) == MONDAY + timedelta(hours=5)
    assert points[-1].price == replay.series()["N.Y.C."][59]


def test_a_contract_price_is_of_the_interval_that_runs():
    adapter, now = ADAPTERS["static"], MONDAY + timedelta(minutes=7)
    asked = [Node("a", params={"usd_per_mwh": "65.00"}), Node("b")]
    (point,) = adapter.parse(adapter.fetch(None, asked, now))  # type: ignore[arg-type]
    assert (point.code, point.price, point.start) == ("a", Decimal(65), MONDAY + timedelta(minutes=5))


@pytest.mark.django_db
def test_seven_days_are_stored_at_once_and_only_once():
    feed = Feed.objects.create(slug="replay", name="A week of our own", simulated=True)
    for code in replay.series():
        GridNode.objects.create(feed=feed, code=code)
    now = MONDAY
    assert backfill.week_before(now) == 4 * 2016 - 14
    assert backfill.week_before(now) == 0
    assert backfill.week_before(now + timedelta(hours=1)) == 4 * 12
    assert GridPrice.objects.filter(node__feed=feed).count() == 4 * (2016 + 12) - 14
