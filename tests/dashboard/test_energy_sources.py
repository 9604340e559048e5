"""Pages that show what comes of markets' prices name the markets, as their terms ask."""

import pytest
from django.test import Client

from routing.energy.markets import Feed, GridNode
from tests.dashboard.test_energy_pages import site
from tests.dashboard.test_pages import strict
from tests.energy import Site

__all__ = ["site"]  # a fixture
pytestmark = pytest.mark.django_db


def test_the_page_names_the_markets_behind_its_prices_and_the_bank_behind_their_currency(
    client: Client, site: Site
) -> None:
    Feed.objects.filter(slug="replay").update(simulated=False, attribution="Prices: a market")
    Feed.objects.update_or_create(slug="boc", defaults={"attribution": "Exchange rate: a bank"})
    Feed.objects.update_or_create(slug="spp", defaults={"attribution": "Prices: nobody asked"})
    text = strict(client.get("/energy"))
    assert "Prices: a market" in text
    assert "a bank" not in text
    GridNode.objects.filter(feed__slug="replay").update(currency="CAD")
    text = strict(client.get("/energy"))
    assert "Exchange rate: a bank · Prices: a market" in text
    assert "nobody asked" not in text
