"""Callers of the Messages API over an upstream of the gemini dialect: blocks, order, usage and charge."""

import json
from dataclasses import dataclass
from typing import Any

import pytest

from tests.factories import Caller, make_caller
from tests.live.client import Reply, directive, send
from tests.live.test_gemini import CACHED, GEMINI, THREE, asked, settled
from tests.live.test_leaving import IN, OUT
from tests.stack import Stack
from tests.upstream.gemini_rules import SIGNATURE

TOOL = {"name": "get_weather", "input_schema": {"type": "object", "properties": {"city": {"type": "string"}}}}
CITIES = [{"city": "Toshkent"}, {"city": "Самарқанд"}]
CALLS = [{"name": "get_weather", "arguments": city} for city in CITIES]


@pytest.fixture
def caller(stack: Stack) -> Caller:
    return make_caller(balance_uzs=1000)


@dataclass
class Message:
    """What an SDK puts together, and what it came as."""

    content: list[dict[str, Any]]
    stop_reason: str
    usage: dict[str, int]
    last: str = "message_stop"


def post(stack: Stack, caller: Caller, **body: Any) -> Reply:
    sent = {"model": GEMINI, "max_tokens": 100} | body
    return send(stack, {"x-api-key": caller.key}, sent, path="/v1/messages?beta=true")


def told(stack: Stack, caller: Caller, *, streamed: bool, **body: Any) -> Message:
    reply = post(stack, caller, stream=streamed, **body)
    assert reply.status == 200, reply.body
    if streamed:
        return put_together(reply.body.decode())
    whole = reply.json()
    return Message(whole["content"], whole["stop_reason"], whole["usage"])


def put_together(stream: str) -> Message:
    """A stream's message: each block begins, grows and ends before the next."""
    message = Message([], "", {}, "")
    arguments: dict[int, str] = {}
    for frame in filter(None, stream.split("\n\n")):
        name, data = frame.split("\n")
        event = json.loads(data.removeprefix("data: "))
        assert name == f"event: {event['type']}"
        match event["type"]:
            case "content_block_start":
                assert event["index"] == len(message.content)
                message.content.append(event["content_block"])
            case "content_block_delta":
                assert event["index"] == len(message.content) - 1
                grow(message.content[-1], event["delta"], arguments, event["index"])
            case "message_delta":
                message.stop_reason, message.usage = event["delta"]["stop_reason"], event["usage"]
        message.last = event["type"]
    for place, text in arguments.items():
        message.content[place]["input"] = json.loads(text)
    return message


def grow(block: dict[str, Any], delta: dict[str, Any], arguments: dict[int, str], place: int) -> None:
    kind = delta["type"]
    if kind == "input_json_delta":
        arguments[place] = arguments.get(place, "") + delta["partial_json"]
    else:
        name = kind.removesuffix("_delta")
        block[name] = block.get(name, "") + delta[name]


of_both_forms = pytest.mark.parametrize("streamed", [True, False], ids=["stream", "whole"])


@of_both_forms
def test_plain(stack: Stack, caller: Caller, streamed: bool):
    wishes = {"run": f"gm-{streamed}", "completion_tokens": 4, "prompt_tokens": 9, "cached_tokens": 5}
    body = {"system": "Be brief.", "messages": directive(**wishes), "stop_sequences": ["x"], "top_k": 3}
    message = told(stack, caller, streamed=streamed, **body)
    assert [block["text"] for block in message.content] == ["salom dunyo oʻzbek tilida "]
    assert (message.stop_reason, message.last) == ("end_turn", "message_stop")
    counts = message.usage
    assert (counts["input_tokens"], counts["cache_read_input_tokens"], counts["output_tokens"]) == (4, 5, 4)
    assert settled(caller)["cost_micros"] == 4 * IN + 5 * CACHED + 4 * OUT
    sent = asked(stack, wishes["run"])
    assert sent["systemInstruction"] == {"parts": [{"text": "Be brief."}]}
    assert sent["generationConfig"]["stopSequences"] == ["x"]
    assert sent["generationConfig"]["maxOutputTokens"] == 100


@of_both_forms
@pytest.mark.parametrize("count", [1, 2], ids=["one", "parallel"])
def test_tools_and_their_results(stack: Stack, caller: Caller, streamed: bool, count: int):
    """Gemini 3's signature comes back to it, in a block that Claude Code sends back as it is."""
    run = f"gm-tools-{streamed}-{count}"
    wishes = {"tool_calls": CALLS[:count], "prompt_tokens": 9, "completion_tokens": 30, "text": ""}
    body = {"model": THREE, "tools": [TOOL], "messages": directive(**wishes)}
    message = told(stack, caller, streamed=streamed, **body)
    uses = [block for block in message.content if block["type"] == "tool_use"]
    assert [use["input"] for use in uses] == CITIES[:count]
    assert message.stop_reason == "tool_use"
    assert settled(caller)["cost_micros"] == 9 * IN + 30 * OUT
    results = [
        {"type": "tool_result", "tool_use_id": use["id"], "content": "+31", "is_error": not place}
        for place, use in enumerate(uses)
    ]
    back = [
        {"role": "user", "content": "Ob-havo?"},
        {"role": "assistant", "content": message.content},
        {
            "role": "user",
            "content": [*results, {"type": "text", "text": directive(run=run, text="Issiq")[0]["content"]}],
        },
    ]
    after = told(stack, caller, streamed=streamed, **body | {"messages": back})
    assert [block["text"] for block in after.content] == ["Issiq"]
    _, model, user = asked(stack, run)["contents"]
    assert [part.get("thoughtSignature") for part in model["parts"]] == [SIGNATURE, None][:count]
    answers = [part["functionResponse"]["response"] for part in user["parts"] if "functionResponse" in part]
    assert answers == [{"error": "+31"}, {"result": "+31"}][:count]


@of_both_forms
def test_thinking(stack: Stack, caller: Caller, streamed: bool):
    wishes = {"reasoning": "Hm.", "reasoning_tokens": 6, "completion_tokens": 9, "prompt_tokens": 9}
    body = {"messages": directive(run=f"gm-think-{streamed}", **wishes), "max_tokens": 4096}
    thinking = {"type": "enabled", "budget_tokens": 2048}
    message = told(stack, caller, streamed=streamed, **body, thinking=thinking)
    assert [block["type"] for block in message.content] == ["thinking", "text"]
    assert message.content[0]["thinking"] == "Hm."
    assert settled(caller)["cost_micros"] == 9 * IN + 9 * OUT
    config = asked(stack, f"gm-think-{streamed}")["generationConfig"]["thinkingConfig"]
    assert config == {"thinkingBudget": 1024, "includeThoughts": True}


@of_both_forms
def test_a_safety_block_is_a_refusal(stack: Stack, caller: Caller, streamed: bool):
    message = told(stack, caller, streamed=streamed, messages=directive(refusal="no", prompt_tokens=9))
    assert message.stop_reason == "refusal"
    assert settled(caller)["cost_micros"] == 9 * IN


def test_an_error_in_the_middle_is_an_event_and_no_end(stack: Stack, caller: Caller):
    wishes = {"fault": "error_event", "prompt_tokens": 9, "completion_tokens": 6}
    reply = post(stack, caller, stream=True, messages=directive(**wishes))
    message = put_together(reply.body.decode())
    assert message.content[0]["text"] == "salom dunyo "
    assert message.last == "error"
    assert settled(caller)["cost_micros"] == 9 * IN + 2 * OUT


@pytest.mark.parametrize(
    ("wishes", "status", "kind"),
    [
        ({"fault": "400"}, 400, "invalid_request_error"),
        ({"fault": "400", "status_code": "API_KEY_INVALID"}, 502, "api_error"),
        ({"fault": "503"}, 503, "overloaded_error"),
    ],
    ids=str,
)
def test_errors_before_the_first_byte(
    stack: Stack, caller: Caller, wishes: dict[str, Any], status: int, kind: str
):
    reply = post(stack, caller, messages=directive(**wishes))
    assert (reply.status, reply.error["type"]) == (status, kind), reply.body
    assert settled(caller)["cost_micros"] == 0
