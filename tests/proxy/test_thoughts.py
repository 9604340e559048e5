"""Thoughts of earlier turns, for servers of the openai dialect."""

from typing import Any

import orjson
import pytest

from proxy.call import Call
from proxy.dialects.openai_request import ask_translated
from proxy.dialects.responses_request import parse, to_chat
from tests.proxy.calls import endpoint_of

THOUGHT = {"type": "reasoning", "summary": [{"type": "summary_text", "text": "hm"}]}
CALL = {"type": "function_call", "call_id": "a", "name": "f", "arguments": "{}"}
RESULT = {"type": "function_call_output", "call_id": "a", "output": "1"}
TOOLS = [{"type": "function", "name": "f"}]


def call_of(*items: dict[str, Any]) -> Call:
    body = {"model": "m", "input": [{"role": "user", "content": "Salom"}, *items], "tools": TOOLS}
    return parse(orjson.dumps(body), {})


def turn_at(base_url: str, call: Call) -> dict[str, Any]:
    """The assistant's turn as this server is told it."""
    body = orjson.loads(
        ask_translated(call, to_chat(call.body), endpoint_of("m", "openai", base_url), 100).body
    )
    found: dict[str, Any] = body["messages"][1]
    return found


@pytest.mark.parametrize("url", ["https://api.deepseek.com/v1", "https://api.moonshot.ai/v1"])
def test_some_want_them_back_with_the_calls(url: str):
    assert turn_at(url, call_of(THOUGHT, CALL, RESULT))["reasoning_content"] == "hm"
    assert turn_at(url, call_of(CALL, RESULT))["reasoning_content"] == " "
    assert "reasoning_content" not in turn_at(url, call_of(THOUGHT, {"role": "assistant", "content": "ha"}))


@pytest.mark.parametrize("url", ["https://api.openai.com/v1", "https://api.groq.com/openai/v1"])
def test_others_refuse_what_they_do_not_know(url: str):
    turn = turn_at(url, call_of(THOUGHT, CALL, RESULT))
    assert (turn["content"], set(turn)) == (None, {"role", "content", "tool_calls"})
    assert turn_at(url, call_of(THOUGHT, {"role": "assistant", "content": "ha"}))["content"] == "ha"
