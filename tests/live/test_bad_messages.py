"""Inputs 1–58 of reliability.md §4 at POST /v1/messages: refused as at chat, in Anthropic's types."""

import socket
from datetime import datetime
from typing import Any
from uuid import uuid4

import pytest

from tests.factories import MICROS, make_caller
from tests.live import test_bad_body, test_bad_credentials, test_bad_wire
from tests.live.client import PATH, directive
from tests.live.raw import HELLO, Bad, Send, post, refused, talk
from tests.live.test_bad_body import ADDRESSES, HUGE_PNG, PNG, WHERE, data_url
from tests.live.test_bad_money import HOPELESS
from tests.live.test_limits import use_up
from tests.stack import Stack

MESSAGES = "/v1/messages"
LINE = f"POST {MESSAGES} HTTP/1.1"
# What is said in other words here, or is no fault: unknown blocks and fields belong to whoever invents them.
OTHERWISE = ("41-part", "42-tool", "46", "47-", "49-", "51-", "52-")
TYPES = {
    400: "invalid_request_error",
    401: "authentication_error",
    402: "billing_error",
    404: "not_found_error",
}


def there(send: Send) -> Send:
    """The same input, sent to the Messages API."""

    def sent(caller: Any) -> tuple[bytes, ...]:
        pieces = send(caller)
        first, *rest = pieces if isinstance(pieces, tuple) else (pieces,)
        return (first.replace(PATH.encode(), MESSAGES.encode(), 1), *rest)

    return sent


def moved(case: Bad) -> Bad:
    return Bad(case.number, there(case.send), case.status, case.code, case.param, case.closes, case.headers)


def block(**fields: Any) -> Send:
    return lambda caller: post(
        caller, HELLO | {"messages": [{"role": "user", "content": [fields]}]}, first=LINE
    )


def image(data: bytes) -> Send:
    encoded = data_url(data).partition(",")[2]
    return block(type="image", source={"type": "base64", "media_type": "image/png", "data": encoded})


def asking(**fields: Any) -> Send:
    return lambda caller: post(caller, HELLO | fields, first=LINE)


CASES = [*test_bad_wire.BAD, *test_bad_credentials.BAD, *test_bad_body.BAD]
TOOL = {"name": "f", "input_schema": {"type": "object"}}
BAD = [
    *[moved(case) for case in CASES if not case.number.startswith(OTHERWISE)],
    Bad("41-block", block(text="x"), 400, "invalid_value", WHERE),
    Bad("42-result", block(type="tool_result"), 400, "invalid_messages", f"{WHERE}.tool_use_id"),
    Bad("51-large", image(PNG + b"\0" * 22_000_000), 413, "image_too_large", WHERE),
    Bad("51-html", image(b"<html>"), 400, "invalid_image", WHERE),
    Bad("51-pixels", image(HUGE_PNG), 400, "invalid_image", WHERE),
    Bad("52-many", asking(tools=[TOOL] * 500), 400, "tools_too_large", "tools"),
    Bad("52-long", asking(tools=[TOOL | {"x": "y" * 2**20}]), 400, "tools_too_large", "tools"),
]


@pytest.mark.parametrize("case", BAD, ids=str)
def test_bad_input_is_refused(stack: Stack, case: Bad):
    caller = make_caller(balance_uzs=1_000)
    reply = refused(stack, caller, case)
    if reply.header("x-ratelimit-limit"):  # it came as far as this surface
        assert reply.error["type"] == TYPES.get(case.status, reply.error["type"])


@pytest.mark.parametrize("number", range(len(ADDRESSES)))
def test_no_address_is_ever_visited(stack: Stack, number: int):
    """Input 50, of an image and of a document."""
    caller = make_caller(balance_uzs=1_000)
    with socket.create_server(("127.0.0.1", 0)) as trap:
        trap.settimeout(0)
        url = ADDRESSES[number].format(port=trap.getsockname()[1])
        for kind in ("image", "document"):
            case = Bad(
                "50", block(type=kind, source={"type": "url", "url": url}), 400, "invalid_image_url", WHERE
            )
            refused(stack, caller, case)
        with pytest.raises(BlockingIOError):
            trap.accept()


def test_nul_and_unknown_fields_are_passed_on(stack: Stack):
    """Inputs 35 and 36, to an upstream of the same dialect."""
    caller = make_caller(balance_uzs=10_000)
    run = f"bad-messages-{caller.api_key.pk}"
    fields: dict[str, Any] = {
        "system": "a\0b",
        "unheard_of": {"a": [1, None]},
        "metadata": {"user_id": "x\0y"},
    }
    body = {"model": "test/\0claude", "messages": directive(run=run), "max_tokens": 9} | fields
    assert talk(stack, post(caller, body, first=LINE)).status == 200
    (entry,) = stack.upstream.finished(run)
    assert {name: entry["body"][name] for name in fields} == fields
    assert [row["asked"] for row in caller.requests()] == ["test/claude"]


def test_money_rates_and_caps(stack: Stack):
    """Inputs 54 to 57."""
    poor = make_caller(balance_uzs=1)
    case = Bad("54", asking(max_tokens=4096), 402, "insufficient_balance", headers=HOPELESS)
    assert refused(stack, poor, case).error["available_micros"] == MICROS
    capped = make_caller(balance_uzs=1_000, caps={"project_day": 0})
    assert refused(stack, capped, Bad("55", asking(), 402, "budget_exceeded", headers=HOPELESS)).error[
        "resets_at"
    ]
    limited = make_caller(balance_uzs=1_000, rpm=1)
    assert talk(stack, post(limited, first=LINE)).status == 200
    reply = refused(stack, limited, Bad("56", asking(), 429, "rate_limit_exceeded"))
    assert 0 < int(reply.header("retry-after")) <= 60
    assert reply.error["type"] == "rate_limit_error"


def test_free_units_are_used_up(stack: Stack):
    """Input 57."""
    caller = make_caller(free=True)
    use_up(stack, caller)
    case = Bad("57", asking(model="test/free"), 429, "free_quota_exceeded", headers=HOPELESS)
    assert datetime.fromisoformat(refused(stack, caller, case).error["resets_at"]).hour == 0


def test_idempotency_keys(stack: Stack):
    """Input 58."""
    caller = make_caller(balance_uzs=1_000)
    bad = Bad(
        "58", lambda c: post(c, None, b"idempotency-key: a\tb", first=LINE), 400, "invalid_idempotency_key"
    )
    refused(stack, caller, bad)
    line = f"idempotency-key: {uuid4().hex}"
    assert talk(stack, post(caller, None, line, first=LINE)).status == 200
    other = Bad(
        "58-reused", lambda c: post(c, HELLO | {"top_k": 2}, line, first=LINE), 422, "idempotency_key_reused"
    )
    refused(stack, caller, other)
