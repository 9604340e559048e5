"""R1–R3: what the Central Bank's feed says, and what the running server's public price list makes of it.

A database of its own: rates are only added, and other tests need theirs to be the newest.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.conf import LazySettings

from accounts.models import Alert
from billing.fx import feed
from billing.models import FxRate
from billing.tasks import fetch_rate
from tests import embedded
from tests.billing.bank import Bank, row, running_bank, said
from tests.factories import rows
from tests.live.client import get
from tests.processes import Gateway, until
from tests.stack import Stack, working_on


@dataclass(frozen=True, slots=True)
class Site:
    """A running server and the bank whose feed it reads."""

    gateway: Gateway
    bank: Bank

    def listed(self) -> tuple[Decimal, str, str]:
        """So'm for a million input tokens of test/one ($1.00 and 5 %), its rate's date, its version."""
        found = get(self.gateway, "/pricing.json").json()
        (entry,) = [entry for entry in found["models"] if entry["id"] == "test/one"]
        prices = {line["component"]: line["price_uzs"] for line in entry["prices"][0]["components"]}
        return Decimal(prices["input"]), found["rate_date"], found["version"]

    def becomes(self, price: Decimal | int, day: date) -> None:
        """The server has read a change, and this is its price then."""
        until(lambda: self.listed()[:2] == (price, day.isoformat()), f"{price} of {day}")

    def reads(self, *quoted: dict[str, Any]) -> None:
        """The bank says so, and the job asks it."""
        self.bank.says(*quoted)
        fetch_rate()


@pytest.fixture
def site(stack: Stack, settings: LazySettings, monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    name = f"feed_{embedded.worker_number()}"
    embedded.clone(name)
    own = replace(stack, env=stack.env | embedded.environment(name, valkey_db=15))
    own.manage("catalog", "--skip-checks", "load", str(stack.folder / "catalog.yaml"))
    with running_bank() as bank, working_on(name):
        settings.FX_FEED, settings.FX_FEED_URL = True, bank.url
        monkeypatch.setattr(feed.fetch, "__kwdefaults__", {"backoff_s": 0})
        with own.another_gateway("feed") as gateway:
            yield Site(gateway, bank)


def dotted(day: date) -> str:
    """As the bank writes it."""
    return f"{day:%d.%m.%Y}"


def test_r1_r2_r3_the_price_list_follows_what_is_right_on_its_day_and_nothing_else(site: Site) -> None:
    today: date = rows("SELECT billing_today() AS today")[0]["today"]
    yesterday, tomorrow = today - timedelta(days=1), today + timedelta(days=1)
    # R1: of ten dollars and ten rupiahs, it is one dollar that counts.
    site.reads(
        row("120000.00", dotted(yesterday), nominal="10"),
        row("7.18", dotted(yesterday), ccy="IDR", nominal="10"),
    )
    site.becomes(12_600, yesterday)
    stays_whatever_is_wrong(site, dotted(today))
    # R3: yesterday's rate holds today; tomorrow's is there, and not used yet.
    before = site.listed()
    site.reads(row("12300.00", dotted(tomorrow)))
    assert FxRate.objects.get(source="cbu", date=tomorrow).micros_per_usd == 12_300_000_000
    until(lambda: site.listed()[2] != before[2], "the server's look at the new row")
    assert site.listed()[:2] == before[:2] == (12_600, yesterday.isoformat())


def stays_whatever_is_wrong(site: Site, day: str) -> None:
    """R2: old rate, and an alert each time."""
    known, before = FxRate.objects.count(), site.listed()
    wrong = [
        (200, b"[]", "refused"),
        (200, b"<html>Texnik ishlar</html>", "refused"),
        (503, b"busy", "away"),
        (200, said(row("0", day)), "refused"),
        (200, said(row("abc", day)), "refused"),
        (200, said(row("14400.00", day)), "jumped"),
    ]
    for status, body, word in wrong:
        Alert.objects.filter(kind="exchange rate").delete()
        site.bank.fails(status, body)
        fetch_rate()
        assert word in Alert.objects.get(kind="exchange rate").subject
    assert (site.listed(), FxRate.objects.count()) == (before, known)
