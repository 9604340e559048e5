"""Rows of the request log as the gateway writes them."""

import json
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from django.db import connection
from django.test import Client

from accounts.models import Membership, Role, User
from billing.ids import new_op_id
from tests.factories import Caller

ANSWERED: dict[str, Any] = {
    "model": "openai/gpt-4o",
    "asked": "GPT 4o",
    "endpoint_id": None,
    "provider": "openai",
    "kind": "chat",
    "stream": False,
    "sandbox": False,
    "free": False,
    "status": "ok",
    "http_status": 200,
    "error_code": "",
    "finish_reason": "stop",
    "attempts": [{"endpoint": None, "provider": "openai", "status": 200, "error": None, "ms": 812}],
    "route": [],
    "input_tokens": 1000,
    "cached_tokens": 0,
    "cache_write_tokens": 0,
    "output_tokens": 500,
    "reasoning_tokens": 0,
    "estimated": False,
    "price_micros": 31_500_000,
    "cost_micros": 31_500_000,
    "hold_micros": 90_000_000,
    "provider_cost_nano": 2_500_000,
    "cost_version": 1,
    "fx_rate": 1,
    "markup": 1,
    "micros_per_usd": 12_000_000_000,
    "fx_date": "2026-11-20",
    "markup_bps": 500,
    "prices": {
        "input": {"base": 12_000_000_000, "final": 12_600_000_000},
        "output": {"base": 36_000_000_000, "final": 37_800_000_000},
    },
    "latency_ms": 2437,
    "ttft_ms": 431,
}


def browser(caller: Caller) -> Client:
    """The caller's owner at a browser."""
    client = Client()
    client.force_login(caller.user)
    return client


def viewer(caller: Caller) -> Client:
    """A browser of somebody who may only look at the caller's organization."""
    user = User.objects.create(email=f"viewer-{caller.user.email}", password="!")
    Membership.objects.create(organization=caller.organization, user=user, role=Role.VIEWER)
    client = Client()
    client.force_login(user)
    return client


def log_call(caller: Caller, **fields: Any) -> UUID:
    """One answered call of the caller: 1000 tokens in, 500 out, 31.5 so'm."""
    row = (
        ANSWERED
        | {
            "id": str(new_op_id()),
            "at": datetime.now(UTC).isoformat(),
            "org_id": caller.organization.pk,
            "project_id": caller.project.pk,
            "key_id": caller.api_key.pk,
        }
        | fields
    )
    columns = ", ".join(row)
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO proxy_request ({columns}) SELECT {columns}"
            " FROM json_populate_record(NULL::proxy_request, %s)",
            [json.dumps(row, default=str)],
        )
    return UUID(str(row["id"]))
