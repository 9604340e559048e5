"""Amounts: what is read, what is shown, how it is rounded."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing.money import (
    MICROS_MAX,
    NotAnAmount,
    ceil_div,
    exact_uzs,
    format_uzs,
    full_uzs,
    half_up,
    parse_uzs,
)

amounts = st.integers(min_value=0, max_value=MICROS_MAX)


@pytest.mark.parametrize(
    ("text", "micros"),
    [
        ("0", 0),
        ("1", 1_000_000),
        ("1500.25", 1_500_250_000),
        ("0.000001", 1),
        ("100 000", 100_000_000_000),
        ("100\u00a0000.5", 100_000_500_000),
        (" 7 ", 7_000_000),
    ],
)
def test_an_amount_in_soums_is_read_exactly(text: str, micros: int) -> None:
    assert parse_uzs(text) == micros


@pytest.mark.parametrize(
    "text",
    ["", "-1", "+1", "1e6", "1,5", "0.0000001", "1.", ".5", "nan", "inf", "٣", "1" * 14, "9999999999999"],
)
def test_anything_else_is_refused(text: str) -> None:
    with pytest.raises(NotAnAmount):
        parse_uzs(text)


@given(amounts)
def test_what_is_written_exactly_is_read_back(micros: int) -> None:
    assert parse_uzs(exact_uzs(micros)) == parse_uzs(full_uzs(micros)) == micros


def test_an_exact_amount_for_readers_is_grouped_and_has_two_decimals_at_least() -> None:
    assert full_uzs(1_500_000_000) == "1\u00a0500.00"
    assert full_uzs(-2_000_000_708) == "-2\u00a0000.000708"


def test_a_balance_is_shown_cut_and_never_rounded_up() -> None:
    assert format_uzs(1_234_567_999_999) == "1\u00a0234\u00a0567.99"
    assert format_uzs(999_999, 0) == "0"
    assert format_uzs(-2_500_000) == "-2.50"
    assert format_uzs(-1) == "0.00"


@given(amounts, st.integers(min_value=1, max_value=10**18))
def test_rounding_is_off_by_at_most_a_half_or_less_than_one(numerator: int, denominator: int) -> None:
    assert abs(2 * (half_up(numerator, denominator) * denominator - numerator)) <= denominator
    assert 0 <= ceil_div(numerator, denominator) * denominator - numerator < denominator


def test_halves_go_up() -> None:
    assert [half_up(n, 10) for n in (14, 15, 16, 25)] == [1, 2, 2, 3]
