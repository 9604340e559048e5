"""What pages may claim about hosted prices, out of rows."""

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

import pytest
from django.core.cache import cache
from django.utils import timezone

from billing.rates import set_manual_rate, set_markup
from dashboard.hosted import overview
from dashboard.moments import today
from proxy import offers
from routing.energy.models import BenchmarkPrice, Hosting
from routing.energy.tick import tick
from tests.energy import Site, make_model
from tests.routing.energy.grid import FIVE, host, publish

pytestmark = pytest.mark.django_db


@pytest.fixture
def site() -> Iterator[Site]:
    offers._held.clear()
    set_manual_rate(12_000_000_000, date(2026, 1, 1), "test", "test", confirmed=True)
    set_markup("hosted", 1000, "test", "test")
    found = host("omaha", make_model(), feed="ercot")
    now = timezone.now()
    publish(found, now - 4 * FIVE, ["40"] * 4)
    tick(now - 2 * FIVE)
    tick(now)
    yield found
    offers._held.clear()


def listed(site: Site, *usd: int, quantization: str = "", **more: Any) -> None:
    for number, price in enumerate(usd):
        BenchmarkPrice.objects.create(
            model=site.endpoint.model,
            provider=f"provider {number}",
            quantization=quantization,
            input_nano=price * 10**9,
            output_nano=price * 10**9,
            url="https://prices.test/",
            **{"seen_at": today()} | more,
        )


def claim() -> int | None:
    cache.delete("energy.claim")
    return overview().claim


def test_three_providers_that_were_seen_lately_make_a_claim(site: Site) -> None:
    listed(site, 1, 2)
    assert claim() is None
    listed(site, 1, 2, 1, seen_at=today() - timedelta(days=2))
    # 1.0495 USD of output and 0.2099 of input, and a margin of 10 %: 0.4618 for the mix, against 1 USD.
    assert claim() == 53


def test_prices_of_another_quantization_or_of_last_month_prove_nothing(site: Site) -> None:
    listed(site, 4, 4, 4, quantization="FP8")
    listed(site, 4, 4, 4, seen_at=today() - timedelta(days=31))
    assert claim() is None
    Hosting.objects.update(quantization="FP8")
    assert claim() is not None


def test_simulated_prices_prove_nothing(site: Site) -> None:
    listed(site, 4, 4, 4)
    site.centre.node.feed.__class__.objects.update(simulated=True)
    assert claim() is None
