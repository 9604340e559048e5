"""GET /v1/models/{id}/price-history and /v1/energy/sites: what charts are drawn of, at the prices charged."""

import time
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from django.test import Client

from billing.rates import set_manual_rate, set_markup
from proxy import offers
from proxy.meter import unit_price
from routing.models import Preference
from tests.energy import FIXED, Site, make_model, make_site

pytestmark = pytest.mark.django_db
RATE, MARGIN = 12_000_000_000, 1000
MODEL = "meta-llama/llama-3.1-70b-instruct"
HISTORY = f"/v1/models/{MODEL}/price-history"
CHEAP, DEAR = 16_200_000, 101_300_000  # nano-USD of electricity per million output tokens


@pytest.fixture
def now() -> datetime:
    return datetime.fromtimestamp(int(time.time()), UTC)


@pytest.fixture
def site(now: datetime) -> Iterator[Site]:
    """Eight days at one site, with a spike of five minutes two days ago."""
    offers._held.clear()
    set_manual_rate(RATE, date(2026, 1, 1), "test", "test", confirmed=True)
    set_markup("hosted", MARGIN, "test", "test")
    found = make_site("dal", make_model())
    found.costs(now - timedelta(days=9), CHEAP)
    found.costs(now - timedelta(days=2), DEAR)
    found.costs(now - timedelta(days=2) + timedelta(minutes=5), CHEAP)
    found.ticks(now - timedelta(days=8), now)
    yield found
    offers._held.clear()


def price(nano_usd: int) -> float:
    return unit_price(nano_usd, RATE, MARGIN) / 1_000_000


def read(client: Client, **query: str) -> dict[str, Any]:
    answer = client.get(HISTORY, query)
    assert answer.status_code == 200, answer.content
    return answer.json()  # type: ignore[no-any-return]


@pytest.mark.parametrize(
    ("window", "points", "step"), [("4h", 48, 300), ("24h", 288, 300), ("7d", 336, 1800)]
)
def test_a_window_has_its_points_side_by_side(
    client: Client, site: Site, window: str, points: int, step: int
) -> None:
    found = read(client, window=window)
    columns = [found[name] for name in ("out", "energy", "min", "max", "site", "state")]
    assert {len(column) for column in columns} == {points} and found["step"] == step
    for least, mean, most in zip(found["min"], found["out"], found["max"], strict=True):
        assert least <= mean <= most
    assert found["out"][-1] == price(FIXED + CHEAP) and found["energy"][-1] == price(CHEAP)
    assert set(found["site"]) == {"dal"} and set(found["state"]) == {"fresh"}
    assert found["sites"] == {"dal": "Dal"} and found["simulated"] is True


def test_a_spike_survives_a_week(client: Client, site: Site) -> None:
    found = read(client, window="7d")
    assert max(found["max"]) == price(FIXED + DEAR)
    assert price(FIXED + CHEAP) < max(found["out"]) < price(FIXED + DEAR)
    assert max(read(client, window="24h")["max"]) == price(FIXED + CHEAP)


def test_a_missing_tick_is_a_gap(client: Client, site: Site, now: datetime) -> None:
    hole = now - timedelta(hours=2)
    site.centre.prices.filter(at__gt=hole, at__lt=hole + timedelta(minutes=20)).delete()
    out = read(client, window="4h")["out"]
    assert 1 <= out.count(None) <= 4 and out[-1] is not None


def test_the_current_price_is_what_a_call_pays(client: Client, site: Site, now: datetime) -> None:
    other = make_site("tor", site.endpoint.model)
    other.costs(now, CHEAP - 1_000_000)
    other.ticks(now - timedelta(minutes=5), now)
    found = read(client)
    assert found["current"] == {
        "site": "tor",
        "state": "fresh",
        "input": price((FIXED + CHEAP - 1_000_000) // 5),
        "cached_input": price((FIXED + CHEAP - 1_000_000) // 20),
        "output": price(FIXED + CHEAP - 1_000_000),
        "energy": price(CHEAP - 1_000_000),
    }
    assert price(FIXED + CHEAP - 1_000_000) < found["average_24h"] <= price(FIXED + CHEAP)


def test_it_is_sent_again_only_when_it_has_changed(client: Client, site: Site, now: datetime) -> None:
    first = client.get(HISTORY)
    assert first.headers["Cache-Control"] == "public, max-age=60"
    known = {"if-none-match": first.headers["ETag"]}
    again = client.get(HISTORY, headers=known)
    if int(time.time()) // 300 == int(now.timestamp()) // 300:  # the window moves with the clock
        assert again.status_code == 304 and again.content == b""
        assert again.headers["Cache-Control"] == "public, max-age=60"
    site.costs(now, DEAR)
    later = client.get(HISTORY, headers=known)
    assert later.status_code == 200 and later.headers["ETag"] != first.headers["ETag"]


def test_dollars_are_told_only_where_the_operator_allows_it(
    client: Client, site: Site, settings: Any
) -> None:
    assert "usd" not in client.get(HISTORY).content.decode().lower()
    settings.SHOW_USD = True
    found = read(client)
    assert found["out_usd"][-1] == 1.14807  # (1.0275 + 0.0162) × 1.1
    assert found["energy_usd"][-1] == 0.01782


def test_an_alias_leads_to_the_model_and_others_to_404(client: Client, site: Site) -> None:
    assert client.get("/v1/models/Llama 3.1 70B/price-history").json()["model"] == MODEL
    answer = client.get("/v1/models/no/such/price-history")
    assert (answer.status_code, answer.json()["error"]["code"]) == (404, "model_not_found")
    make_model("vendor/elsewhere", "Elsewhere")
    offers._held.clear()
    answer = client.get("/v1/models/vendor/elsewhere/price-history")
    assert (answer.status_code, answer.json()["error"]["code"]) == (404, "no_price_history")
    assert client.get(HISTORY, {"window": "1y"}).status_code == 400


def test_sites_tell_what_models_cost_there(client: Client, site: Site) -> None:
    Preference.objects.create(
        model=site.endpoint.model, endpoint=site.endpoint, since=datetime(2026, 1, 1, tzinfo=UTC)
    )
    answer = client.get("/v1/energy/sites")
    (found,) = [row for row in answer.json()["data"] if row["id"] == "dal"]
    assert (found["place"], found["country"], found["state"]) == ("Dallas, Texas", "US", "fresh")
    (model,) = found["models"]
    assert (model["id"], model["output"], model["energy"]) == (MODEL, price(FIXED + CHEAP), price(CHEAP))
    assert model["preferred"] and model["available"] and not found["drained"]
    text = answer.content.decode().lower()
    assert "delivered" not in text and "lmp" not in text and "usd" not in text
    assert (
        client.get("/v1/energy/sites", headers={"if-none-match": answer.headers["ETag"]}).status_code == 304
    )


def test_the_number_of_queries_is_small(
    client: Client, site: Site, django_assert_max_num_queries: Any
) -> None:
    client.get(HISTORY)
    with django_assert_max_num_queries(8):
        client.get(HISTORY, {"window": "7d"})
