"""Listed prices to integers and back, and what is refused to be one."""

import contextlib
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from routing.catalog.amounts import each_to_nano, from_nano_each
from routing.sync.compare import step_bps
from routing.sync.openrouter import prices


def test_a_price_for_one_token_is_exact() -> None:
    assert each_to_nano("0.0000025") == 2_500_000_000
    assert each_to_nano("2.5e-6") == 2_500_000_000
    assert each_to_nano("0") == 0
    assert each_to_nano("0.01") == 10_000_000_000_000


def test_the_fee_of_a_reseller_is_added_before_the_one_rounding() -> None:
    assert each_to_nano("0.0000025", 550) == 2_637_500_000
    assert each_to_nano("0.000000000000001", 4_999) == 1
    assert each_to_nano("0.000000000000001", 5_000) == 2


@given(st.integers(0, 10**17))
def test_a_price_comes_back_as_it_went(nano: int) -> None:
    assert each_to_nano(from_nano_each(nano)) == nano


@given(st.decimals(0, 45, places=28), st.integers(0, 10_000))
def test_a_price_is_never_off_by_more_than_half_a_nano(price: Decimal, fee_bps: int) -> None:
    exact = price * 10**15 * (10_000 + fee_bps) / 10_000
    assert abs(each_to_nano(format(price, "f"), fee_bps) - exact) <= Decimal("0.5000001")


@given(st.text(max_size=60))
def test_whatever_is_written_is_a_price_or_refused(text: str) -> None:
    with contextlib.suppress(ValueError):
        assert 0 <= each_to_nano(text) <= 10**17


@pytest.mark.parametrize(
    "text", ["-0.1", "-1", "NaN", "Infinity", "1e400", "1e5", "1e-400", "", " 1", "1,5", "0x1", "٣", "1_0"]
)
def test_what_is_no_price_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="price"):
        each_to_nano(text)


def test_a_price_beyond_all_others_is_refused() -> None:
    with pytest.raises(ValueError, match="too high"):
        each_to_nano("1000")


def test_optional_prices_of_zero_are_not_asked_for() -> None:
    listed = {"prompt": "0.000001", "completion": "0", "request": "0", "internal_reasoning": "0"}
    assert prices(listed, 0) == {"input": 1_000_000_000, "output": 0}


@pytest.mark.parametrize("listed", [{"prompt": "-1", "completion": "-1"}, {"prompt": "1"}, {}])
def test_a_price_that_depends_on_the_call_is_none(listed: dict[str, str]) -> None:
    assert prices(listed, 0) == {}


@given(st.integers(1, 10**17), st.integers(0, 10**17))
def test_a_step_is_never_told_smaller_than_it_is(before: int, after: int) -> None:
    told = step_bps(before, after)
    assert told is not None
    assert (told >= 0) == (after >= before)
    assert (
        abs(told) == 2**31 - 1
        or abs(told) * before >= abs(after - before) * 10_000 > (abs(told) - 1) * before
    )
