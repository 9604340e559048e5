"""Every dialect of callers over every dialect of upstreams: what is asked for comes, in order, for its price.

One walk for all cells; what is peculiar to a pair is under test in the files named after it.
"""

import json
from typing import Any

import pytest

from proxy import tokens
from proxy.surfaces import SURFACES
from tests.factories import Caller, make_caller
from tests.live.callers import NEARS, PIXEL, Near, Told
from tests.live.client import directive, send, stream
from tests.live.test_leaving import outcome
from tests.live.test_responses import MODELS, PROMPT, Model
from tests.stack import Stack

SERVED = [*MODELS, Model("test/pollen", "pollinations", 12_600, 12_600, 37_800)]
CALLS = [{"name": "weather", "arguments": {"city": city}} for city in ("Toshkent", "Самарқанд — «Регистон»")]
# What is asked for → what the upstream is told to answer, and what the request must have for it.
ASKED: dict[str, tuple[dict[str, Any], str]] = {
    "plain": ({"text": "Salom, дунё 🙂", "completion_tokens": 4}, ""),
    "tools": ({"tool_calls": CALLS[:1]}, "tools"),
    "parallel tools": ({"tool_calls": CALLS}, "tools"),
    "image": ({"text": "nuqta"}, "image"),
    "JSON schema": ({}, "schema"),
    "reasoning": (
        {"reasoning": "Hm, oʻylab koʻray.", "reasoning_tokens": 6, "completion_tokens": 9},
        "reasoning",
    ),
}
SAID = "salom dunyo "
BROKEN = {"prompt_tokens": PROMPT, "completion_tokens": 6}

each_caller = pytest.mark.parametrize("near", NEARS, ids=lambda near: near.kind)
each_upstream = pytest.mark.parametrize("model", SERVED, ids=lambda model: f"on-{model.dialect}")
each_way = pytest.mark.parametrize("streamed", [False, True], ids=["whole", "stream"])


@pytest.fixture
def caller(stack: Stack) -> Caller:
    return make_caller(balance_uzs=10_000)


def test_no_dialect_is_forgotten():
    """Legacy completions and /api/chat can ask for less, and have files of their own."""
    assert {near.kind for near in NEARS} == {"chat", "messages", "responses"}
    for near in NEARS:
        assert {model.dialect for model in SERVED} == SURFACES[near.kind].bridges.keys()


@each_way
@pytest.mark.parametrize("what", ASKED)
@each_upstream
@each_caller
def test_what_is_asked_for_comes(
    stack: Stack, caller: Caller, near: Near, model: Model, what: str, streamed: bool
):
    wishes, asks = ASKED[what]
    run = f"matrix-{near.kind}-{model.dialect}-{what.replace(' ', '-')}-{streamed}"
    text = directive(run=run, prompt_tokens=PROMPT, **wishes)[0]["content"]
    told = answered(stack, caller, near, near.body(text, asks) | {"model": model.name}, streamed)
    assert told.calls == [(call["name"], call["arguments"]) for call in wishes.get("tool_calls", ())]
    assert told.finish == ("tool_calls" if told.calls else "stop")
    assert told.thought == wishes.get("reasoning", "")
    if what == "JSON schema":
        assert json.loads(told.text) == {"answer": "salom"}
    elif what != "reasoning":
        assert told.text == wishes.get("text", "")
    (entry,) = stack.upstream.finished(run)
    sent = json.dumps(entry["body"])
    assert (PIXEL in sent) == (asks == "image")
    assert ('"answer"' in sent) == (asks == "schema")
    produced = (PROMPT, entry["completion_tokens"], wishes.get("reasoning_tokens", 0))
    assert (told.input, told.output, told.reasoning) == produced
    row = settled(caller, near)
    assert (row["status"], row["estimated"]) == ("ok", False)
    assert (row["input_tokens"], row["output_tokens"], row["reasoning_tokens"]) == produced
    assert row["cost_micros"] == model.cost(told.output)


@each_way
@pytest.mark.parametrize(("fault", "status"), [("400", 400), ("429", 503), ("500", 502), ("reset", 502)])
@each_upstream
@each_caller
def test_an_error_before_the_first_byte(
    stack: Stack, caller: Caller, near: Near, model: Model, fault: str, status: int, streamed: bool
):
    """Told in the caller's dialect, and nothing is paid."""
    body = near.body(directive(fault=fault)[0]["content"], "")
    reply = send(stack, caller.headers, body | {"model": model.name, "stream": streamed}, path=near.path)
    assert (reply.status, reply.headers["content-type"]) == (status, "application/json")
    if near.kind == "messages":
        assert reply.json()["type"] == "error"
        assert reply.error["type"] in {"invalid_request_error", "overloaded_error", "api_error"}
    else:
        assert {"message", "type", "param", "code"} <= set(reply.error)
    row = settled(caller, near)
    assert (row["status"], row["cost_micros"]) == ("error", 0)


@pytest.mark.parametrize("fault", ["error_event", "cut", "truncated", "malformed_chunk"])
@each_upstream
@each_caller
def test_an_error_in_the_middle(stack: Stack, caller: Caller, near: Near, model: Model, fault: str):
    body = near.body(directive(fault=fault, **BROKEN)[0]["content"], "")
    events = stream(stack, caller, path=near.path, **body | {"model": model.name})
    assert events.status == 200
    told = list(events)
    assert "".join(map(near.piece, told)) == SAID
    assert near.broken(told)
    assert not events.done
    paid_for_what_was_said(settled(caller, near), model, "error")


@each_upstream
@each_caller
def test_a_caller_who_leaves(stack: Stack, caller: Caller, near: Near, model: Model):
    run = f"matrix-leave-{near.kind}-{model.dialect}"
    text = directive(run=run, hold=run, hold_at="middle", **BROKEN)[0]["content"]
    events = stream(stack, caller, path=near.path, **near.body(text, "") | {"model": model.name})
    seen = ""
    while seen != SAID:
        seen += near.piece(next(iter(events)))
    events.close()
    (entry,) = stack.upstream.finished(run)
    assert entry["client_left"]
    paid_for_what_was_said(settled(caller, near), model, "cancelled")


def answered(stack: Stack, caller: Caller, near: Near, body: dict[str, Any], streamed: bool) -> Told:
    if streamed:
        events = stream(stack, caller, path=near.path, **body)
        assert events.status == 200
        return near.streamed(events)
    body.pop("stream_options", None)
    reply = send(stack, caller.headers, body, path=near.path)
    assert reply.status == 200, reply.body
    return near.whole(reply.json())


def settled(caller: Caller, near: Near) -> dict[str, Any]:
    """The one row, which agrees with the wallet."""
    (row,) = outcome(caller, 1)
    assert row["kind"] == near.kind
    assert caller.charged() == row["cost_micros"]
    assert caller.wallet()["held_micros"] == 0
    return row


def paid_for_what_was_said(row: dict[str, Any], model: Model, status: str) -> None:
    """Anthropic and Gemini tell the prompt as they begin, and Gemini its answer as it goes: no estimates."""
    assert row["status"] == status
    assert row["output_tokens"] == (2 if model.dialect == "gemini" else tokens.count(SAID))
    assert row["estimated"] == (model.dialect != "gemini")
    if model.dialect in {"anthropic", "gemini"}:
        assert row["input_tokens"] == PROMPT
    assert row["cost_micros"] == model.cost(row["output_tokens"], prompt=row["input_tokens"])
    assert row["input_tokens"] > 0
