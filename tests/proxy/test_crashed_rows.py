"""What a provider will bill for a crashed call is booked with the call's row, and once."""

from datetime import UTC, datetime
from typing import Any

import orjson
import pytest

from billing.ids import new_op_id
from tests.factories import Caller, make_caller, rows

pytestmark = pytest.mark.django_db


def item(caller: Caller, **more: Any) -> dict[str, Any]:
    """What replay.py gives back for a call that nobody pays."""
    own = {"org": caller.organization.pk, "project": caller.project.pk, "key": caller.api_key.pk}
    names = {"org_id": own["org"], "project_id": own["project"], "key_id": own["key"]}
    words = dict.fromkeys(("model", "asked", "kind", "error_code", "finish_reason"), "x")
    counts = ("input_tokens", "cached_tokens", "cache_write_tokens", "output_tokens", "reasoning_tokens")
    amounts = ("price_micros", "hold_micros", "provider_cost_nano", "markup_bps", "latency_ms", "http_status")
    flags = dict.fromkeys(("stream", "sandbox", "free", "estimated"), False)
    return {
        **own, **names, **words, **dict.fromkeys((*counts, *amounts), 0), **flags,
        "id": str(new_op_id()), "at": datetime.now(UTC).isoformat(), "provider": "acme", "status": "crashed",
        "attempts": [], "prices": {}, "op": "release", "cost": 0, "free_back": True,
    } | more  # fmt: skip


def record(*items: dict[str, Any]) -> None:
    rows("SELECT record_batch(%s::json)", orjson.dumps(items).decode())


def losses(call: dict[str, Any]) -> list[int]:
    found = rows("SELECT amount_micros FROM transfer WHERE id = transfer_id(%s, 10)", call["id"])
    return [row["amount_micros"] for row in found]


def test_a_crashed_call_is_our_loss_in_the_commit_of_its_row():
    call = item(make_caller(balance_uzs=1), owed_micros=77)
    record(call)
    assert losses(call) == [77]


def test_its_second_replay_books_nothing():
    call = item(make_caller(balance_uzs=1), owed_micros=77)
    record(call)
    record(call | {"owed_micros": 99})
    assert losses(call) == [77]


def test_a_call_that_was_settled_before_is_no_loss():
    caller = make_caller(balance_uzs=1)
    call = item(caller)
    record(call | {"status": "ok", "op": "capture", "cost": 5})
    record(call | {"owed_micros": 77})
    assert losses(call) == []


def test_nothing_owed_is_no_transfer():
    call = item(make_caller(balance_uzs=1), owed_micros=0)
    record(call)
    assert losses(call) == []
