"""The Central Bank's JSON, as it is and as it never should be."""

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing.fx.cbu import BODY_MAX, NotARate, Quote, parse, plausible
from billing.fx.ladder import Level, level
from tests.billing.bank import row, said

USD = row("11794.88", "20.08.2026")


def test_the_published_example_is_read_to_the_micro() -> None:
    assert parse(said(USD)) == Quote(date(2026, 8, 20), 11_794_880_000)


def test_a_rate_is_divided_by_its_nominal() -> None:
    """R1"""
    rupiah = row("7.18", "20.08.2026", ccy="IDR", nominal="10")
    assert parse(said(USD, rupiah), "IDR").micros == 718_000


def test_the_newest_of_several_days_counts() -> None:
    assert parse(said(USD, row("11800", "21.08.2026"), row("1", "22.08.2026", ccy="EUR"))) == Quote(
        date(2026, 8, 21), 11_800_000_000
    )


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"{}",
        b"null",
        b"<!DOCTYPE html><html><body>Texnik ishlar</body></html>",
        b"[" * 40_000,
        b"\xff\xfe",
        b"[1, null, [], {}]",
        said(row("11794.88", "20.08.2026", ccy="EUR")),
        said(USD, row("11795", "20.08.2026")),
        b" " * (BODY_MAX + 1),
        *(
            said(row(rate, "20.08.2026"))
            for rate in ("abc", "", "-1", "1e4", "NaN", "Infinity", "11 794", "11794,88", "1.1234567", "٣")
        ),
        *(said(row("11794.88", "20.08.2026", nominal=nominal)) for nominal in ("0", "-1", "1.5", "", "1e2")),
        *(
            said(row("11794.88", day))
            for day in ("2026-08-20", "31.02.2026", "20.08.26", "", "20.08.0000", "20.08.2026 ")
        ),
        said({"Ccy": "USD"}),
    ],
)
def test_anything_else_is_refused(body: bytes) -> None:
    with pytest.raises(NotARate):
        parse(body)


@pytest.mark.parametrize("rate", ["0", "0.000000", "5000", "50000", "999999999"])
def test_a_dollar_costs_between_five_and_fifty_thousand(rate: str) -> None:
    with pytest.raises(NotARate):
        plausible(parse(said(row(rate, "20.08.2026"))), date(2026, 8, 20))


def test_what_is_dated_weeks_ahead_is_an_error() -> None:
    quote = parse(said(USD))
    assert plausible(quote, date(2026, 8, 10)) == quote
    with pytest.raises(NotARate):
        plausible(quote, date(2026, 8, 9))


@given(st.decimals(0, 999_999_999, places=2), st.sampled_from([1, 10, 100, 1000]))
def test_any_rate_is_exact(rate: Decimal, nominal: int) -> None:
    quote = parse(said(row(str(rate), "20.08.2026", nominal=str(nominal))))
    exact = rate * 10**6 / nominal
    assert exact - Decimal("0.5") <= quote.micros <= exact + Decimal("0.5")


@given(st.binary(max_size=200))
def test_rubbish_is_refused_and_nothing_else(body: bytes) -> None:
    with pytest.raises(NotARate):
        parse(body)


@pytest.mark.parametrize(
    ("age", "wanted"),
    [
        (-2, Level.FRESH),
        (4, Level.FRESH),
        (5, Level.WARN),
        (7, Level.WARN),
        (8, Level.DEGRADE),
        (10, Level.DEGRADE),
        (11, Level.STOP),
        (400, Level.STOP),
    ],
)
def test_the_ladder_of_age(age: int, wanted: Level) -> None:
    assert level(age) is wanted
