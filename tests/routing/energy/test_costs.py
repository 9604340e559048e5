"""What hosted models cost over time, out of the rows that ticks write."""

from datetime import UTC, datetime, timedelta

import pytest

from routing.energy.costs import costs_now, history
from routing.energy.series import Point, Step, Window, buckets
from tests.energy import FIXED, make_model, make_site

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)


def seconds(at: datetime) -> int:
    return int(at.timestamp())


def read(model: str, since: datetime = NOW - HOUR) -> list[Step]:
    return history(model, seconds(since), seconds(NOW))


def test_the_cheapest_available_site_sets_the_price() -> None:
    model = make_model()
    dallas, toronto = make_site("dal", model), make_site("tor", model)
    dallas.costs(NOW - 2 * HOUR, 20_000_000)
    toronto.costs(NOW - 2 * HOUR, 30_000_000)
    toronto.costs(NOW - HOUR / 2, 10_000_000)
    for site in (dallas, toronto):
        site.ticks(NOW - HOUR, NOW)
    found = read(model.slug)
    assert found[0] == Step(seconds(NOW - HOUR), Point(FIXED + 20_000_000, 20_000_000, "dal", "fresh"))
    assert found[1] == Step(seconds(NOW - HOUR / 2), Point(FIXED + 10_000_000, 10_000_000, "tor", "fresh"))
    now = {row.site: row for row in costs_now([model.slug])}
    assert {name: row.output for name, row in now.items()} == {
        "dal": FIXED + 20_000_000,
        "tor": FIXED + 10_000_000,
    }
    assert now["dal"].simulated and now["dal"].available and now["dal"].at == NOW - timedelta(minutes=5)


def test_a_drained_site_sets_no_price() -> None:
    model = make_model()
    dallas, toronto = make_site("dal", model), make_site("tor", model)
    dallas.costs(NOW - 2 * HOUR, 10_000_000)
    toronto.costs(NOW - 2 * HOUR, 30_000_000)
    dallas.ticks(NOW - HOUR, NOW - HOUR / 2)
    dallas.ticks(NOW - HOUR / 2, NOW, drained=True)
    toronto.ticks(NOW - HOUR, NOW)
    sites = [step.point.site for step in read(model.slug) if step.point]
    assert sites == ["dal", "tor"]
    assert [row.available for row in costs_now([model.slug])] == [False, True]


def test_without_ticks_nothing_is_known() -> None:
    model = make_model()
    dallas = make_site("dal", model)
    dallas.costs(NOW - 2 * HOUR, 10_000_000)
    dallas.ticks(NOW - HOUR, NOW - HOUR / 2)
    dallas.ticks(NOW - HOUR / 2 + timedelta(minutes=5), NOW, "hold")
    found = buckets(read(model.slug), Window.HOURS_4, seconds(NOW))
    known = [number for number, mean in enumerate(found.out) if mean is not None]
    assert known == [*range(36, 42), *range(43, 48)]
    assert (found.state[41], found.state[42], found.state[43]) == ("fresh", None, "hold")


def test_a_paused_site_counts_until_it_was_paused() -> None:
    model = make_model()
    dallas = make_site("dal", model)
    dallas.costs(NOW - 2 * HOUR, 10_000_000)
    dallas.ticks(NOW - HOUR, NOW)
    endpoint = dallas.endpoint
    endpoint.paused_at, endpoint.paused_reason = NOW - HOUR / 2, "works"
    endpoint.save()
    assert read(model.slug)[-1] == Step(seconds(NOW - HOUR / 2), None)
    assert [row.available for row in costs_now([model.slug])] == [False]


def test_a_model_without_a_site_has_no_history() -> None:
    assert read(make_model().slug) == []
