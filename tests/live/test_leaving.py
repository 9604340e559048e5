"""A client that leaves, at any byte: exactly one charge or release, as the upstream's books have it."""

import json
import random
import socket
import struct
from typing import Any

import pytest

from proxy import tokens
from tests.factories import Caller, make_caller
from tests.live.client import chat, directive, port_of, stream
from tests.processes import until
from tests.stack import Stack

IN, OUT = 12_600, 37_800  # micros per token of test/one and test/drain


def ask(stack: Stack, caller: Caller, body: dict[str, Any]) -> socket.socket:
    """A connection on which the call was just sent."""
    data = json.dumps(body).encode()
    head = (
        "POST /v1/chat/completions HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: application/json\r\n"
        f"authorization: Bearer {caller.key}\r\ncontent-length: {len(data)}\r\n\r\n"
    )
    connection = socket.create_connection(("127.0.0.1", port_of(stack)), timeout=30)
    connection.sendall(head.encode() + data)
    return connection


def leave(connection: socket.socket, *, reset: bool) -> None:
    """By a TCP reset or in order."""
    if reset:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


def read_exactly(connection: socket.socket, count: int) -> None:
    """Read so many bytes, or to the end if there are fewer."""
    while count > 0 and (data := connection.recv(min(count, 4096))):
        count -= len(data)


def outcome(caller: Caller, calls: int) -> list[dict[str, Any]]:
    """The log's rows once each call has one and no hold is open."""
    return until(
        lambda: found if len(found := caller.requests()) == calls and not caller.holds(0) else [],
        f"{calls} settled calls",
    )


@pytest.mark.parametrize("model", ["test/one", "test/drain"])
@pytest.mark.parametrize("streamed", [True, False], ids=["stream", "whole"])
def test_leaving_at_random_bytes(stack: Stack, model: str, streamed: bool, request: pytest.FixtureRequest):
    seed = (
        request.config.getoption("randomly_seed", 7)
        if request.config.pluginmanager.hasplugin("randomly")
        else 7
    )
    dice = random.Random(f"{seed}-{model}-{streamed}")
    caller = make_caller(balance_uzs=10_000)
    before, calls = caller.balance(), 24
    wishes = {"completion_tokens": 20, "chunk_ms": 3, "prompt_tokens": 9, "first_ms": 0 if streamed else 20}
    body = {"model": model, "stream": streamed, "messages": directive(**wishes)}
    for _ in range(calls):
        connection = ask(stack, caller, body)
        read_exactly(connection, dice.randrange(6000 if streamed else 700))
        leave(connection, reset=dice.random() < 0.5)

    rows = outcome(caller, calls)
    assert len({row["id"] for row in rows}) == calls
    states = [hold["state"] for hold in caller.holds()]
    assert len(states) == calls
    assert set(states) <= {1, 2}
    assert states.count(1) == sum(row["cost_micros"] > 0 for row in rows)
    assert before - caller.balance() == caller.charged() == sum(row["cost_micros"] for row in rows)
    assert caller.wallet()["held_micros"] == 0
    assert all(row["cost_micros"] <= 9 * IN + 20 * OUT for row in rows if not row["estimated"])


def test_a_stream_pays_for_what_was_produced(stack: Stack):
    """on_disconnect=cancel: the upstream is cut off, and the caller pays the part that came."""
    caller = make_caller(balance_uzs=1000)
    wishes = {"run": "cancelled", "hold": "cancelled", "hold_at": "middle", "completion_tokens": 30}
    events = stream(stack, caller, messages=directive(**wishes))
    assert next(iter(events))["choices"]
    until(lambda: stack.upstream.waiting("cancelled"), "the middle")
    events.close()
    (entry,) = stack.upstream.finished("cancelled")
    assert entry["client_left"]
    (row,) = outcome(caller, 1)
    assert (row["status"], row["estimated"]) == ("cancelled", True)
    assert 0 < caller.charged() < 30 * OUT
    assert entry["produced_tokens"] == 2
    assert row["output_tokens"] == tokens.count("salom dunyo ")  # what the caller was given


def test_a_drained_stream_pays_the_real_usage(stack: Stack):
    """on_disconnect=drain: the provider bills the whole answer, so it is read to its end and charged."""
    caller = make_caller(balance_uzs=1000)
    wishes = {
        "run": "drained",
        "hold": "drained",
        "hold_at": "middle",
        "completion_tokens": 30,
        "prompt_tokens": 9,
    }
    events = stream(stack, caller, model="test/drain", messages=directive(**wishes))
    assert next(iter(events))["choices"]
    until(lambda: stack.upstream.waiting("drained"), "the middle")
    events.close()
    stack.upstream.release("drained")
    (entry,) = stack.upstream.finished("drained")
    assert not entry["client_left"]
    (row,) = outcome(caller, 1)
    assert not row["estimated"]
    assert caller.charged() == row["cost_micros"] == 9 * IN + 30 * OUT


def test_a_whole_call_that_nobody_waits_for_costs_nothing(stack: Stack):
    caller = make_caller(balance_uzs=1000)
    connection = ask(
        stack, caller, {"model": "test/one", "messages": directive(run="unheard", hold="unheard")}
    )
    until(lambda: stack.upstream.waiting("unheard"), "the upstream")
    leave(connection, reset=False)
    (entry,) = stack.upstream.finished("unheard")
    assert entry["client_left"]
    (row,) = outcome(caller, 1)
    assert row["status"] == "cancelled"
    assert caller.charged() == 0


def test_the_books_agree_with_the_upstreams(stack: Stack):
    """Each billable call that the upstream has in its log is one charge of the same tokens."""
    caller = make_caller(balance_uzs=1000)
    for count in range(1, 8):
        messages = directive(
            run="books", completion_tokens=count, prompt_tokens=10 * count, cached_tokens=count
        )
        if count % 2:
            stream(stack, caller, messages=messages).text()
        else:
            assert chat(stack, caller, messages=messages).status == 200
    produced = stack.upstream.finished("books", 7)
    charged = {
        (row["input_tokens"], row["cached_tokens"], row["output_tokens"]): row for row in outcome(caller, 7)
    }
    for entry in produced:
        usage = entry["usage"]
        cached = usage["prompt_tokens_details"]["cached_tokens"]
        row = charged[usage["prompt_tokens"], cached, usage["completion_tokens"]]
        fresh = usage["prompt_tokens"] - cached
        assert row["cost_micros"] == fresh * IN + cached * 3_150 + usage["completion_tokens"] * OUT
        assert row["provider_cost_nano"] == fresh * 1000 + cached * 250 + usage["completion_tokens"] * 3000
    assert caller.charged() == sum(row["cost_micros"] for row in charged.values())
