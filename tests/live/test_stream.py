"""What a stream shows, and when: nothing terminal before the charge is committed."""

import threading
from typing import Any

import psycopg
import pytest

from tests.factories import Caller, make_caller
from tests.live.client import chat, directive, send, stream
from tests.processes import until
from tests.stack import Stack


def test_the_usage_chunk_comes_only_if_asked(stack: Stack):
    caller = make_caller(balance_uzs=1000)
    silent = stream(stack, caller, messages=directive(completion_tokens=4))
    assert silent.text() == "salom dunyo oʻzbek tilida "
    assert silent.done
    assert all(chunk["choices"] for chunk in silent.seen)
    assert not [chunk for chunk in silent.seen if chunk.get("usage")]

    options: dict[str, Any] = {"stream_options": {"include_usage": True}}
    told = stream(stack, caller, messages=directive(completion_tokens=4, prompt_tokens=9), **options)
    assert told.text() == "salom dunyo oʻzbek tilida "
    assert told.seen[-1]["choices"] == []
    assert told.seen[-1]["usage"]["prompt_tokens"] == 9
    assert told.seen[-1]["usage"]["completion_tokens"] == 4
    assert all(chunk["usage"] is None for chunk in told.seen[:-1])


def test_the_usage_is_always_asked_upstream(stack: Stack):
    caller = make_caller(balance_uzs=1000)
    stream(stack, caller, messages=directive(run="asks-usage")).text()
    (entry,) = stack.upstream.finished("asks-usage")
    assert entry["body"]["stream_options"] == {"include_usage": True}


def test_the_charge_is_committed_when_done_arrives(stack: Stack):
    caller = make_caller(balance_uzs=1000)
    events = stream(stack, caller, messages=directive(completion_tokens=4, prompt_tokens=9))
    for _ in events:
        pass
    assert events.done
    # Read at once, on another connection than any of the gateway's.
    assert caller.charged() == 9 * 12_600 + 4 * 37_800
    (row,) = caller.requests()
    assert (row["status"], row["cost_micros"]) == ("ok", caller.charged())


@pytest.mark.parametrize("model", ["test/one", "test/claude"])
@pytest.mark.parametrize("streamed", [True, False], ids=["stream", "whole"])
def test_nothing_terminal_leaves_while_the_wallet_is_locked(stack: Stack, streamed: bool, model: str):
    """Somebody holds the wallet's row: the charge can't be committed, so the answer has to wait."""
    caller = make_caller(balance_uzs=1000)
    run = f"locked-{streamed}-{model[5:]}"
    answer = Background(lambda: whole_answer(stack, caller, run, streamed, model))
    with psycopg.connect(stack.env["DATABASE_URL"]) as blocker:
        wait_for_upstream(stack, run)
        blocker.execute("SELECT 1 FROM wallet WHERE org_id = %s FOR UPDATE", [caller.organization.pk])
        stack.upstream.release(run)
        stack.upstream.finished(run)
        assert not answer.over(within_s=0.8)
        assert caller.charged() == 0
    assert answer.over(within_s=10)
    assert answer.found
    assert caller.charged() > 0


def whole_answer(stack: Stack, caller: Caller, run: str, streamed: bool, model: str) -> bool:
    messages = directive(run=run, hold=run, completion_tokens=3)
    if not streamed:
        return chat(stack, caller, model=model, messages=messages).status == 200
    events = stream(stack, caller, model=model, messages=messages)
    events.text()
    return events.done


def wait_for_upstream(stack: Stack, run: str) -> None:
    until(lambda: stack.upstream.waiting(run), "the call at the upstream")


class Background:
    """A call in a thread."""

    def __init__(self, call: Any) -> None:
        self.found: Any = None
        self._thread = threading.Thread(target=self._run, args=(call,), daemon=True)
        self._thread.start()

    def _run(self, call: Any) -> None:
        self.found = call()

    def over(self, *, within_s: float) -> bool:
        """Whether it ended by then."""
        self._thread.join(within_s)
        return not self._thread.is_alive()


@pytest.mark.parametrize("eol", ["\n", "\r\n", "\r"])
def test_any_framing_of_the_upstream_is_understood(stack: Stack, eol: str):
    caller = make_caller(balance_uzs=1000)
    wishes = {"completion_tokens": 5, "prompt_tokens": 9, "eol": eol, "comments": True, "bytewise": True}
    events = stream(stack, caller, messages=directive(**wishes))
    assert events.text() == "salom dunyo oʻzbek tilida javob "
    assert events.done
    assert caller.charged() == 9 * 12_600 + 5 * 37_800


def test_unknown_fields_pass_through(stack: Stack):
    caller = make_caller(balance_uzs=1000)
    body = {
        "model": "test/one",
        "messages": directive(run="unknown-fields"),
        "top_k": 7,
        "x_new": {"deep": [1, 2.5, None]},
        "seed": 12345678901234567890,
        "temperature": 0.1,
    }
    assert send(stack, caller.headers, body).status == 200
    (entry,) = stack.upstream.finished("unknown-fields")
    sent = entry["body"]
    assert {name: sent[name] for name in body if name != "model"} == {
        k: v for k, v in body.items() if k != "model"
    }
    assert sent["model"] == "alpha-one"
    assert list(sent)[: len(body)] == list(body)
