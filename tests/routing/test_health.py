"""Breakers and figures: pure, with time as a value."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from routing.health import LEAST_CALLS, REST_MAX_S, Breaker, Tally, bucket, fields, middle, quantile


def test_three_failures_in_a_row_make_an_endpoint_rest():
    one = Breaker()
    assert one.failed(0, "reset") is None
    assert one.failed(1, "http_500") is None
    rest = one.failed(2, "reset")
    assert rest is not None
    assert (rest.seconds, rest.level, rest.reason) == (5.0, 0, "reset")


def test_two_silences_are_enough():
    one = Breaker()
    assert one.failed(0, "timeout") is None
    assert one.failed(9, "stalled") is not None


def test_failures_among_successes_are_no_reason():
    one = Breaker()
    for second in range(20):
        one.succeeded(second)
        assert (one.failed(second, "reset") if second % 3 == 0 else None) is None


def test_failures_long_ago_are_forgotten():
    one = Breaker()
    assert [one.failed(at, "reset") for at in (0, 1, 100)] == [None, None, None]


def test_rests_double_until_an_answer_comes():
    one = Breaker()
    rests = []
    for at in range(8):
        one.half_open = True
        rest = one.failed(at * 1000, "reset")
        assert rest is not None
        rests.append(rest.seconds)
    assert rests == [5, 10, 20, 40, 80, 160, REST_MAX_S, REST_MAX_S]
    one.half_open = True
    assert one.succeeded(9000)
    assert one.level == 0
    assert not one.succeeded(9001)


@pytest.mark.parametrize("status", [401, 402, 403])
def test_a_refused_credential_rests_at_once_and_long(status: int):
    rest = Breaker().failed(0, f"http_{status}", status)
    assert rest is not None
    assert rest.seconds == 900


def test_retry_after_is_kept_to_the_second_within_reason():
    assert Breaker().failed(0, "http_429", 429, 17).seconds == 17  # type: ignore[union-attr]
    assert Breaker().failed(0, "http_429", 429, 10**6).seconds == 120  # type: ignore[union-attr]


@given(st.floats(1, 10**6))
def test_a_bucket_is_near_its_value(value: float):
    assert middle(bucket(value)) == pytest.approx(value, rel=0.026)


@given(st.lists(st.floats(1, 10**5), min_size=LEAST_CALLS, max_size=200))
def test_a_median_is_a_median(values: list[float]):
    tally = Tally()
    for value in values:
        tally.add(dict.fromkeys(fields(failed=False, ttft_ms=value), 1))
    below = sorted(values)[(len(values) + 1) // 2 - 1]
    assert tally.ttft_ms() == pytest.approx(below, rel=0.026)
    assert tally.calls == len(values)
    assert tally.success_percent == 100


def test_too_few_calls_say_nothing():
    assert quantile({3: LEAST_CALLS - 1}, 0.5) is None
    assert Tally().success_percent is None
