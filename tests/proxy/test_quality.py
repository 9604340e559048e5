"""How endpoints and models have done, out of the log."""

from typing import Any
from uuid import uuid4

import pytest
from asgiref.sync import sync_to_async
from django.conf import settings
from django.core.cache import cache
from django.test import Client

from proxy.quality import WINDOWS, Quality, figures, qualities
from proxy.tasks import refresh_quality
from proxy.vitals import Vitals
from routing.catalog.load import load
from routing.catalog.parse import parse
from routing.health import Tally, bucket
from routing.models import Endpoint
from tests.billing.books import query
from tests.factories import make_caller
from tests.proxy.usage import call, connect, record, take_in

pytestmark = pytest.mark.django_db(transaction=True)

STREAM = {"stream": True, "ttft_ms": 400, "latency_ms": 2_400, "output_tokens": 100}
_ids = iter(range(uuid4().int % 10**9 * 10**3, 2**62))


def model() -> tuple[str, int, int]:
    """One that no other test has called, with two endpoints."""
    return f"acme/{uuid4().hex[:8]}", next(_ids), next(_ids)


def tried(endpoint: int, status: int = 200, error: str | None = None) -> dict[str, Any]:
    return {"endpoint": endpoint, "status": status, "error": error}


def logged(*calls: dict[str, Any]) -> None:
    with connect() as gateway:
        record(gateway, *calls)
    take_in()


def seen(name: str, window: str = "1h") -> Quality:
    return qualities(WINDOWS[window]).get(name, Quality())


def test_times_and_rates_of_streams_are_told_in_all_windows() -> None:
    name, one, _ = model()
    alice = make_caller(balance_uzs=1)
    answered = {"model": name, "endpoint_id": one, "attempts": [tried(one)]} | STREAM
    logged(*(call(alice, 1) | answered for _ in range(6)))
    for window in WINDOWS:
        tally = seen(name, window).endpoints[one]
        assert (tally.calls, tally.errors) == (6, 0)
        assert tally.ttft_ms() == pytest.approx(400, rel=0.03)
        assert tally.latency_ms(0.95) == pytest.approx(2_400, rel=0.03)
        assert tally.token_rate() == pytest.approx(50, rel=0.03)
        assert seen(name, window).whole.token_rate() == tally.token_rate()
    assert figures(qualities(WINDOWS["24h"]))[one].ttft_p95_ms == pytest.approx(400, rel=0.03)
    kept = "SELECT name, count FROM quality_day WHERE model = %s AND endpoint_id = 0 AND name IN ('n', 'e')"
    assert query(kept, name) == [("n", 6)]


def test_a_failover_is_the_first_endpoints_failure_and_the_callers_answer() -> None:
    name, one, two = model()
    alice = make_caller(balance_uzs=1)
    over = [tried(one, 503, "http_503"), tried(two)]
    logged(call(alice, 1) | {"model": name, "endpoint_id": two, "attempts": over})
    found = seen(name)
    assert (found.calls, found.errors) == (1, 0)
    assert {key: (t.calls, t.errors) for key, t in found.endpoints.items()} == {one: (1, 1), two: (1, 0)}
    assert not found.endpoints[two].rate, "what the first one took would count as the second one's"


def test_a_callers_mistake_is_nobodys_failure_and_silence_is() -> None:
    name, one, two = model()
    alice = make_caller(balance_uzs=1)
    failed = {"model": name, "status": "error", "endpoint_id": two, "op": "release", "cost": 0}
    logged(
        call(alice, 0) | failed | {"http_status": 400, "attempts": [tried(two, 400, "http_400")]},
        call(alice, 0) | failed | {"http_status": 502, "attempts": [tried(one, 500, "http_500")] * 2},
        call(alice, 0) | failed | {"http_status": 200, "status": "crashed", "attempts": [tried(one)]},
    )
    found = seen(name)
    assert (found.calls, found.errors) == (1, 1)
    assert {key: (t.calls, t.errors) for key, t in found.endpoints.items()} == {one: (1, 1)}


CATALOG = """\
providers: [{slug: up, name: Up, dialect: openai, base_url: "https://up.test/v1", credential: "env:UP_KEY"}]
models:
  - id: acme/shown
    name: Shown
    context_window: 8192
    endpoints: [{provider: up, upstream_name: shown, price_usd: {input: "1.00", output: "2.00"}}]
"""


@pytest.mark.django_db
def test_the_status_tells_shares_and_times_of_what_is_on_sale_and_no_numbers_of_calls() -> None:
    load(parse([("shop.yaml", CATALOG)]), {"UP_KEY": "sk-up"}, prune=True)
    own = Endpoint.objects.get(model__slug="acme/shown").pk
    for name, count in {"n": 20, "e": 5, f"t{bucket(400)}": 15, f"l{bucket(900)}": 15}.items():
        for step, endpoint in ((w.step, e) for w in WINDOWS.values() for e in (0, own)):
            counted = ("acme/shown", endpoint, name, count)
            query(f"INSERT INTO quality_{step} SELECT usage_start(now(), '{step}'), %s, %s, %s, %s", *counted)
    cache.delete("status")
    answer = Client().get("/v1/status")
    cache.delete("status")
    assert answer.headers["Cache-Control"] == "public, max-age=60"
    [told] = answer.json()["data"]
    measured = told["windows"]["24h"]
    assert (told["id"], measured["error_percent"], measured["tokens_per_second"]) == (
        "acme/shown",
        25.0,
        None,
    )
    assert measured["ttft_ms"]["p50"] == pytest.approx(400, rel=0.03)
    assert told["windows"] == dict.fromkeys(WINDOWS, measured)
    assert told["endpoints"] == [{"provider": "up", "windows": told["windows"]}]
    assert "calls" not in answer.text


async def test_a_gateway_that_redis_tells_nothing_expects_what_the_log_says_of_the_last_day() -> None:
    name, one, _ = model()
    alice = await sync_to_async(make_caller)(balance_uzs=1)
    answered = {"model": name, "endpoint_id": one, "attempts": [tried(one)]} | STREAM
    await sync_to_async(logged)(*(call(alice, 1) | answered for _ in range(6)))
    await sync_to_async(refresh_quality)()
    fresh = Vitals(settings.REDIS_URL, 5)
    try:
        await fresh.beat()
        known = fresh.figures(one)
    finally:
        fresh.close()
    assert (known.ttft_ms, known.ttft_p95_ms) == (pytest.approx(400, rel=0.03),) * 2
    assert known.token_rate == pytest.approx(50, rel=0.03)


def test_counts_that_were_taken_back_leave_nothing() -> None:
    tally = Tally()
    tally.add({"n": 0, "l10": 0})
    assert tally.latency_ms() is None
