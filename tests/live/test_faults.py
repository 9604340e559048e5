"""Each fault of an upstream: what the caller is told, what it costs, and that the hold is closed."""

from dataclasses import dataclass

import pytest

from tests.catalog import ALPHA_KEY, FAULTS
from tests.factories import Caller, credit, make_caller
from tests.live.client import chat, directive, stream
from tests.live.test_leaving import IN, OUT, outcome
from tests.stack import Stack

FREE, ESTIMATE, FULL = "free", "estimate", "full"
PROMPT, ANSWER = 9, 6
COST = PROMPT * IN + ANSWER * OUT


@dataclass(frozen=True)
class Outcome:
    """Of one fault: HTTP status (of a stream that has begun: 200), how the end looks, and what is charged."""

    status: int
    charge: str = FREE
    done: bool = False  # [DONE] arrives


REFUSED = {
    "400": Outcome(400),
    "401": Outcome(502),
    "402": Outcome(502),
    "403": Outcome(502),
    "404": Outcome(502),
    "413": Outcome(413),
    "422": Outcome(422),
    "429": Outcome(503),
    "500": Outcome(502),
    "502": Outcome(502),
    "503": Outcome(503),
    "504": Outcome(502),
    "529": Outcome(503),
    "reset": Outcome(502),
    "close": Outcome(502),
    "html": Outcome(502),
    "redirect": Outcome(502),
    "leak": Outcome(400),
}
WHOLE = REFUSED | {
    "not_json": Outcome(502),
    "empty": Outcome(502),
    "malformed_chunk": Outcome(502),
    "cut": Outcome(502),
    "cut_reset": Outcome(502),
    "cut_utf8": Outcome(502),
    "cut_json": Outcome(502),
    "truncated": Outcome(502),
    "no_usage": Outcome(200, ESTIMATE),
    "set_cookie": Outcome(200, FULL),
}
STREAMED = REFUSED | {
    "not_json": Outcome(502),
    "empty": Outcome(502),
    "malformed_chunk": Outcome(200, ESTIMATE),
    "huge_line": Outcome(200, ESTIMATE),
    "cut": Outcome(200, ESTIMATE),
    "cut_reset": Outcome(200, ESTIMATE),
    "cut_utf8": Outcome(200, ESTIMATE),
    "cut_json": Outcome(200, ESTIMATE),
    "truncated": Outcome(200, ESTIMATE),
    "error_event": Outcome(200, ESTIMATE),
    "no_done": Outcome(200, FULL, done=True),
    "no_usage": Outcome(200, ESTIMATE, done=True),
    "two_usages": Outcome(200, FULL, done=True),
    "after_done": Outcome(200, FULL, done=True),
    "set_cookie": Outcome(200, FULL, done=True),
}
SLOW = {"silence", "stall"}  # test_silence.py
OF_ONE_FORM = {"json_for_stream", "huge_line", "error_event", "no_done", "two_usages", "after_done"}


def test_no_fault_is_forgotten():
    assert set(FAULTS) == set(WHOLE) | set(STREAMED) | SLOW | OF_ONE_FORM


@pytest.mark.parametrize("fault", sorted(WHOLE))
def test_whole_answers(stack: Stack, fault: str):
    caller = make_caller(balance_uzs=1000)
    expected = WHOLE[fault]
    messages = directive(prompt_tokens=PROMPT, completion_tokens=ANSWER)
    reply = chat(stack, caller, model=f"fault/{fault}", messages=messages)
    assert reply.status == expected.status, reply.body
    if expected.status >= 400:
        assert set(reply.error) >= {"message", "type", "param", "code"}
        assert reply.headers["content-type"].startswith("application/json")
    assert_charged(caller, expected.charge)


@pytest.mark.parametrize("fault", sorted(STREAMED))
def test_streams(stack: Stack, fault: str):
    caller = make_caller(balance_uzs=1000)
    expected = STREAMED[fault]
    messages = directive(prompt_tokens=PROMPT, completion_tokens=ANSWER)
    events = stream(stack, caller, model=f"fault/{fault}", messages=messages)
    assert events.status == expected.status
    if expected.status == 200:
        events.text()
        assert events.done == expected.done
        assert ("error" in events.seen[-1]) == (not expected.done)
    assert_charged(caller, expected.charge)


def assert_charged(caller: Caller, charge: str) -> None:
    (row,) = outcome(caller, 1)
    charged = caller.charged()
    assert charged == row["cost_micros"]
    assert caller.wallet()["held_micros"] == 0
    if charge == FREE:
        assert charged == 0
        assert row["status"] == "error"
    elif charge == FULL:
        assert charged == COST
        assert not row["estimated"]
    else:
        assert charged > 0
        assert row["estimated"]


def test_a_refusal_is_told_in_the_providers_words(stack: Stack):
    """Of the same dialect, so the body passes as it is; an SDK finds the fields that it looks for."""
    caller = make_caller(balance_uzs=1000)
    messages = directive(fault="400", message="Invalid 'messages': too odd.", status_code="odd_messages")
    reply = chat(stack, caller, messages=messages)
    assert reply.status == 400
    assert reply.error["message"] == "Invalid 'messages': too odd."
    assert reply.error["code"] == "odd_messages"


@pytest.mark.parametrize("streamed", [True, False])
def test_no_secret_of_ours_is_shown(stack: Stack, streamed: bool):
    caller = make_caller(balance_uzs=1000)
    reply = chat(stack, caller, model="fault/leak", messages=directive(), stream=streamed)
    assert reply.status == 400
    assert ALPHA_KEY.encode() not in reply.body
    assert b"0123456789abcdef" not in reply.body


def test_the_upstreams_headers_stay_with_us(stack: Stack):
    caller = make_caller(balance_uzs=1000)
    reply = chat(stack, caller, model="fault/set_cookie", messages=directive())
    assert not {"set-cookie", "openai-organization", "x-ratelimit-limit-requests"} & set(reply.headers)
    assert reply.headers["x-cloudapi-model"] == "fault/set_cookie"
    assert reply.headers["x-request-id"] == reply.headers["request-id"] != "req_upstream"


@pytest.mark.parametrize("lie", ["negative", "huge", "string", "float", "bool", "null"])
@pytest.mark.parametrize("streamed", [True, False], ids=["stream", "whole"])
def test_a_usage_that_cannot_be_true_is_estimated(stack: Stack, lie: str, streamed: bool):
    caller = make_caller(balance_uzs=1000)
    messages = directive(lie=lie, completion_tokens=ANSWER)
    if streamed:
        stream(stack, caller, messages=messages).text()
    else:
        assert chat(stack, caller, messages=messages).status == 200
    (row,) = outcome(caller, 1)
    assert row["estimated"]
    assert 0 < caller.charged() < 1000 * IN


def test_more_than_the_bound_is_our_loss(stack: Stack):
    """The upstream reports ten times what the caller allowed and the wallet holds: no debt."""
    caller = make_caller()
    probe = make_caller(balance_uzs=1000)
    body = {"max_tokens": 20, "messages": directive(lie="above_max", completion_tokens=20)}
    assert chat(stack, probe, **body).status == 200
    (row,) = outcome(probe, 1)
    credit(caller, paid_micros=row["hold_micros"])
    assert chat(stack, caller, **body).status == 200
    outcome(caller, 1)
    assert caller.balance() >= 0
    assert caller.charged() <= row["hold_micros"]


@pytest.mark.parametrize("streamed", [True, False], ids=["stream", "whole"])
def test_the_next_endpoint_takes_over(stack: Stack, streamed: bool):
    """Many attempts, one hold, one charge, at the price of the endpoint that answered."""
    caller = make_caller(balance_uzs=1000)
    run = f"failover-{streamed}"
    faults = {"alpha": {"fault": "500"}, "beta": {"fault": "429"}}
    wishes = {"run": run, "by_provider": faults, "prompt_tokens": PROMPT, "completion_tokens": ANSWER}
    body = {"model": "test/three", "messages": directive(**wishes)}
    if streamed:
        events = stream(stack, caller, **body)
        events.text()
        headers = events.headers
    else:
        headers = chat(stack, caller, **body).headers
    assert headers["x-cloudapi-provider"] == "gamma"
    assert headers["x-cloudapi-attempts"] == "3"
    assert [entry["provider"] for entry in stack.upstream.finished(run, 3)] == ["alpha", "beta", "gamma"]
    (row,) = outcome(caller, 1)
    assert [attempt["status"] for attempt in row["attempts"]] == [500, 429, 200]
    assert len(caller.holds()) == 1
    assert caller.charged() == PROMPT * 25_200 + ANSWER * 75_600


def test_a_closed_port_is_no_end(stack: Stack):
    caller = make_caller(balance_uzs=1000)
    reply = chat(stack, caller, model="test/refuge", messages=directive())
    assert reply.status == 200
    assert reply.headers["x-cloudapi-provider"] == "beta"


def test_nobody_left_to_ask(stack: Stack):
    caller = make_caller(balance_uzs=1000)
    locked = chat(stack, caller, model="test/locked", messages=directive())
    assert (locked.status, locked.error["code"]) == (503, "no_endpoint")
    assert locked.headers["x-should-retry"] == "false"
    closed = chat(stack, caller, model="test/closed", messages=directive())
    assert closed.status == 502
    assert caller.charged() == 0
