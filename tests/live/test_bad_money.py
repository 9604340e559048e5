"""Inputs 54–58 of reliability.md §4: calls that somebody may make, but not now or not for this money."""

import socket
from datetime import datetime, timedelta
from uuid import uuid4
from zoneinfo import ZoneInfo

import pytest

from tests.factories import MICROS, make_caller, rows
from tests.live.client import directive, port_of
from tests.live.raw import HELLO, PATIENCE_S, Bad, post, read, refused, send, talk
from tests.live.test_limits import use_up
from tests.processes import until
from tests.stack import Stack

ZONE = ZoneInfo("Asia/Tashkent")
HOPELESS = (("x-should-retry", "false"),)


def test_a_wallet_too_small_for_the_worst_case(stack: Stack):
    """Input 54: what is asked for is told beside what there is."""
    caller = make_caller(balance_uzs=1)
    case = Bad(
        "54", lambda c: post(c, HELLO | {"max_tokens": 4096}), 402, "insufficient_balance", headers=HOPELESS
    )
    error = refused(stack, caller, case).error
    assert error["available_micros"] == MICROS < error["required_micros"]
    assert error["type"] == "billing_error"


@pytest.mark.parametrize("scope", ["project_day", "project_month", "key_lifetime", "key_day", "key_month"])
def test_a_cap_that_is_reached(stack: Stack, scope: str):
    """Input 55."""
    caller = make_caller(balance_uzs=1_000, caps={scope: 0})
    error = refused(stack, caller, Bad("55", post, 402, "budget_exceeded", headers=HOPELESS)).error
    assert error["limit_source"] == (scope if scope.startswith("project") else "key_cap")
    if scope != "key_lifetime":
        now = datetime.now(ZONE)
        resets = datetime.fromisoformat(error["resets_at"])
        assert resets.utcoffset() == timedelta(hours=5)
        assert now < resets <= now + timedelta(days=1 if scope.endswith("day") else 31)


def test_over_the_rate(stack: Stack):
    """Input 56."""
    caller = make_caller(balance_uzs=1_000, rpm=1)
    assert talk(stack, post(caller)).status == 200
    reply = refused(stack, caller, Bad("56", post, 429, "rate_limit_exceeded"))
    assert reply.error["type"] == "rate_limit_error"
    assert (reply.header("x-ratelimit-limit"), reply.header("x-ratelimit-remaining")) == ("1", "0")
    assert 0 < int(reply.header("retry-after")) == int(reply.header("x-ratelimit-reset")) <= 60


def test_free_units_are_used_up(stack: Stack):
    """Input 57: nothing but money or midnight helps."""
    caller = make_caller(free=True)
    use_up(stack, caller)
    free = Bad(
        "57", lambda c: post(c, HELLO | {"model": "test/free"}), 429, "free_quota_exceeded", headers=HOPELESS
    )
    resets = datetime.fromisoformat(refused(stack, caller, free).error["resets_at"])
    assert resets.utcoffset() == timedelta(hours=5)
    assert (resets.hour, resets.minute) == (0, 0)


@pytest.mark.parametrize("name", [b"x" * 256, b"", b"a\tb", b"a\x80b", b"\xa0"], ids=repr)
def test_a_bad_idempotency_key(stack: Stack, name: bytes):
    """Input 58."""
    case = Bad("58", lambda c: post(c, None, b"idempotency-key: " + name), 400, "invalid_idempotency_key")
    refused(stack, make_caller(balance_uzs=1_000), case)


def test_an_idempotency_key_of_another_body_and_of_a_call_that_is_over(stack: Stack):
    caller = make_caller(balance_uzs=1_000)
    line = f"idempotency-key: {uuid4().hex}"
    first = talk(stack, post(caller, None, line))
    assert first.status == 200
    other = Bad("58-reused", lambda c: post(c, HELLO | {"n": 2}, line), 422, "idempotency_key_reused")
    refused(stack, caller, other)
    done = Bad("58-done", lambda c: post(c, None, line), 409, "already_completed", headers=HOPELESS)
    assert refused(stack, caller, done).error["request_id_of_first"] == first.header("x-request-id")


def test_an_idempotency_key_of_a_call_that_still_runs(stack: Stack):
    caller = make_caller(balance_uzs=1_000)
    run, line = uuid4().hex, f"idempotency-key: {uuid4().hex}"
    body = HELLO | {"messages": directive(run=run, hold=run)}
    with socket.create_connection(("127.0.0.1", port_of(stack)), timeout=PATIENCE_S) as connection:
        send(connection, [post(caller, body, line)])
        until(lambda: stack.upstream.waiting(run), "the first call to reach its upstream")
        case = Bad(
            "58-running", lambda c: post(c, body, line), 409, "idempotency_in_progress", headers=HOPELESS
        )
        refused(stack, caller, case)
        stack.upstream.release(run)
        assert read(connection).status == 200
    assert len(caller.requests()) == 1


def test_a_call_that_is_refused_gives_its_idempotency_key_back(stack: Stack):
    poor, line = make_caller(), f"idempotency-key: {uuid4().hex}"
    case = Bad("58-refused", lambda c: post(c, None, line), 402, "insufficient_balance")
    refused(stack, poor, case)
    refused(stack, poor, case)
    query = "SELECT count(*) AS n FROM idempotency WHERE project = %s"
    assert rows(query, poor.project.pk)[0]["n"] == 0
