"""A second source of the rate: read with doubt, only compared, never charged by."""

import json
from collections.abc import Iterator
from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accounts.models import Alert
from billing.fx import feed
from billing.fx.cbu import NotARate, Quote
from billing.fx.second import apart_bps, cross_check, parse_pair
from billing.models import FxRate
from billing.rates import add_rate, current_rates
from billing.tasks import check_second_rate
from tests.billing.bank import Bank, running_bank
from tests.billing.books import set_clock

pytestmark = pytest.mark.django_db
KEY = "fx: two sources of the exchange rate are over 3 % apart"


@pytest.fixture(scope="module")
def _source() -> Iterator[Bank]:
    with running_bank() as bank:
        yield bank


@pytest.fixture
def source(_source: Bank, settings: Any, monkeypatch: Any) -> Bank:
    settings.FX_FEED, settings.FX_CHECK_URL = True, _source.url
    monkeypatch.setattr(feed.fetch, "__kwdefaults__", {"backoff_s": 0})
    _source.seen.clear()
    set_clock("2026-08-21 12:00+05")
    add_rate("cbu", date(2026, 8, 21), 11_794_880_000, author="cbu.uz")
    return _source


def pair(rate: object = 11794.88, **other: object) -> bytes:
    return json.dumps({"date": "2026-08-21", "base": "USD", "quote": "UZS", "rate": rate} | other).encode()


def test_a_pair_is_read_to_the_micro() -> None:
    assert parse_pair(pair()) == Quote(date(2026, 8, 21), 11_794_880_000)
    assert parse_pair(pair(12000)).micros == 12_000_000_000
    assert parse_pair(b'{"date":"2026-08-21","base":"USD","quote":"UZS","rate":1.20000000015e4}').micros == (
        12_000_000_002
    )


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"null",
        pair(None),
        pair("x"),
        pair([1]),
        pair(base="EUR"),
        pair(date="21.08.2026"),
        pair("NaN"),
    ],
)
def test_what_is_no_rate_is_told_so(body: bytes) -> None:
    with pytest.raises(NotARate):
        parse_pair(body)


@given(st.binary(max_size=80))
def test_any_bytes_are_a_rate_or_refused(body: bytes) -> None:
    with pytest.raises(NotARate):
        parse_pair(body)


@pytest.mark.parametrize(("theirs", "apart"), [(10_000, 0), (10_300, 300), (9_699, 301)])
def test_distance_is_in_basis_points_of_ours(theirs: int, apart: int) -> None:
    assert apart_bps(10_000, theirs) == apart


@pytest.mark.parametrize(
    ("rate", "told"), [(11794.88, False), (12148.72, False), (12160.0, True), (11440.0, True)]
)
def test_over_three_per_cent_operators_are_told_and_nothing_else_changes(
    source: Bank, rate: float, told: bool
) -> None:
    before, rows = current_rates(), FxRate.objects.count()
    source.answers[:] = [(200, pair(rate))]
    check_second_rate()
    assert Alert.objects.filter(dedupe_key=KEY).exists() == told
    assert (current_rates(), FxRate.objects.count()) == (before, rows)


@pytest.mark.parametrize("body", [b"<html>", pair(1), pair(20000.0, date="2026-08-01")])
def test_a_source_that_says_nothing_of_use_is_no_alarm(source: Bank, body: bytes) -> None:
    source.answers[:] = [(200, body)]
    assert cross_check(source.url) is None
    source.answers[:] = [(503, b"")]
    assert cross_check(source.url) is None
    assert not Alert.objects.filter(dedupe_key=KEY).exists()


def test_it_is_not_asked_when_switched_off(source: Bank, settings: Any) -> None:
    for name, value in (("FX_CHECK_URL", ""), ("FX_FEED", False)):
        setattr(settings, name, value)
        check_second_rate()
    assert source.seen == []
