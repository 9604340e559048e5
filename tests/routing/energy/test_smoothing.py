from datetime import timedelta
from decimal import Decimal as D

from hypothesis import given
from hypothesis import strategies as st

from routing.energy.smoothing import Point, Smoothed, smooth
from tests.routing.energy.clock import at

SPP = [
    ("08:40", "36.0854", "36.0854"),
    ("08:45", None, "36.0854"),  # the file was empty
    ("08:50", "29.4415", "33.6269"),
    ("08:55", "34.5103", "33.8091"),
    ("09:00", "28.5127", "32.7165"),
    ("09:05", "25.8087", "31.2914"),
    ("09:10", "22.9526", "29.5711"),
]


def test_a_recorded_series_is_smoothed_with_its_gap() -> None:
    now: Smoothed | None = None
    for time, price, expected in SPP:
        now = smooth(now, [Point(at(time), D(price))] if price else [])
        assert now is not None
        assert abs(now.usd - D(expected)) <= D("0.0001")


def test_a_jump_moves_a_tick_by_fifty_dollars_at_most() -> None:
    calm = smooth(None, [Point(at("10:00"), D(30))])
    jumped = smooth(calm, [Point(at("10:05"), D(300))])
    assert (jumped.usd, jumped.newest_usd) == (80, 300)
    fallen = smooth(jumped, [Point(at("10:20"), D(-500))])
    assert fallen.usd == 30


def test_points_that_are_known_already_change_nothing() -> None:
    first = smooth(None, [Point(at("10:00"), D(30))])
    again = smooth(first, [Point(at("09:55"), D(900)), Point(at("10:00"), D(900))])
    assert again == first


def test_two_points_of_one_tick_count_as_two() -> None:
    first = smooth(None, [Point(at("10:00"), D(30))])
    points = [Point(at("10:05"), D(40)), Point(at("10:10"), D(50))]
    stepped = smooth(smooth(first, points[:1]), points[1:])
    assert abs(smooth(first, reversed(points)).usd - stepped.usd) <= D("0.000001")


@given(series=st.lists(st.decimals(-500, 5000, places=4), min_size=2, max_size=40))
def test_the_average_stays_between_its_points_and_never_leaps(series: list[D]) -> None:
    now: Smoothed | None = None
    for count, price in enumerate(series):
        before, now = now, smooth(now, [Point(at("00:00") + count * timedelta(minutes=5), price)])
        assert min(series) <= now.usd <= max(series)
        assert before is None or abs(now.usd - before.usd) <= 50
