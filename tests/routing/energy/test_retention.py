from datetime import timedelta
from decimal import Decimal as D

import pytest

from routing.energy import retention
from routing.energy.markets import GridHour, GridPrice
from routing.energy.models import SitePrice
from tests.energy import Site, make_model
from tests.routing.energy.clock import at
from tests.routing.energy.grid import host, publish

pytestmark = pytest.mark.django_db
NOW = at("12:30")


@pytest.fixture
def site() -> Site:
    return host("alpha", make_model())


def hours(site: Site) -> list[tuple[object, ...]]:
    rows = GridHour.objects.filter(node=site.centre.node).order_by("hour")
    return list(rows.values_list("hour", "least", "mean", "most", "close"))


def test_an_hour_is_rolled_up_when_it_has_ended(site: Site) -> None:
    publish(site, at("11:00"), ["10", "-30", *["20"] * 8, "50", "25"])
    publish(site, at("12:00"), ["99"])
    retention.keep(NOW)
    assert hours(site) == [(at("11:00"), -30, D("17.916667"), 50, 25)]


def test_a_late_point_corrects_its_hour_and_a_second_run_writes_nothing(site: Site) -> None:
    publish(site, at("11:00"), ["10", None, "20"])
    assert retention.roll_up(NOW) == 1
    assert retention.roll_up(NOW) == 0
    publish(site, at("11:05"), ["60"])
    assert retention.roll_up(NOW) == 1
    assert hours(site)[0][2:4] == (30, 60)


def test_what_is_older_than_ninety_days_goes_and_its_hours_stay(site: Site) -> None:
    old = NOW - timedelta(days=91)
    publish(site, old, ["10", "20"])
    publish(site, at("11:00"), ["30"])
    site.ticks(old, old + timedelta(minutes=10))
    site.ticks(at("11:00"), at("11:10"))
    retention.keep(NOW - timedelta(days=2))
    retention.keep(NOW)
    assert GridPrice.objects.filter(node=site.centre.node).count() == 1
    assert SitePrice.objects.filter(site=site.centre).count() == 2
    assert len(hours(site)) == 2
