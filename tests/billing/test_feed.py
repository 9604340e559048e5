"""The feed over HTTP: what is taken in, what is held, and what changes nothing."""

import logging
from collections.abc import Iterator
from datetime import date
from typing import Any

import pytest

from accounts.models import Alert
from billing.errors import FeedAway, MissingRate
from billing.fx import feed
from billing.fx.ladder import Level
from billing.models import FxProposal, FxRate, FxReading
from billing.rates import add_rate, current_rates, set_manual_rate
from billing.tasks import check_rate, fetch_rate
from tests.billing.bank import Bank, row, running_bank, said
from tests.billing.books import set_clock

pytestmark = pytest.mark.django_db


@pytest.fixture(scope="module")
def _bank() -> Iterator[Bank]:
    with running_bank() as bank:
        yield bank


@pytest.fixture
def bank(_bank: Bank, settings: Any, monkeypatch: Any) -> Bank:
    settings.FX_FEED, settings.FX_FEED_URL = True, _bank.url
    monkeypatch.setattr(feed.fetch, "__kwdefaults__", {"backoff_s": 0})
    _bank.seen.clear()
    set_clock("2026-08-21 12:00+05")
    return _bank


def rates() -> list[tuple[date, int]]:
    return list(FxRate.objects.filter(source="cbu").order_by("id").values_list("date", "micros_per_usd"))


def test_a_rate_comes_into_force_on_its_date(bank: Bank) -> None:
    """R3: Friday's rate holds over the weekend; what is dated Monday waits."""
    bank.says(row("11794.88", "21.08.2026"))
    fetch_rate()
    bank.says(row("11800.00", "24.08.2026"))
    fetch_rate()

    found = {}
    for day in ("21", "22", "23", "24"):
        set_clock(f"2026-08-{day} 12:00+05")
        found[day] = current_rates().micros_per_usd
    assert found == dict.fromkeys(("21", "22", "23"), 11_794_880_000) | {"24": 11_800_000_000}
    assert bank.seen[0]["User-Agent"].startswith("CloudAPI")


def test_the_same_answer_is_one_row_and_stored_once(bank: Bank) -> None:
    bank.says(row("11794.88", "21.08.2026"))
    for _ in range(3):
        fetch_rate()

    assert rates() == [(date(2026, 8, 21), 11_794_880_000)]
    reading = FxReading.objects.get()
    assert reading.body == said(row("11794.88", "21.08.2026")).decode()
    assert reading.outcome == "known"


def test_an_older_answer_is_no_news_and_a_correction_is_a_new_row(bank: Bank) -> None:
    for rate, day in (("11794.88", "21.08.2026"), ("11700.00", "20.08.2026"), ("11795.00", "21.08.2026")):
        bank.says(row(rate, day))
        fetch_rate()

    assert [micros for _, micros in rates()] == [11_794_880_000, 11_795_000_000]
    assert current_rates().micros_per_usd == 11_795_000_000


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (200, b"[]"),
        (200, b"<html>Texnik ishlar</html>"),
        (200, b"x\0y"),
        (200, b" " * 70_000),
        (503, b"busy"),
        (500, b""),
        (302, b""),
        (404, b"[]"),
        (0, b"[{"),
        (200, said(row("0", "22.08.2026"))),
        (200, said(row("abc", "22.08.2026"))),
        (200, said(row("11800.00", "22.09.2026"))),
    ],
)
def test_a_failing_feed_keeps_the_rate_and_tells_operators(bank: Bank, status: int, body: bytes) -> None:
    """R2"""
    id = add_rate("cbu", date(2026, 8, 21), 11_794_880_000, author="cbu.uz")
    bank.fails(status, body)
    fetch_rate()

    assert current_rates().fx_id == id
    assert len(rates()) == 1
    assert Alert.objects.filter(kind="exchange rate").count() == 1


def test_a_moment_of_failure_is_asked_again(bank: Bank) -> None:
    good = (200, said(row("11794.88", "21.08.2026")))
    bank.answers[:] = [(503, b""), (502, b""), good]
    fetch_rate()
    assert (len(rates()), len(bank.seen)) == (1, 3)
    bank.fails(503)
    with pytest.raises(FeedAway, match="HTTP 503"):
        feed.fetch(bank.url)
    assert len(bank.seen) == 3 + 1 + feed.RETRIES


def test_nobody_listening_is_an_alert(bank: Bank, settings: Any) -> None:
    settings.FX_FEED_URL = "http://127.0.0.1:1/"
    fetch_rate()
    assert Alert.objects.get(kind="exchange rate").subject == "the Central Bank's feed is away"


@pytest.mark.parametrize("rate", ["14153.90", "9435.00"])
def test_a_jump_waits_for_an_operator(bank: Bank, rate: str) -> None:
    """R2: +20 % and −20 %; asked again it is the same question."""
    id = add_rate("cbu", date(2026, 8, 20), 11_794_880_000, author="cbu.uz")
    bank.says(row(rate, "21.08.2026"))
    fetch_rate()
    fetch_rate()

    waiting = FxProposal.objects.get()
    assert (waiting.kind, waiting.state, waiting.before_micros) == ("jump", "pending", 11_794_880_000)
    assert current_rates().fx_id == id
    assert FxReading.objects.get().outcome == "held"
    assert Alert.objects.filter(kind="exchange rate").count() == 1


def test_the_next_sane_answer_makes_a_jump_void(bank: Bank) -> None:
    add_rate("cbu", date(2026, 8, 20), 11_794_880_000, author="cbu.uz")
    for rate, day in (("99.99", "21.08.2026"), ("14153.90", "21.08.2026"), ("11800.00", "22.08.2026")):
        bank.says(row(rate, day))
        fetch_rate()

    assert FxProposal.objects.get().state == "expired"
    assert rates()[-1] == (date(2026, 8, 22), 11_800_000_000)


def test_without_the_feed_nobody_is_asked(bank: Bank, settings: Any) -> None:
    settings.FX_FEED = False
    bank.says(row("11794.88", "21.08.2026"))
    fetch_rate()
    assert not bank.seen and not FxReading.objects.exists()


def test_an_ageing_rate_is_told_once_a_day_and_then_asked_for_each_hour(bank: Bank) -> None:
    add_rate("cbu", date(2026, 8, 21), 11_794_880_000, author="cbu.uz")
    bank.says(row("11794.88", "21.08.2026"))
    found = {}
    for day in (25, 26, 29):
        set_clock(f"2026-08-{day} 12:00+05")
        check_rate()
        check_rate()
        found[day] = (current_rates().level, len(bank.seen), Alert.objects.count())
    assert found == {25: (Level.FRESH, 0, 0), 26: (Level.WARN, 0, 1), 29: (Level.DEGRADE, 2, 2)}


def test_after_ten_days_it_stops_and_a_manual_rate_never_ages(bank: Bank) -> None:
    add_rate("cbu", date(2026, 8, 21), 11_794_880_000, author="cbu.uz")
    set_clock("2026-09-01 00:00+05")
    assert current_rates().level is Level.STOP
    set_manual_rate(11_900_000_000, date(2026, 9, 1), "ann and bob", "the feed is away", confirmed=True)
    set_clock("2027-09-01 00:00+05")
    assert current_rates().level is Level.FRESH


def test_a_seeded_rate_holds_until_the_feed_has_one(bank: Bank) -> None:
    add_rate("seed", date(2026, 8, 20), 11_700_000_000, author="demo")
    assert (current_rates().source, current_rates().level) == ("seed", Level.FRESH)
    bank.says(row("11794.88", "19.08.2026"))
    fetch_rate()
    assert (current_rates().source, current_rates().micros_per_usd) == ("cbu", 11_794_880_000)


def test_a_missing_rate_is_asked_for_and_told(bank: Bank, caplog: Any) -> None:
    with pytest.raises(MissingRate):
        current_rates()
    bank.says(row("11794.88", "21.08.2026"))
    with caplog.at_level(logging.ERROR):
        check_rate()
    assert current_rates().source == "cbu"
    assert Alert.objects.get().subject == "there is no exchange rate"
