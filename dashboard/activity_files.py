"""Calls as files of any size: CSV for spreadsheets, JSONL for programs, both with exact so'm.

Rows are read some at a time from where the last ones ended, outside any transaction. A reader who takes an
hour so holds no lock, no snapshot and no connection between two chunks: charges, partitions that are dropped
and vacuum never wait for them.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from uuid import UUID

import orjson
from django.db import connection

from accounts.models import Organization
from billing.money import exact_uzs
from dashboard.activity import Call, Filters, listed, rate_of
from dashboard.moments import TASHKENT

CHUNK: Final = 2000
COLUMNS: Final = (
    *("id", "created_at", "project", "project_name", "key", "key_name", "model", "asked", "provider"),
    *("endpoint", "kind", "stream", "status", "http_status", "error_code", "finish_reason", "free"),
    *("sandbox", "estimated", "input_tokens", "cached_tokens", "cache_write_tokens", "output_tokens"),
    *("reasoning_tokens", "images", "seconds", "characters", "latency_ms", "ttft_ms", "tokens_per_second"),
    *("price_uzs", "cost_uzs", "cost_micros"),
)


def as_json(call: Call) -> dict[str, Any]:
    """A call in a list: who made it, what answered, what it used and cost. Its receipt says more."""
    row, rate = call.row, rate_of(call.row)
    return {
        "id": str(row.id),
        "created_at": row.at.astimezone(TASHKENT).isoformat(),
        "project": call.project.api_id if call.project else None,
        "project_name": call.project.name if call.project else None,
        "key": call.key.api_id if call.key else None,
        "key_name": call.key.name if call.key else None,
        "model": row.model,
        "asked": row.asked,
        "provider": row.provider or None,
        "endpoint": row.endpoint_id,
        "kind": row.kind,
        "stream": row.stream,
        "status": row.status,
        "http_status": row.http_status,
        "error_code": row.error_code or None,
        "finish_reason": row.finish_reason or None,
        "free": row.free,
        "sandbox": row.sandbox,
        "estimated": row.estimated,
        "input_tokens": row.input_tokens,
        "cached_tokens": row.cached_tokens,
        "cache_write_tokens": row.cache_write_tokens,
        "output_tokens": row.output_tokens,
        "reasoning_tokens": row.reasoning_tokens,
        "images": row.images,
        "seconds": row.seconds,
        "characters": row.characters,
        "latency_ms": row.latency_ms,
        "ttft_ms": row.ttft_ms,
        "tokens_per_second": None if rate is None else round(rate, 1),
        "price_uzs": exact_uzs(row.price_micros),
        "cost_uzs": exact_uzs(row.cost_micros),
        "cost_micros": row.cost_micros,
    }


def csv_rows(organization: Organization, filters: Filters) -> Iterator[Sequence[object]]:
    """The calls in order of COLUMNS, newest first."""
    for calls in _chunks(organization, filters):
        for call in calls:
            yield list(as_json(call).values())


def jsonl(organization: Organization, filters: Filters) -> Iterator[bytes]:
    """The calls as lines of JSON, newest first."""
    for calls in _chunks(organization, filters):
        yield b"".join(orjson.dumps(as_json(call), option=orjson.OPT_APPEND_NEWLINE) for call in calls)


def _chunks(organization: Organization, filters: Filters) -> Iterator[Sequence[Call]]:
    """Calls that are made meanwhile are left out: an export has an end."""
    if filters.until is None:
        filters = replace(filters, until=datetime.now(UTC) + timedelta(milliseconds=1))
    before: UUID | None = None
    while True:
        page = listed(organization, filters, before, CHUNK)
        if not connection.in_atomic_block:
            connection.close()  # into the pool: between two chunks it is somebody else's
        if page.calls:
            yield page.calls
        if page.older is None:
            return
        before = page.older
