"""GET /v1/generation/{id}: the receipt of one call."""

from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

import pytest
from django.test import Client

from billing.ids import new_op_id
from proxy.models import Request
from routing.models import Endpoint, Model, Provider
from tests.factories import Caller, make_caller

pytestmark = pytest.mark.django_db
ROUTE = [
    {
        "endpoint": 1,
        "provider": "openai",
        "model": "openai/gpt-4o",
        "score": "1.000",
        "estimated": False,
    },
    {"endpoint": 3, "provider": "groq", "model": "openai/gpt-4o", "rejected": "ignored"},
]


def make_request(caller: Caller, **more: Any) -> UUID:
    op = new_op_id()
    plain: dict[str, Any] = {
        "id": op,
        "at": datetime(2026, 11, 21, 7, 0, tzinfo=UTC),
        "org_id": caller.organization.pk,
        "project_id": caller.project.pk,
        "key_id": caller.api_key.pk,
        "model": "openai/gpt-4o",
        "asked": "GPT 4o@price",
        "endpoint_id": 0,
        "provider": "azure",
        "kind": "chat",
        "stream": True,
        "sandbox": False,
        "free": False,
        "status": "ok",
        "http_status": 200,
        "error_code": "",
        "finish_reason": "stop",
        "attempts": [
            {"endpoint": 1, "provider": "openai", "status": 503, "error": "upstream_error", "ms": 40},
            {"endpoint": 2, "provider": "azure", "status": 200, "error": None, "ms": 900},
        ],
        "route": ROUTE,
        "input_tokens": 1000,
        "cached_tokens": 400,
        "cache_write_tokens": 0,
        "output_tokens": 200,
        "reasoning_tokens": 0,
        "estimated": False,
        "price_micros": 50_400_000,
        "cost_micros": 50_400_000,
        "hold_micros": 900_000_000,
        "provider_cost_nano": 4_000_000,
        "cost_version": 12,
        "fx_rate": 3,
        "markup": 1,
        "micros_per_usd": 12_000_000_000,
        "fx_date": date(2026, 11, 20),
        "markup_bps": 525,
        "prices": {"input": {"base": 30_000_000_000, "final": 31_500_000_000}},
        "latency_ms": 950,
        "ttft_ms": 120,
    }
    Request.objects.create(**(plain | more))
    return op


def test_the_receipt_tells_route_tokens_and_price(client: Client) -> None:
    caller = make_caller()
    op = make_request(caller)
    answer = client.get(f"/v1/generation/{op}", headers=caller.headers)
    assert answer.status_code == 200
    found = answer.json()
    assert found["id"] == str(op)
    assert (found["model"], found["asked"], found["status"]) == ("openai/gpt-4o", "GPT 4o@price", "ok")
    assert found["endpoint"]["provider"] == "azure"
    assert [attempt["provider"] for attempt in found["attempts"]] == ["openai", "azure"]
    assert found["route"] == [
        {
            "provider": "openai",
            "model": "openai/gpt-4o",
            "score": "1.000",
            "estimated": False,
            "rejected": None,
        },
        {
            "provider": "groq",
            "model": "openai/gpt-4o",
            "score": None,
            "estimated": False,
            "rejected": "ignored",
        },
    ]
    assert found["usage"]["cached_tokens"] == 400
    assert found["prices_uzs"] == {"input": {"base": "30000", "final": "31500"}}
    assert (found["markup_percent"], found["rate_date"]) == ("5.25", "2026-11-20")
    assert (found["cost_uzs"], found["price_version"]) == ("50.4", "c12.f3.m1")
    assert (found["latency_ms"], found["ttft_ms"]) == (950, 120)
    assert found["created_at"] == "2026-11-21T12:00:00+05:00"
    assert answer["X-RateLimit-Limit"]


def test_no_dollar_is_on_it(client: Client, settings: Any) -> None:
    settings.SHOW_USD = True
    caller = make_caller()
    text = client.get(f"/v1/generation/{make_request(caller)}", headers=caller.headers).content.decode()
    for word in ("usd", "nano", "micros", "12000000000", "$"):
        assert word not in text.lower()


def test_what_is_foreign_missing_or_no_id_looks_the_same(client: Client) -> None:
    alice, bob = make_caller(), make_caller()
    foreign = make_request(bob)
    bodies = set()
    for name in (foreign, new_op_id(), "nonsense", str(foreign).upper(), "x" * 200):
        answer = client.get(f"/v1/generation/{name}", headers=alice.headers)
        assert answer.status_code == 404
        bodies.add(answer.content.replace(answer["x-request-id"].encode(), b""))
    assert len(bodies) == 1
    assert client.get(f"/v1/generation/{foreign}", headers=bob.headers).status_code == 200


def test_another_key_of_the_same_organization_may_read_it(client: Client) -> None:
    caller = make_caller()
    op = make_request(caller, key_id=caller.api_key.pk + 1)
    assert client.get(f"/v1/generation/{op}", headers=caller.headers).status_code == 200


def test_without_a_key_nobody_reads_receipts(client: Client) -> None:
    op = make_request(make_caller())
    answer = client.get(f"/v1/generation/{op}")
    assert (answer.status_code, answer.json()["error"]["code"]) == (401, "missing_api_key")


def test_a_sandbox_answer_says_so(client: Client) -> None:
    caller = make_caller()
    provider = Provider.objects.create(
        slug="box", name="Box", dialect="openai", base_url="https://box.test/v1"
    )
    model = Model.objects.create(slug="cloudapi/box", name="Box", modality="chat", category="hosted")
    endpoint = Endpoint.objects.create(
        model=model, provider=provider, upstream_name="b", markup_kind="hosted"
    )
    op = make_request(caller, sandbox=True, provider="box", endpoint_id=endpoint.pk)
    found = client.get(f"/v1/generation/{op}", headers=caller.headers).json()
    assert (found["sandbox"], found["model"]) == (True, "openai/gpt-4o")
    assert found["endpoint"] == {
        "id": endpoint.pk,
        "provider": "box",
        "provider_name": "Box",
        "model": "cloudapi/box",
        "upstream_name": "b",
    }
