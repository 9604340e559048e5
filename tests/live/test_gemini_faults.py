"""Each fault of an upstream, of one that speaks Gemini: as with openai's, but Gemini counts as it goes."""

import pytest

from tests.factories import Caller, make_caller
from tests.live.client import chat, directive, stream
from tests.live.test_faults import ANSWER, COST, FREE, FULL, PROMPT, STREAMED, WHOLE, Outcome
from tests.live.test_leaving import IN, OUT, outcome
from tests.stack import Stack

SAID = PROMPT * IN + 2 * OUT  # two words left before the fault, and were counted
# Its message names our key: that is our fault, not the caller's.
OURS = {"leak": Outcome(502)}
IN_THE_MIDDLE = {
    "malformed_chunk", "huge_line", "cut", "cut_reset", "cut_utf8", "cut_json", "truncated", "error_event",
}  # fmt: skip


@pytest.mark.parametrize("fault", sorted(WHOLE))
def test_whole_answers(stack: Stack, fault: str):
    caller = make_caller(balance_uzs=1000)
    expected = (WHOLE | OURS)[fault]
    messages = directive(fault=fault, prompt_tokens=PROMPT, completion_tokens=ANSWER)
    reply = chat(stack, caller, model="test/gemini", messages=messages)
    assert reply.status == expected.status, reply.body
    if expected.status >= 400:
        assert set(reply.error) >= {"message", "type", "param", "code"}
    check(caller, fault, expected)


@pytest.mark.parametrize("fault", sorted(STREAMED))
def test_streams(stack: Stack, fault: str):
    caller = make_caller(balance_uzs=1000)
    expected = (STREAMED | OURS)[fault]
    messages = directive(fault=fault, prompt_tokens=PROMPT, completion_tokens=ANSWER)
    events = stream(stack, caller, model="test/gemini", messages=messages)
    assert events.status == expected.status
    if expected.status == 200:
        events.text()
        assert events.done == expected.done
        assert ("error" in events.seen[-1]) == (not expected.done)
    check(caller, "" if expected.done else fault, expected)


def check(caller: Caller, fault: str, expected: Outcome) -> None:
    """One row, in agreement with the wallet."""
    (row,) = outcome(caller, 1)
    assert caller.charged() == row["cost_micros"]
    assert caller.wallet()["held_micros"] == 0
    if expected.charge == FREE:
        assert (row["cost_micros"], row["status"]) == (0, "error")
    elif fault in IN_THE_MIDDLE:
        assert (row["cost_micros"], row["estimated"]) == (SAID, False)
    elif expected.charge == FULL:
        assert (row["cost_micros"], row["estimated"]) == (COST, False)
    else:
        assert row["estimated"]
        assert row["cost_micros"] > 0


def test_what_comes_as_one_body_is_no_stream(stack: Stack):
    caller = make_caller(balance_uzs=1000)
    events = stream(stack, caller, model="test/gemini", messages=directive(fault="json_for_stream"))
    assert events.status == 502
    assert caller.charged() == 0
