"""A worker dies at each step of a call: nobody is charged twice or for nothing, and the books stay whole."""

import http.client
import json
from pathlib import Path
from typing import Any

import pytest
from django.db import connection

from proxy.dialects import openai_request
from tests.factories import Caller, make_caller, rows
from tests.live.client import chat, directive, stream
from tests.processes import Gateway, runs, until
from tests.stack import Stack

BROKEN = (http.client.HTTPException, ConnectionError)
PROMPT, ANSWER = 9, 4
COST = PROMPT * 12_600 + ANSWER * 37_800


@pytest.fixture
def caller(stack: Stack) -> Caller:
    return make_caller(balance_uzs=1000)


def call(gateway: Gateway, caller: Caller, *, streamed: bool, **wishes: Any) -> bool:
    """Whether the caller saw a complete answer."""
    messages = directive(prompt_tokens=PROMPT, completion_tokens=ANSWER, **wishes)
    try:
        if not streamed:
            return chat(gateway, caller, messages=messages).status == 200
        events = stream(gateway, caller, messages=messages)
        events.text()
    except BROKEN:
        return False
    return events.done


def bury_the_dead() -> None:
    """What the sweeper does in time, at once: fences workers whose process is gone, releases their holds."""
    sweep()
    with connection.cursor() as cursor:
        cursor.execute(
            """UPDATE worker
               SET beat_at = now() - interval '1 minute', suspect_at = now() - interval '10 seconds'
               WHERE fenced_at IS NULL AND NOT pid = ANY(%s)""",
            [living_pids()],
        )
    sweep()


def sweep() -> None:
    rows("SELECT sweep()")


def living_pids() -> list[int]:
    found = rows("SELECT pid FROM worker WHERE fenced_at IS NULL")
    return [row["pid"] for row in found if runs(row["pid"])]


def settled(caller: Caller) -> list[dict[str, Any]]:
    """The caller's holds once none is open."""
    return until(lambda: [] if caller.holds(0) else caller.holds(), "the end of all holds")


def orphan_micros(caller: Caller) -> int:
    """What was booked as our loss for the caller's calls."""
    query = """SELECT coalesce(sum(t.amount_micros), 0)::bigint AS micros FROM transfer t, hold h
               WHERE t.kind = 10 AND h.org = %s AND t.id = transfer_id(h.id, 10)"""
    return int(rows(query, caller.organization.pk)[0]["micros"])


@pytest.mark.parametrize("streamed", [True, False], ids=["stream", "whole"])
def test_kill_after_reserve(stack: Stack, caller: Caller, streamed: bool):
    with stack.another_gateway(f"reserve-{streamed}", FAILPOINT="after_reserve:sigkill") as gateway:
        assert not call(gateway, caller, streamed=streamed, run=f"after-reserve-{streamed}")
        bury_the_dead()
        (hold,) = settled(caller)
    assert hold["state"] == 2
    assert caller.charged() == 0
    assert stack.upstream.journal(f"after-reserve-{streamed}") == []
    stack.check_ledger()


SEEN = 25  # tokens of four bytes each, so that events and bytes count them alike


@pytest.mark.parametrize(
    ("model", "faults", "provider", "nano_in", "nano_out"),
    [
        ("test/one", {}, "alpha", 1_000, 3_000),
        ("test/three", {"alpha": {"fault": "500"}}, "beta", 500, 2_000),
    ],
    ids=["first", "second"],
)
def test_kill_in_the_middle_of_a_stream(
    stack: Stack,
    caller: Caller,
    model: str,
    faults: dict[str, Any],
    provider: str,
    nano_in: int,
    nano_out: int,
):
    """The caller pays nothing; what came is our loss to the token, at the price of who gave it."""
    run = f"middle-{provider}"
    with stack.another_gateway(run) as gateway:
        wishes = {"run": run, "hold": run, "hold_at": "middle", "fault_at": SEEN, "by_provider": faults}
        messages = directive(prompt_tokens=PROMPT, completion_tokens=30, word=" abc", **wishes)
        chunks = iter(stream(gateway, caller, model=model, messages=messages))
        seen = 0
        while seen < SEEN:
            seen += bool(next(chunks)["choices"][0]["delta"].get("content"))
        gateway.kill_workers()
        with pytest.raises(BROKEN):
            list(chunks)
        bury_the_dead()
        stack.upstream.release(run)
        spool = gateway.env["SPOOL_DIR"]
    with stack.another_gateway(f"{run}-replay", SPOOL_DIR=spool):
        until(caller.requests, "the replay of the spool")
        (hold,) = settled(caller)
    assert hold["state"] == 2
    assert caller.charged() == 0
    (row,) = caller.requests()
    assert (row["status"], row["provider"]) == ("crashed", provider)
    asked = {"model": model, "stream": True, "messages": messages}
    prompt = openai_request.parse(json.dumps(asked).encode(), {}).input_estimate
    assert orphan_micros(caller) == (prompt * nano_in + SEEN * nano_out) * 12
    stack.check_ledger()


def test_kill_before_settle_of_a_stream(stack: Stack, caller: Caller):
    """The usage was known: the replay charges it, once."""
    with stack.another_gateway("settle-stream", FAILPOINT="before_settle:sigkill") as gateway:
        assert not call(gateway, caller, streamed=True)
        (hold,) = settled(caller)  # by the worker that gunicorn puts in its place
        bury_the_dead()
    assert hold["state"] == 1
    assert caller.charged() == COST
    (row,) = caller.requests()
    assert (row["status"], row["cost_micros"]) == ("ok", COST)
    stack.check_ledger()


def test_kill_before_settle_of_a_whole_answer(stack: Stack, caller: Caller):
    """Nobody got the answer: nobody pays for it, but the provider."""
    with stack.another_gateway("settle-whole", FAILPOINT="before_settle:sigkill") as gateway:
        assert not call(gateway, caller, streamed=False)
        (hold,) = settled(caller)
        bury_the_dead()
    assert hold["state"] == 2
    assert caller.charged() == 0
    assert orphan_micros(caller) == PROMPT * 12_000 + ANSWER * 36_000
    stack.check_ledger()


@pytest.mark.parametrize("streamed", [True, False], ids=["stream", "whole"])
def test_kill_after_commit(stack: Stack, caller: Caller, streamed: bool):
    """Charged before the answer could leave; the replay adds nothing."""
    with stack.another_gateway(f"commit-{streamed}", FAILPOINT="after_commit:sigkill") as gateway:
        spool = gateway.env["SPOOL_DIR"]
        assert not call(gateway, caller, streamed=streamed)
        bury_the_dead()
        (hold,) = settled(caller)
    with stack.another_gateway(f"commit-replay-{streamed}", SPOOL_DIR=spool):
        until(lambda: not spooled_calls(spool), "the replay of the spool")
    assert hold["state"] == 1
    assert caller.charged() == COST
    assert [row["status"] for row in caller.requests()] == ["ok"]
    assert caller.wallet()["held_micros"] == 0
    stack.check_ledger()


def test_a_swept_call_that_is_replayed_is_charged_once(stack: Stack, caller: Caller):
    """The sweeper released the hold before the spool was read: a late capture, and only one."""
    with stack.another_gateway("late", FAILPOINT="before_settle:sigkill") as gateway:
        spool = gateway.env["SPOOL_DIR"]
        gateway.pause_master()  # it must put no worker in the dead one's place
        assert not call(gateway, caller, streamed=True)
        gateway.kill_workers()
        bury_the_dead()
        (hold,) = settled(caller)
        assert hold["state"] == 2
    with stack.another_gateway("late-replay", SPOOL_DIR=spool):
        until(lambda: caller.holds(3), "the late capture")
    assert caller.charged() == COST
    stack.check_ledger()


def spooled_calls(directory: str) -> list[str]:
    return [path.name for path in Path(directory).glob("*.spool") if path.stat().st_size]
