"""Charts' series: the lowest of the sites, and buckets in which spikes survive and gaps stay open."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from routing.energy.series import (
    Columns,
    Hours,
    Point,
    Step,
    Window,
    average,
    buckets,
    cheapest_hours,
    lowest,
    stretches,
    usual_energy,
)

NOW = 1_700_000_123
PRICE = 1_049_500_000  # 1.0495 USD per million


def point(out: int = PRICE, energy: int | None = 21_900_000, site: str = "a", state: str = "fresh") -> Point:
    return Point(out, energy, site, state)


@st.composite
def steps_of(draw: st.DrawFn, site: str = "a") -> list[Step]:
    times = draw(st.lists(st.integers(NOW - 8 * 86_400, NOW + 600), max_size=40))
    times += times[: draw(st.integers(0, 3))]  # a tick and its price have the same moment
    prices = st.integers(0, 10**12)
    points = st.builds(point, prices, st.none() | prices, st.just(site), st.sampled_from(["fresh", "hold"]))
    return [Step(at, draw(st.none() | points)) for at in sorted(times)]


windows = st.sampled_from(list(Window))


@pytest.mark.parametrize(
    ("window", "points", "step_s"),
    [(Window.HOURS_4, 48, 300), (Window.HOURS_24, 288, 300), (Window.DAYS_7, 336, 1800)],
)
def test_a_window_has_its_points_and_the_last_one_holds_the_moment(
    window: Window, points: int, step_s: int
) -> None:
    found = buckets([Step(NOW - 8 * 86_400, point())], window, NOW)
    assert len(found.out) == points and found.step_s == step_s
    assert found.t0 % step_s == 0
    assert found.t0 + (points - 1) * step_s < NOW <= found.t0 + points * step_s
    assert set(found.out) == {PRICE} and set(found.site) == {"a"} and set(found.state) == {"fresh"}


@given(steps_of(), windows)
def test_every_bucket_lies_between_its_least_and_most(steps: list[Step], window: Window) -> None:
    found = buckets(steps, window, NOW)
    assert {len(getattr(found, name)) for name in COLUMNS} == {window.points}
    for least, mean, most in zip(found.least, found.out, found.most, strict=True):
        assert (least is None) == (mean is None) == (most is None)
        assert mean is None or least <= mean <= most  # type: ignore[operator]


COLUMNS = ("out", "energy", "least", "most", "site", "state")


@given(steps_of(), windows)
def test_nothing_is_known_where_nothing_was_said(steps: list[Step], window: Window) -> None:
    found = buckets(steps, window, NOW)
    spans = list(stretches(steps, found.t0, NOW))
    for number, mean in enumerate(found.out):
        begin = found.t0 + number * window.step_s
        end = min(NOW, begin + window.step_s)
        known = sum(max(0, min(end, last) - max(begin, first)) for first, last, _ in spans)
        assert (mean is not None) == (end > begin and known > 0 and 2 * known >= end - begin)


@given(steps_of(), windows, st.integers(0, 10**12))
def test_a_price_that_stays_is_its_own_mean(steps: list[Step], window: Window, price: int) -> None:
    flat = [Step(step.at, step.point and step.point._replace(out=price, energy=price)) for step in steps]
    found = buckets(flat, window, NOW)
    assert set(found.out) <= {price, None} and found.out == found.least == found.most == found.energy


@given(steps_of("a"), steps_of("b"), steps_of("c"))
def test_the_lowest_is_the_lowest_at_every_moment(a: list[Step], b: list[Step], c: list[Step]) -> None:
    sites = {"a": a, "b": b, "c": c}
    found = lowest(sites)
    moments = {step.at for steps in sites.values() for step in steps} | {NOW + 700}
    for moment in moments:
        held = [at_moment(steps, moment) for steps in sites.values()]
        prices = [one.out for one in held if one is not None]
        best = at_moment(found, moment)
        assert (best.out if best else None) == (min(prices) if prices else None)
    assert all(one.point != other.point for one, other in zip(found, found[1:], strict=False))


def at_moment(steps: list[Step], moment: int) -> Point | None:
    return next((step.point for step in reversed(steps) if step.at <= moment), None)


def test_a_spike_of_five_minutes_is_seen_in_seven_days() -> None:
    spike = point(1_128_800_000, 101_300_000)
    steps = [Step(NOW - 8 * 86_400, point()), Step(NOW - 90_000, spike), Step(NOW - 89_700, point())]
    found = buckets(steps, Window.DAYS_7, NOW)
    assert max(filter(None, found.most)) == 1_128_800_000
    assert sum(most == 1_128_800_000 for most in found.most) in {1, 2}
    assert max(filter(None, found.out)) < 1_128_800_000


def test_a_missing_interval_is_a_gap() -> None:
    begin = Window.HOURS_4.begins(NOW)
    steps = [Step(begin, point()), Step(begin + 3000, None), Step(begin + 3300, point())]
    found = buckets(steps, Window.HOURS_4, NOW)
    assert [number for number, mean in enumerate(found.out) if mean is None] == [10]
    assert (found.site[10], found.state[10], found.most[10]) == (None, None, None)


@pytest.mark.parametrize("day", [datetime(2026, 3, 8, 12, tzinfo=UTC), datetime(2025, 11, 2, 12, tzinfo=UTC)])
def test_a_week_in_which_clocks_are_changed_has_336_buckets(day: datetime) -> None:
    now = int((day + timedelta(days=2)).timestamp())
    found = buckets([Step(now - 9 * 86_400, point())], Window.DAYS_7, now)
    assert len(found.out) == 336 and None not in found.out


def test_the_site_and_state_that_held_longest_are_told() -> None:
    begin = Window.HOURS_4.begins(NOW)
    steps = [Step(begin, point()), Step(begin + 100, point(site="b", state="hold"))]
    found = buckets(steps, Window.HOURS_4, NOW)
    assert (found.site[0], found.state[0]) == ("b", "hold")


def test_the_average_weighs_by_time() -> None:
    steps = [Step(NOW - 100, point(100)), Step(NOW - 25, point(500)), Step(NOW, point(9))]
    assert average(steps, NOW - 100, NOW) == 200
    assert average(steps, NOW - 50, NOW) == 300
    assert average([], NOW - 100, NOW) is None


def test_the_cheapest_hours_are_found_in_the_readers_zone() -> None:
    midnight = NOW // 86_400 * 86_400
    steps: list[Step] = []
    for day in range(-8, 1):
        steps += [
            Step(midnight + day * 86_400, point(1000)),
            Step(midnight + day * 86_400 + 21 * 3600, point(900)),
        ]
    assert cheapest_hours(steps, NOW, zone_s=0) == Hours(21, 0, 886)
    assert cheapest_hours(steps, NOW, zone_s=5 * 3600) == Hours(2, 5, 886)
    assert cheapest_hours([Step(NOW - 86_400, point())], NOW, zone_s=0) is None  # one day tells nothing
    assert cheapest_hours([Step(NOW - 8 * 86_400, point())], NOW, zone_s=0) is None  # all hours are equal


@given(steps_of(), windows, st.sampled_from([2, 3, 12]))
def test_wider_buckets_hold_the_same(steps: list[Step], window: Window, wider: int) -> None:
    fine, coarse = buckets(steps, window, NOW), buckets(steps, window, NOW, wider=wider)
    assert len(coarse.out) == window.points // wider and coarse.t0 == fine.t0
    for number, most in enumerate(coarse.most):
        within = [one for one in fine.most[number * wider : (number + 1) * wider] if one is not None]
        assert most is None or most >= max(within, default=0)


def test_an_empty_history_is_a_window_of_gaps() -> None:
    found: Columns = buckets([], Window.HOURS_24, NOW)
    assert found.out == [None] * 288 == found.state


def test_what_electricity_usually_costs_is_weighted_by_time_and_says_how_many_days_it_knows() -> None:
    day = 24 * 3600

    def steps(*parts: tuple[int, int | None]) -> list[Step]:
        return [
            Step(at, None if energy is None else Point(1000 + energy, energy, "a", "fresh"))
            for at, energy in parts
        ]

    known = steps((0, 100), (3 * day, None), (4 * day, 20))
    assert usual_energy(known, 0, 5 * day) == (80, 4)
    assert usual_energy(known, 0, 2 * day) is None
