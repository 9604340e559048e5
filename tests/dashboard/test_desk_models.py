"""The dashboard's models: prices, projects that may use each, and hosted prices as they move."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta

import pytest
from django.core.cache import cache
from django.test import Client

from accounts.models import Project
from billing.rates import set_manual_rate, set_markup
from dashboard.price_spark import HIGH, spark
from proxy import offers
from tests.dashboard.calls import browser, viewer
from tests.energy import make_model, make_site
from tests.factories import Caller, make_caller

pytestmark = pytest.mark.django_db
MODEL = "meta-llama/llama-3.1-70b-instruct"
PRICE = f"/dashboard/models/price/{MODEL}"


@pytest.fixture
def hosted() -> Iterator[None]:
    """A model at a site of ours whose electricity became dear an hour ago."""
    offers._held.clear()
    cache.clear()
    set_manual_rate(12_000_000_000, date(2026, 1, 1), "test", "test", confirmed=True)
    set_markup("hosted", 1000, "test", "test")
    now = datetime.now(UTC)
    site = make_site("dal", make_model())
    site.costs(now - timedelta(days=3), 16_200_000)
    site.costs(now - timedelta(hours=1), 101_300_000)
    site.ticks(now - timedelta(days=2), now)
    yield
    offers._held.clear()
    cache.clear()


def shown(caller: Caller, **query: str) -> str:
    page = browser(caller).get("/dashboard/models", query)
    assert page.status_code == 200
    return page.content.decode().replace("\u00a0", " ")


def test_a_card_says_what_a_model_costs_reads_and_who_may_use_it(catalog: None) -> None:
    caller = make_caller(allowed_models=["test/one"])
    text = shown(caller, q="test/one")
    for fact in ("12,600.00", "37,800.00", ">test/one<", "all projects", "id of "):
        assert fact in text, fact
    assert "no project" in shown(caller, q="test/three")
    Project.objects.create(organization=caller.organization, name="Second project")
    text = shown(caller, q="test/three")
    assert "Second project" in text and "all projects" not in text


def test_a_model_that_answers_is_tried_in_studio_by_who_may_call(catalog: None) -> None:
    caller = make_caller()
    assert "/dashboard/studio#model=test%2F" in shown(caller)
    assert "Try in Studio" not in viewer(caller).get("/dashboard/models").content.decode()
    assert "Try in Studio" not in shown(make_caller(allowed_models=[]), q="test/one")


def test_pages_of_the_list_follow_each_other_under_the_filter(catalog: None) -> None:
    caller = make_caller()
    first = shown(caller, sort="cheap")
    assert "sort=cheap&amp;page=2" in first and "Page 1 of" in first
    second = shown(caller, sort="cheap", page="2")
    assert "Page 2 of" in second and first != second
    assert "No model matches" in shown(caller, q="zzz")
    assert shown(caller, page="nonsense", modality="nonsense")


def test_without_a_rate_the_page_says_so() -> None:
    offers._held.clear()
    assert "Prices are being updated" in shown(make_caller())


def test_a_hosted_price_is_drawn_for_each_window_and_sent_again_only_when_it_moved(hosted: None) -> None:
    caller = make_caller()
    assert f'data-live-from="{PRICE}?window=24h"' in shown(caller)
    client = browser(caller)
    for window in ("4h", "24h", "7d"):
        answer = client.get(f"{PRICE}?window={window}", headers={"x-part": "price"})
        text = answer.content.decode()
        assert '<path d="M' in text and f"window={window}" in text.split("data-live-from")[1][:120]
        same = client.get(f"{PRICE}?window={window}", headers={"if-none-match": answer.headers["ETag"]})
        assert (same.status_code, same.content) in ((304, b""), (200, same.content))


def test_what_no_site_hosts_has_no_live_price(catalog: None, client: Client) -> None:
    signed_in = browser(make_caller())
    assert signed_in.get("/dashboard/models/price/test/one").status_code == 404
    assert signed_in.get("/dashboard/models/price/no/such").status_code == 404
    assert client.get(PRICE).status_code == 302


def test_a_spark_steps_and_is_open_where_nothing_is_known() -> None:
    drawn = spark([10, 10, None, 30, 20])
    assert drawn is not None
    assert (drawn.least, drawn.most, drawn.width) == (10, 30, 5)
    assert drawn.path == "M0 96H1V96H2M3 4H4V50H5"
    flat = spark([7, 7])
    assert flat is not None and flat.path == f"M0 {HIGH // 2}H1V{HIGH // 2}H2"
    assert spark([None, None]) is None and spark([]) is None
