"""The price list: public, dated, and exactly what a call is charged."""

import csv
import io
import json
from datetime import date
from decimal import ROUND_CEILING, Decimal
from typing import Any

import pytest
from django.test import Client
from hypothesis import HealthCheck, given
from hypothesis import settings as examples
from hypothesis import strategies as st

from billing.rates import add_rate, set_markup
from dashboard.pricing import price_list
from dashboard.pricing_files import as_json
from proxy.meter import Usage, total
from proxy.offers import market
from routing.strategies import ordered
from tests.billing.books import set_clock
from tests.dashboard.calls import browser, log_call
from tests.dashboard.test_pages import strict
from tests.factories import make_caller

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("catalog")]


def listed(client: Client) -> dict[str, Any]:
    answer = client.get("/pricing.json")
    assert answer.status_code == 200
    return json.loads(answer.content)


def by_hand(components: list[dict[str, Any]], usage: Usage) -> int:
    """Micros of a usage by what the list says and nothing else."""
    price: dict[str, tuple[int, Decimal]] = {}
    for line in sorted(components, key=lambda line: line["over_tokens"]):
        if usage.input > line["over_tokens"] or not line["over_tokens"]:
            price[line["component"]] = (line["per"], Decimal(line["price_uzs"]))
    plain, output = price.get("input"), price.get("output")
    five = price.get("cache_write_5m", plain)
    units = {
        "input": (usage.input - usage.cached - usage.cache_write - usage.cache_write_1h, plain),
        "cached_input": (usage.cached, price.get("cached_input", plain)),
        "cache_write_5m": (usage.cache_write, five),
        "cache_write_1h": (usage.cache_write_1h, price.get("cache_write_1h", five)),
        "output": (usage.output - usage.reasoning, output),
        "reasoning": (usage.reasoning, price.get("reasoning", output)),
        "image": (usage.image, price.get("image")),
        "second": (usage.second, price.get("second")),
        "character": (usage.character, price.get("character")),
        "request": (1, price.get("request")),
    }
    micros = [
        (count * found[1] * 10**6 / found[0]).to_integral_value(ROUND_CEILING)
        for count, found in units.values()
        if found is not None
    ]
    return int(sum(micros))


@st.composite
def usages(draw: Any) -> Usage:
    prompt = draw(st.integers(0, 400_000))
    cached = draw(st.integers(0, prompt))
    written = draw(st.integers(0, prompt - cached))
    hourly = draw(st.integers(0, prompt - cached - written))
    output = draw(st.integers(0, 100_000))
    reasoning = draw(st.integers(0, output))
    pieces = st.integers(0, 5_000)
    return Usage(prompt, cached, written, hourly, output, reasoning, draw(pieces), draw(pieces), draw(pieces))


@pytest.mark.parametrize("margin", [0, 137])
def test_any_call_at_any_provider_costs_what_the_list_says(margin: int) -> None:
    set_markup("fx", margin, "ann", "test")
    prices = price_list()
    assert prices is not None
    entries = {entry["id"]: entry for entry in as_json(prices)["models"]}
    here = market()
    endpoints = [
        (slug, endpoint) for slug in entries for endpoint in ordered(here.catalog.models[slug].endpoints, ())
    ]

    @examples(deadline=None, suppress_health_check=list(HealthCheck))
    @given(st.sampled_from(endpoints), usages())
    def holds(chosen: Any, usage: Usage) -> None:
        slug, endpoint = chosen
        price = here.price(endpoint)
        tags = [tag for tag in entries[slug]["prices"] if endpoint.provider.name in tag["providers"]]
        charges = {by_hand(tag["components"], usage) for tag in tags}
        assert total(usage, price.sale) in charges
        assert len(tags) == 1 or len(charges) <= len(tags)

    holds()


def test_the_first_price_is_whose_provider_is_asked_first(client: Client) -> None:
    entry = next(entry for entry in listed(client)["models"] if entry["id"] == "test/three")
    assert [tag["providers"] for tag in entry["prices"]] == [["Alpha"], ["Beta"], ["Gamma"]]
    first = {line["component"]: line["price_uzs"] for line in entry["prices"][0]["components"]}
    assert first == {"input": "12600", "output": "37800"}


def test_the_list_says_of_which_day_and_rate_it_is(client: Client) -> None:
    set_clock("2026-11-21 12:00+05")
    found = listed(client)
    assert (found["prices_of"], found["rate_date"]) == ("2026-11-21", "2026-01-01")
    assert (found["currency"], found["vat_included"], found["fx_margin_percent"]) == ("UZS", True, "0")
    text = client.get("/pricing").content.decode()
    assert "Prices of 21 November 2026, valid until changed" in text and "1 January 2026." in text
    assert "$" not in text and "USD" not in text


def test_the_table_says_the_same_as_the_json(client: Client) -> None:
    answer = client.get("/pricing.csv")
    assert answer.headers["Content-Type"].startswith("text/csv")
    text = answer.content.decode("utf-8-sig")
    rows = {
        (row["model"], row["providers"], row["component"], int(row["over_tokens"])): row["price_uzs"]
        for row in csv.DictReader(io.StringIO(text))
    }
    assert rows == {
        (entry["id"], "; ".join(tag["providers"]), line["component"], line["over_tokens"]): line["price_uzs"]
        for entry in listed(client)["models"]
        for tag in entry["prices"]
        for line in tag["components"]
    }


@pytest.mark.parametrize("language", ["uz", "ru", "en"])
def test_the_page_is_strict_in_each_language(client: Client, language: str) -> None:
    text = strict(client.get("/pricing", headers={"accept-language": language}))
    assert f'<html lang="{language}">' in text
    assert text.count('class="price-list"') == 1


def shown(client: Client, **query: str) -> set[str]:
    text = client.get("/pricing", query).content.decode()
    return {part.split("<")[0] for part in text.split('class="model-id">')[1:]}


def test_it_is_searched_and_narrowed(client: Client) -> None:
    assert shown(client, q="THREE") == {"test/three"}
    assert {"test/image", "test/paint"} <= shown(client, modality="image")
    assert "test/one" not in shown(client, modality="image")
    assert shown(client, free="on") == {"test/free", "test/free-paint", "test/free-video"}
    assert "No model matches" in client.get("/pricing", {"q": "zzz"}).content.decode()
    part = client.get("/pricing", {"q": "three"}, headers={"hx-request": "true"})
    assert part.content.decode().lstrip().startswith("<section")


@pytest.mark.parametrize("path", ["/pricing", "/pricing.json", "/pricing.csv"])
def test_it_is_sent_again_only_when_it_has_changed(client: Client, path: str) -> None:
    client.get(path)  # the page's first answer sets the token of its form
    first = client.get(path)
    known = {"if-none-match": first.headers["ETag"]}
    assert client.get(path, headers=known).status_code == 304

    set_markup("routing_fee", 700, "ann", "test")

    later = client.get(path, headers=known)
    assert later.status_code == 200 and later.headers["ETag"] != first.headers["ETag"]


def test_a_page_of_somebody_else_is_another_one(client: Client) -> None:
    anonymous, signed_in = client.get("/pricing"), browser(make_caller()).get("/pricing")
    assert anonymous.headers["ETag"] != signed_in.headers["ETag"]
    assert "private" in signed_in.headers["Cache-Control"] and "Cookie" in signed_in.headers["Vary"]
    other = client.get(
        "/pricing", headers={"accept-language": "ru", "if-none-match": anonymous.headers["ETag"]}
    )
    assert other.status_code == 200


@pytest.mark.parametrize("path", ["/pricing", "/pricing.json", "/pricing.csv"])
def test_the_number_of_queries_is_small_and_always_the_same(
    client: Client, path: str, django_assert_max_num_queries: Any
) -> None:
    client.get(path)
    with django_assert_max_num_queries(6):
        client.get(path)


def test_a_margin_is_a_line_of_its_own_where_there_is_one(client: Client) -> None:
    assert "Exchange margin" not in client.get("/pricing").content.decode()
    set_markup("fx", 250, "ann", "test")

    text = client.get("/pricing").content.decode()
    assert "Exchange margin: 2.5" in text
    # $1.00 × 12,000 × 1.05 × 1.025
    assert "12,915.00" in text
    assert "Exchange margin" in client.get("/").content.decode()
    one = next(entry for entry in listed(client)["models"] if entry["id"] == "test/one")
    line = one["prices"][0]["components"][0]
    assert (line["base_uzs"], line["price_uzs"], line["fx_margin_uzs"]) == ("12000", "12915", "315")
    assert one["prices"][0]["price_version"].count(".x") == 1


def test_a_receipt_shows_the_margin_only_where_there_was_one() -> None:
    caller = make_caller()
    plain = log_call(caller)
    parts = {"base": 12_000_000_000, "final": 12_915_000_000, "fx_margin": 315_000_000}
    dearer = log_call(caller, fx_margin=7, fx_margin_bps=250, prices={"input": parts})
    client = browser(caller)
    pages = [client.get(f"/dashboard/activity/{call}").content.decode() for call in (plain, dearer)]
    assert "xchange margin" not in pages[0]
    assert "Exchange margin</dt><dd>2.5" in pages[1] and "of it exchange margin 315.00" in pages[1]
    assert all("20 Nov 2026" in page for page in pages)
    told = client.get(f"/v1/generation/{dearer}", headers=caller.headers).json()
    assert (told["fx_margin_percent"], told["price_version"]) == ("2.5", "c1.f1.m1.x7")


@pytest.mark.parametrize(
    ("today", "said"), [("2026-08-31", "days old"), ("2026-09-05", "Paid calls are paused")]
)
def test_an_old_rate_is_admitted(client: Client, today: str, said: str) -> None:
    set_clock(f"{today} 12:00+05")
    add_rate("cbu", date(2026, 8, 22), 12_000_000_000, author="test", ends_manual=True)
    assert said in client.get("/pricing").content.decode()
    assert listed(client)["paid_calls_paused"] is (said == "Paid calls are paused")


def test_without_a_rate_there_is_no_list(client: Client, monkeypatch: Any) -> None:
    monkeypatch.setattr("billing.rates._FX", "SELECT FROM fx_rate WHERE false")
    for path in ("/pricing", "/pricing.json", "/pricing.csv"):
        assert client.get(path).status_code == 503


PAGES = ("/", "/pricing", "/dashboard/billing")


def test_a_provider_is_named_as_coming_until_all_its_secrets_are_set(settings: Any) -> None:
    client = browser(make_caller())
    settings.PAYME_MERCHANT_ID = "m"
    for path in PAGES:
        text = client.get(path).content.decode()
        assert "Payme" in text and "oming soon" in text and "Uzum" not in text

    settings.PAYME_KEY = settings.CLICK_SECRET_KEY = "k"
    settings.CLICK_SERVICE_ID = settings.CLICK_MERCHANT_ID = "1"
    for path in PAGES[:2]:
        text = client.get(path).content.decode()
        assert "oming soon" not in text and text.count("Accepted") == 3
    assert "coming soon" not in client.get(PAGES[2]).content.decode()
