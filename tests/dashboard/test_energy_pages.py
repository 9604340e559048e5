"""/energy, the chart of a hosted model's page, its CSV, and price alerts."""

import csv
import html
import io
import json
import re
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.core import mail
from django.core.cache import cache
from django.test import Client

from billing.models import Delivery
from billing.notices import post
from billing.rates import set_manual_rate, set_markup
from dashboard import alerts
from dashboard.models import PriceAlert
from dashboard.tasks import look_at_prices
from proxy import offers
from proxy.meter import unit_price
from routing.energy.markets import Feed
from routing.energy.models import Hosting
from routing.models import BenchmarkPrice
from tests.dashboard.calls import browser, viewer
from tests.dashboard.test_pages import strict
from tests.dashboard.undoing import undone
from tests.energy import FIXED, Site, make_model, make_site
from tests.factories import MICROS, Caller, make_caller

pytestmark = pytest.mark.django_db
MODEL = "meta-llama/llama-3.1-70b-instruct"
PAGE = f"/models/{MODEL}"
ALERT = f"/energy/alert/{MODEL}"
RATE, MARGIN = 12_000_000_000, 1000
CHEAP, DEAR = 16_200_000, 101_300_000


@pytest.fixture
def site() -> Iterator[Site]:
    """Two days at one site; electricity became dear an hour ago."""
    offers._held.clear()
    cache.clear()
    set_manual_rate(RATE, date(2026, 1, 1), "test", "test", confirmed=True)
    set_markup("hosted", MARGIN, "test", "test")
    now = datetime.now(UTC)
    found = make_site("dal", make_model())
    found.costs(now - timedelta(days=3), CHEAP)
    found.costs(now - timedelta(hours=1), DEAR)
    found.ticks(now - timedelta(days=2), now)
    yield found
    offers._held.clear()
    cache.clear()


def price(nano_usd: int) -> int:
    return unit_price(nano_usd, RATE, MARGIN)


def som(nano_usd: int) -> str:
    return f"{price(nano_usd) / MICROS:.2f}"


# --- The chart ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("language", ["uz", "ru", "en"])
@pytest.mark.parametrize("path", ["/energy", f"{PAGE}?window=7d"])
def test_the_chart_is_a_table_without_scripts_in_each_language(
    client: Client, site: Site, path: str, language: str
) -> None:
    text = strict(client.get(path, headers={"accept-language": language}))
    assert f'<html lang="{language}">' in text
    rows = text.split('class="scroll chart-table"')[1].split("</table>")[0].count('<th scope="row"')
    assert rows == (28 if "7d" in path else 24)
    assert "Dallas, Texas" in text and "<details data-chart-table open>" in text


def test_the_price_is_large_with_its_change_and_its_electricity(client: Client, site: Site) -> None:
    text = client.get(PAGE).content.decode().replace("\u00a0", " ")
    assert "14,900.16 UZS" in text  # (1.0275 + 0.1013) × 1.1 × 12,000
    assert re.search(r'class="bad">\+7\.\d+%', text)
    assert "electricity in it 1,337.16 UZS (8.97%)" in text and "cheapest now: Dallas, Texas" in text
    assert "SIMULATED" in text and "$" not in text and "MWh" not in text


def test_what_is_simulated_is_said_at_the_chart_and_once_in_words(client: Client, site: Site) -> None:
    text = client.get("/energy").content.decode()
    assert text.count("SIMULATED") == 1 < text.index("SIMULATED") - text.index('id="price-chart"')
    assert text.count("prices on this site are simulated") == 1


def test_the_chart_is_drawn_of_what_the_api_says(client: Client, site: Site) -> None:
    text = client.get(f"/energy/chart/{MODEL}?window=4h").content.decode()
    found = re.search(r'data-chart="([^"]*)"', text)
    assert found is not None
    drawn = json.loads(html.unescape(found[1]))
    told = client.get(f"/v1/models/{MODEL}/price-history?window=4h").json()
    for name, other in (("out", "out"), ("energy", "energy"), ("least", "min"), ("most", "max")):
        assert drawn[name] == [one and int(one * 100 + 0.5) / 100 for one in told[other]]
    assert (drawn["site"], drawn["state"], drawn["t0"]) == (told["site"], told["state"], told["t0"])
    assert drawn["sites"] == {"dal": "Dallas, Texas"} and drawn["states"]["fresh"] == "live"


def test_the_chart_alone_is_sent_again_only_when_it_has_changed(client: Client, site: Site) -> None:
    path = f"/energy/chart/{MODEL}"
    first = client.get(path)
    assert first.content.decode().lstrip().startswith("<section")
    again = client.get(path, headers={"if-none-match": first.headers["ETag"]})
    assert again.status_code in {200, 304}  # 200 if five minutes have just ended
    site.costs(datetime.now(UTC), CHEAP)
    later = client.get(path, headers={"if-none-match": first.headers["ETag"]})
    assert later.status_code == 200 and later.headers["ETag"] != first.headers["ETag"]
    other = client.get(path, headers={"accept-language": "ru", "if-none-match": later.headers["ETag"]})
    assert other.status_code == 200


def test_a_csv_has_every_point(client: Client, site: Site) -> None:
    answer = client.get(f"/energy/csv/{MODEL}?window=24h")
    assert answer.headers["Content-Disposition"].endswith('llama-3.1-70b-instruct-24h.csv"')
    text = b"".join(answer.streaming_content).decode("utf-8-sig")  # type: ignore[attr-defined]
    rows = list(csv.DictReader(io.StringIO(text)))
    assert len(rows) == 288 and rows[0]["from_utc"].endswith("Z")
    assert rows[0]["mean_uzs"] == f"{price(FIXED + CHEAP) / MICROS:f}".rstrip("0").rstrip(".")
    assert (rows[0]["site"], rows[0]["state"]) == ("dal", "fresh")


@pytest.mark.parametrize("path", ["/energy/chart/no/such", "/energy/csv/no/such", "/energy?model=no/such"])
def test_what_nobody_hosts_has_no_chart(client: Client, site: Site, path: str) -> None:
    assert client.get(path).status_code == 404


def test_without_sites_the_page_says_so(client: Client) -> None:
    assert "No hosted models yet" in client.get("/energy").content.decode()


def test_a_claim_is_made_only_with_evidence_and_never_of_simulated_prices(client: Client, site: Site) -> None:
    claim = re.compile(r"Up to (\d+)% lower")
    Hosting.objects.create(
        endpoint=site.endpoint, gpus=4, joules_per_token=Decimal("0.648"), tokens_per_s=3244
    )
    for number in range(3):
        BenchmarkPrice.objects.create(
            model=site.endpoint.model,
            provider=f"Provider {number}",
            input_nano=2_000_000_000,
            output_nano=4_000_000_000,
            url="https://provider.test/prices",
            seen_at=date.today(),  # noqa: DTZ011
        )
    assert not claim.search(client.get("/energy").content.decode())
    Feed.objects.update(simulated=False)
    cache.clear()
    found = claim.search(client.get("/energy").content.decode())
    # ours: 1.04370 × (3 × 0.2 + 1) / 4 × 1.1 = 0.4592 against 2.5
    assert found is not None and found[1] == "81"
    BenchmarkPrice.objects.filter(provider="Provider 0").delete()
    cache.clear()
    assert not claim.search(client.get("/energy").content.decode())


# --- Alerts -------------------------------------------------------------------------------------------------


def alert_of(caller: Caller) -> PriceAlert:
    return PriceAlert.objects.get(user=caller.user)


def wish(caller: Caller, below: str = "14000") -> None:
    answer = browser(caller).post(ALERT, {"below": below}, follow=True)
    assert "You will be told" in answer.content.decode()


def test_a_person_is_told_once_per_fall(site: Site) -> None:
    alice = make_caller()
    wish(alice)
    assert alerts.look() == 0
    site.costs(datetime.now(UTC), CHEAP)
    assert alerts.look() == 1 and alerts.look() == 0
    post.send_due()
    (sent,) = mail.outbox
    assert "Llama 3.1 70B costs 13,776.84\u00a0UZS per million output tokens" in sent.subject
    assert sent.to == [alice.user.email] and "/energy" in sent.body


def test_it_is_armed_again_when_the_price_has_risen_but_not_told_twice_an_hour(site: Site) -> None:
    alice = make_caller()
    wish(alice)
    site.costs(datetime.now(UTC), CHEAP)
    look_at_prices()
    site.costs(datetime.now(UTC), DEAR)
    look_at_prices()
    assert alert_of(alice).armed
    site.costs(datetime.now(UTC), CHEAP)
    look_at_prices()
    assert Delivery.objects.filter(user=alice.user).count() == 1
    PriceAlert.objects.update(told_at=datetime.now(UTC) - timedelta(hours=2))
    look_at_prices()
    look_at_prices()
    assert Delivery.objects.filter(user=alice.user).count() == 2


def test_whoever_left_or_said_no_is_not_told(site: Site) -> None:
    alice, bob = make_caller(), make_caller()
    wish(alice)
    wish(bob)
    alice.organization.memberships.all().delete()
    form = {"do": "choose", "language": "en", "cap-email": "on"}
    browser(bob).post("/dashboard/notifications", form)
    site.costs(datetime.now(UTC), CHEAP)
    alerts.look()
    assert not Delivery.objects.filter(user__in=[alice.user, bob.user]).exists()


def test_a_site_that_is_closed_tells_nobody(site: Site) -> None:
    alice = make_caller()
    wish(alice)
    site.centre.state.drained = True
    site.centre.state.save()
    site.costs(datetime.now(UTC), CHEAP)
    assert alerts.look() == 0 and alert_of(alice).armed


def test_a_viewer_has_alerts_of_their_own_and_nobody_elses(site: Site) -> None:
    alice, bob = make_caller(), make_caller()
    wish(alice)
    reader = viewer(alice)
    path = f"/dashboard/notifications/alerts/{alert_of(alice).pk}/remove"
    assert browser(bob).post(path).status_code == 404
    assert reader.post(path).status_code == 404  # of the same organization
    assert "below 14,000.00" in browser(alice).get("/dashboard/notifications").text
    assert "below 14,000.00" not in browser(bob).get("/dashboard/notifications").text
    assert Client().post(path).status_code == 302 and browser(alice).get(path).status_code == 405
    client = browser(alice)
    page = client.post(path, follow=True).text
    assert not PriceAlert.objects.filter(user=alice.user).exists()
    undone(client, page)
    assert alert_of(alice).below_micros == 14_000 * MICROS
    client.post(f"/dashboard/notifications/alerts/{alert_of(alice).pk}/remove")
    assert reader.post(ALERT, {"below": "14000"}).status_code == 302
    assert PriceAlert.objects.filter(organization=alice.organization).count() == 1


@pytest.mark.parametrize(
    ("below", "said"),
    [("15000", "below that now already"), ("0", "Write an amount"), ("x", "Write an amount")],
)
def test_a_wish_that_means_nothing_is_refused(site: Site, below: str, said: str) -> None:
    alice = make_caller()
    assert said in browser(alice).post(ALERT, {"below": below}, follow=True).content.decode()
    assert not PriceAlert.objects.filter(user=alice.user).exists()


def test_there_are_limits(site: Site, monkeypatch: Any) -> None:
    monkeypatch.setattr(alerts, "ALERTS_MAX", 1)
    alice = make_caller()
    wish(alice)
    wish(alice, "13 900")  # the same model again replaces it
    assert alert_of(alice).below_micros == 13_900 * MICROS
    other = make_site("tor", make_model("vendor/other", "Other"))
    other.costs(datetime.now(UTC), DEAR)
    offers._held.clear()
    answer = browser(alice).post("/energy/alert/vendor/other", {"below": "100"}, follow=True)
    assert "price alerts are not possible" in answer.content.decode()
    assert browser(alice).post("/energy/alert/no/such", {"below": "100"}).status_code == 404


def test_a_form_without_its_token_is_refused(site: Site) -> None:
    alice = make_caller()
    client = Client(enforce_csrf_checks=True)
    client.force_login(alice.user)
    assert client.post(ALERT, {"below": "14000"}).status_code == 403
