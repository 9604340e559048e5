"""Callers of chat completions over an upstream of Anthropic's dialect: content, order, usage and charge."""

import json
from typing import Any

import pytest

from proxy import tokens
from tests.catalog import CREDENTIALS
from tests.factories import Caller, make_caller
from tests.live.client import chat, directive, stream
from tests.live.test_faults import STREAMED, WHOLE
from tests.live.test_gemini import called, finish_of, settled
from tests.stack import Stack

CLAUDE, OLD, ANY = "test/claude", "test/claude-old", "test/any"
# Micros per token of test/claude.
IN, CACHED, WRITTEN, WRITTEN_1H, OUT = 37_800, 3_780, 47_250, 75_600, 189_000
USAGE: dict[str, Any] = {"stream_options": {"include_usage": True}}
PROMPT, ANSWER = 9, 6
HALF = "salom dunyo "
TOOL = {
    "type": "function",
    "function": {
        "name": "get_weather",
        "strict": True,
        "parameters": {
            "type": "object",
            "properties": {"city": {"type": "string", "minLength": 2}},
            "required": ["city"],
            "additionalProperties": False,
        },
    },
}
CALLS = [
    {"name": "get_weather", "arguments": {"city": "Toshkent"}},
    {"name": "get_weather", "arguments": {"city": "Samarqand — «Регистон»"}},
]
PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
CACHE = {"prompt_tokens": 40, "cached_tokens": 20, "cache_write_tokens": 5, "cache_write_1h_tokens": 3}


@pytest.fixture
def caller(stack: Stack) -> Caller:
    return make_caller(balance_uzs=10_000)


def asked(stack: Stack, run: str) -> dict[str, Any]:
    """What the upstream got, and took: it is as strict as Anthropic."""
    (entry,) = stack.upstream.finished(run)
    assert entry["status"] == 200
    found: dict[str, Any] = entry["body"]
    return found


def test_plain(stack: Stack, caller: Caller):
    wishes = {"run": "claude-plain", "text": "Salom, дунё 🙂", "completion_tokens": 4} | CACHE
    told = [{"role": "system", "content": "Be brief."}, *directive(**wishes)]
    reply = chat(stack, caller, model=CLAUDE, messages=told, max_tokens=50, x_new=1, temperature=1.5)
    assert reply.status == 200, reply.body
    answer = reply.json()
    assert (answer["object"], answer["model"]) == ("chat.completion", CLAUDE)
    (choice,) = answer["choices"]
    assert (choice["finish_reason"], choice["message"]["content"]) == ("stop", "Salom, дунё 🙂")
    counts = answer["usage"]
    assert (counts["prompt_tokens"], counts["completion_tokens"], counts["total_tokens"]) == (40, 4, 44)
    assert counts["prompt_tokens_details"]["cached_tokens"] == 20
    assert counts["prompt_tokens_details"]["cache_write_tokens"] == 8
    row = settled(caller)
    assert row["cost_micros"] == 12 * IN + 20 * CACHED + 5 * WRITTEN + 3 * WRITTEN_1H + 4 * OUT
    assert (row["cached_tokens"], row["cache_write_tokens"], row["cache_write_1h_tokens"]) == (20, 5, 3)
    assert row["provider_cost_nano"] == 12 * 3000 + 20 * 300 + 5 * 3750 + 3 * 6000 + 4 * 15_000
    body = asked(stack, "claude-plain")
    assert set(body) == {"model", "max_tokens", "system", "messages"}
    assert (body["model"], body["max_tokens"], body["system"]) == ("claude-one", 50, "Be brief.")
    (entry,) = stack.upstream.finished("claude-plain")
    headers = dict(entry["headers"])
    assert entry["target"] == "/p/claude/v1/messages"
    assert headers["x-api-key"] == CREDENTIALS["TEST_CLAUDE_KEY"]
    assert headers["anthropic-version"] == "2023-06-01"
    assert "authorization" not in headers


@pytest.mark.parametrize("framing", [{}, {"eol": "\r\n", "comments": True, "bytewise": True}])
def test_stream(stack: Stack, caller: Caller, framing: dict[str, Any]):
    events = stream(
        stack, caller, model=CLAUDE, messages=directive(completion_tokens=5, **CACHE, **framing), **USAGE
    )
    assert events.status == 200
    assert events.text() == "salom dunyo oʻzbek tilida javob "
    assert events.done
    assert events.seen[0]["choices"][0]["delta"]["role"] == "assistant"
    assert finish_of(events) == "stop"
    last = events.seen[-1]
    assert (last["choices"], last["usage"]["prompt_tokens"], last["usage"]["completion_tokens"]) == (
        [],
        40,
        5,
    )
    assert last["cloudapi"]["provider"] == "claude"
    assert all(chunk["usage"] is None for chunk in events.seen[:-1])
    cost = settled(caller)["cost_micros"]
    assert cost == 12 * IN + 20 * CACHED + 5 * WRITTEN + 3 * WRITTEN_1H + 5 * OUT


def test_a_silent_caller_gets_no_usage(stack: Stack, caller: Caller):
    events = stream(stack, caller, model=CLAUDE, messages=directive(completion_tokens=2))
    assert events.text() == HALF
    assert not [chunk for chunk in events.seen if "usage" in chunk]


def test_the_bound_is_sent_and_told(stack: Stack, caller: Caller):
    messages = directive(run="claude-bound", completion_tokens=9, prompt_tokens=PROMPT)
    reply = chat(stack, caller, model=CLAUDE, max_completion_tokens=3, messages=messages)
    assert reply.json()["choices"][0]["finish_reason"] == "length"
    assert asked(stack, "claude-bound")["max_tokens"] == 3
    assert settled(caller)["cost_micros"] == PROMPT * IN + 3 * OUT


@pytest.mark.parametrize("count", [1, 2], ids=["one", "parallel"])
@pytest.mark.parametrize("streamed", [True, False], ids=["stream", "whole"])
def test_tools(stack: Stack, caller: Caller, count: int, streamed: bool):
    """There and back: the calls, then their results, in the other order and with a word between."""
    run = f"claude-tools-{count}-{streamed}"
    wishes = {
        "run": run,
        "tool_calls": CALLS[:count],
        "prompt_tokens": 9,
        "text": "",
        "completion_tokens": 30,
    }
    body: dict[str, Any] = {"model": CLAUDE, "tools": [TOOL], "parallel_tool_calls": False}
    message = called(stack, caller, streamed, body | {"messages": directive(**wishes)})
    calls = message["tool_calls"]
    assert [json.loads(call["function"]["arguments"]) for call in calls] == [
        call["arguments"] for call in CALLS[:count]
    ]
    assert [call["id"] for call in calls] == [f"toolu_test{place}" for place in range(count)]
    assert settled(caller)["cost_micros"] == 9 * IN + 30 * OUT
    sent = asked(stack, run)
    assert sent["tool_choice"] == {"type": "auto", "disable_parallel_tool_use": True}
    schema = sent["tools"][0]["input_schema"]
    assert schema["properties"]["city"] == {"type": "string", "description": '{"minLength":2}'}
    results = [{"role": "tool", "tool_call_id": call["id"], "content": "+31"} for call in reversed(calls)]
    between = {"role": "user", "content": "Kutyapman"}
    history = [{"role": "user", "content": "Ob-havo?"}, message, between, *results]
    back = [*history, *directive(run=f"{run}-back", text="Issiq")]
    reply = chat(stack, caller, model=CLAUDE, tools=[TOOL], messages=back)
    assert reply.status == 200, reply.body
    assert reply.json()["choices"][0]["message"]["content"] == "Issiq"
    kinds = [block["type"] for block in asked(stack, f"{run}-back")["messages"][2]["content"]]
    assert kinds == ["tool_result"] * count + ["text", "text"]


def test_an_image(stack: Stack, caller: Caller):
    picture = {"type": "image_url", "image_url": {"url": f"data:image/jpeg;base64,{PIXEL}", "detail": "low"}}
    text = {"type": "text", "text": directive(run="claude-image", prompt_tokens=20)[0]["content"]}
    messages = [{"role": "user", "content": [picture, text]}]
    assert chat(stack, caller, model=CLAUDE, messages=messages).status == 200
    source = {"type": "base64", "media_type": "image/png", "data": PIXEL}
    assert asked(stack, "claude-image")["messages"][0]["content"][0] == {"type": "image", "source": source}
    assert settled(caller)["cost_micros"] == 20 * IN + 8 * OUT


def test_a_json_schema(stack: Stack, caller: Caller):
    schema = {"type": "object", "properties": {"answer": {"type": "string"}}, "required": ["answer"]}
    wanted = {"type": "json_schema", "json_schema": {"name": "a", "strict": True, "schema": schema}}
    messages = directive(run="claude-json", prompt_tokens=PROMPT)
    reply = chat(stack, caller, model=CLAUDE, messages=messages, response_format=wanted)
    assert json.loads(reply.json()["choices"][0]["message"]["content"]) == {"answer": "salom"}
    closed = schema | {"additionalProperties": False}
    assert asked(stack, "claude-json")["output_config"]["format"] == {"type": "json_schema", "schema": closed}
    assert settled(caller)["cost_micros"] == PROMPT * IN + 3 * OUT


@pytest.mark.parametrize("streamed", [True, False], ids=["stream", "whole"])
def test_reasoning(stack: Stack, caller: Caller, streamed: bool):
    run, thought = f"claude-think-{streamed}", "Hm, oʻylab koʻray."
    wishes = {"reasoning": thought, "reasoning_tokens": 6, "completion_tokens": 9, "prompt_tokens": 9}
    body = {"model": CLAUDE, "messages": directive(run=run, **wishes), "reasoning_effort": "minimal"}
    if streamed:
        events = stream(stack, caller, **body, **USAGE)
        assert events.text() == "salom dunyo oʻzbek "
        deltas = [chunk["choices"][0]["delta"] for chunk in events.seen if chunk["choices"]]
        assert [next(iter(d)) for d in deltas if d] == ["role", "reasoning_content", *["content"] * 3]
        told, counts = deltas[1]["reasoning_content"], events.seen[-1]["usage"]
    else:
        answer = chat(stack, caller, **body).json()
        told, counts = answer["choices"][0]["message"]["reasoning_content"], answer["usage"]
    assert told == thought
    assert counts["completion_tokens"] == 9
    assert counts["completion_tokens_details"]["reasoning_tokens"] == 6
    row = settled(caller)
    assert (row["cost_micros"], row["reasoning_tokens"]) == (9 * IN + 9 * OUT, 6)
    sent = asked(stack, run)
    assert sent["thinking"] == {"type": "adaptive", "display": "summarized"}
    assert sent["output_config"] == {"effort": "low"}


def test_an_older_claude_is_asked_in_its_own_way(stack: Stack, caller: Caller):
    told = [*directive(run="claude-old"), {"role": "system", "content": "Qisqa yoz."}]
    assert chat(stack, caller, model=OLD, messages=told, temperature=1.7, top_p=0.5).status == 200
    sent = asked(stack, "claude-old")
    assert sent["temperature"] == 1
    assert "top_p" not in sent
    assert [turn["role"] for turn in sent["messages"]] == ["user"]
    messages = directive(run="claude-budget")
    body = {"max_tokens": 4096, "reasoning_effort": "low", "temperature": 0}
    assert chat(stack, caller, model=OLD, messages=messages, **body).status == 200
    sent = asked(stack, "claude-budget")
    assert sent["thinking"] == {"type": "enabled", "budget_tokens": 2048}
    assert "temperature" not in sent


@pytest.mark.parametrize("fault", sorted(WHOLE))
def test_faults_of_whole_answers(stack: Stack, caller: Caller, fault: str):
    expected = WHOLE[fault]
    messages = directive(fault=fault, prompt_tokens=PROMPT, completion_tokens=ANSWER)
    reply = chat(stack, caller, model=CLAUDE, messages=messages)
    assert reply.status == expected.status, reply.body
    assert b"0123456789abcdef" not in reply.body
    if expected.status >= 400:
        assert set(reply.error) >= {"message", "type", "param", "code"}
    row = settled(caller)
    if expected.charge == "free":
        assert (row["status"], row["cost_micros"]) == ("error", 0)
    elif expected.charge == "full":
        assert row["cost_micros"] == PROMPT * IN + ANSWER * OUT
    else:
        assert row["estimated"]


@pytest.mark.parametrize("fault", sorted(STREAMED))
def test_faults_of_streams(stack: Stack, caller: Caller, fault: str):
    """Once it has begun its prompt is known, whatever comes then; nothing that broke looks like an end."""
    expected = STREAMED[fault]
    messages = directive(fault=fault, prompt_tokens=PROMPT, completion_tokens=ANSWER)
    events = stream(stack, caller, model=CLAUDE, messages=messages)
    assert events.status == expected.status
    if expected.status == 200:
        text = events.text()
        assert events.done == expected.done
        assert ("error" in events.seen[-1]) == (not expected.done)
        assert text.startswith(HALF)
    row = settled(caller)
    if expected.charge == "free":
        assert (row["status"], row["cost_micros"]) == ("error", 0)
    elif expected.charge == "full":
        assert (row["cost_micros"], row["estimated"]) == (PROMPT * IN + ANSWER * OUT, False)
    elif fault != "no_usage":
        assert row["cost_micros"] == PROMPT * IN + tokens.count(HALF) * OUT
        assert (row["input_tokens"], row["estimated"]) == (PROMPT, True)
    else:
        assert row["estimated"]


@pytest.mark.parametrize("streamed", [True, False], ids=["stream", "whole"])
@pytest.mark.parametrize(
    ("wishes", "status", "code"),
    [
        ({"fault": "400", "message": "messages.0: odd"}, 400, "upstream_refused"),
        ({"fault": "400", "message": "prompt is too long: 9 tokens > 8"}, 400, "context_length_exceeded"),
        ({"fault": "400", "message": "Your credit balance is too low to go on."}, 502, "upstream_error"),
        ({"fault": "529"}, 503, "upstream_overloaded"),
    ],
)
def test_errors_before_the_first_byte(
    stack: Stack, caller: Caller, streamed: bool, wishes: dict[str, Any], status: int, code: str
):
    reply = chat(stack, caller, model=CLAUDE, messages=directive(**wishes), stream=streamed)
    assert (reply.status, reply.error["code"]) == (status, code), reply.body
    assert "message" not in wishes or status != 400 or reply.error["message"] == wishes["message"]
    assert settled(caller)["cost_micros"] == 0


@pytest.mark.parametrize("wishes", [{"fault": "json_for_stream"}, {"fault": "error_event", "fault_at": 0}])
def test_streams_that_never_begin(stack: Stack, caller: Caller, wishes: dict[str, Any]):
    reply = chat(stack, caller, model=CLAUDE, messages=directive(**wishes), stream=True)
    assert (reply.status, reply.error["code"]) == (502, "upstream_error"), reply.body
    row = settled(caller)
    assert row["cost_micros"] == 0
    assert row["provider_cost_nano"] > 0  # it has read the prompt and may bill us for that


def test_a_client_that_leaves_pays_for_what_was_said(stack: Stack, caller: Caller):
    """And for the prompt as it was: most of it out of the cache."""
    wishes = {"hold": "claude-leaves", "hold_at": "middle", "completion_tokens": 6}
    messages = directive(run="claude-leaves", **wishes, **CACHE)
    events = stream(stack, caller, model=CLAUDE, messages=messages)
    seen = ""
    while seen != HALF:
        seen += next(iter(events))["choices"][0]["delta"].get("content") or ""
    events.close()
    row = settled(caller)
    prompt = 12 * IN + 20 * CACHED + 5 * WRITTEN + 3 * WRITTEN_1H
    assert (row["status"], row["cost_micros"]) == ("cancelled", prompt + tokens.count(HALF) * OUT)
    (entry,) = stack.upstream.finished("claude-leaves")
    assert entry["client_left"]


@pytest.mark.parametrize("streamed", [True, False], ids=["stream", "whole"])
@pytest.mark.parametrize("lie", ["negative", "huge", "string", "float", "bool", "null"])
def test_a_usage_that_cannot_be_true_is_estimated(stack: Stack, caller: Caller, lie: str, streamed: bool):
    body = {"model": CLAUDE, "messages": directive(lie=lie, completion_tokens=ANSWER)}
    if streamed:
        events = stream(stack, caller, **body, **USAGE)
        assert events.text().startswith(HALF)
        assert events.done
        assert events.seen[-1]["usage"]["completion_tokens"] > 0
    else:
        assert chat(stack, caller, **body).json()["usage"]["completion_tokens"] > 0
    row = settled(caller)
    assert row["estimated"]
    assert 0 < row["cost_micros"] < 200 * OUT


@pytest.mark.parametrize("streamed", [True, False], ids=["stream", "whole"])
def test_a_refusal_is_a_content_filter(stack: Stack, caller: Caller, streamed: bool):
    body = {"model": CLAUDE, "messages": directive(refusal="Bunga yordam bera olmayman.", prompt_tokens=9)}
    if streamed:
        events = stream(stack, caller, **body)
        assert events.text() == ""
        assert events.done
        assert finish_of(events) == "content_filter"
        deltas = [chunk["choices"][0]["delta"] for chunk in events.seen]
        assert "".join(delta.get("refusal") or "" for delta in deltas) == "Bunga yordam bera olmayman."
    else:
        choice = chat(stack, caller, **body).json()["choices"][0]
        assert choice["finish_reason"] == "content_filter"
        assert choice["message"]["refusal"] == "Bunga yordam bera olmayman."
    assert settled(caller)["finish_reason"] == "content_filter"


@pytest.mark.parametrize("streamed", [True, False], ids=["stream", "whole"])
def test_from_openai_to_anthropic_in_one_call(stack: Stack, caller: Caller, streamed: bool):
    """One hold, one charge, at the price of the endpoint that answered."""
    run = f"claude-failover-{streamed}"
    wishes = {"run": run, "by_provider": {"alpha": {"fault": "500"}}, "completion_tokens": ANSWER}
    body = {"model": ANY, "messages": directive(prompt_tokens=PROMPT, **wishes)}
    if streamed:
        events = stream(stack, caller, **body)
        assert events.text().startswith(HALF)
        headers = events.headers
    else:
        reply = chat(stack, caller, **body)
        assert reply.json()["model"] == ANY
        headers = reply.headers
    assert headers["x-cloudapi-provider"] == "claude"
    assert settled(caller)["cost_micros"] == PROMPT * IN + ANSWER * OUT
    assert len(caller.holds()) == 1


@pytest.mark.parametrize(
    ("more", "param"),
    [
        ({"n": 2}, "n"),
        ({"logprobs": True}, "logprobs"),
        ({"tools": [{"type": "custom", "custom": {"name": "f"}}]}, "tools"),
    ],
)
def test_what_anthropic_can_not_say_is_named(stack: Stack, caller: Caller, more: dict[str, Any], param: str):
    reply = chat(stack, caller, model=CLAUDE, messages=directive(), **more)
    assert (reply.status, reply.error["code"], reply.error["param"]) == (400, "unsupported_parameter", param)
    assert caller.charged() == 0


def test_arguments_nested_too_deep_are_the_callers_fault(stack: Stack, caller: Caller):
    function = {"name": "f", "arguments": '{"a":' * 400 + "1" + "}" * 400}
    calls = [{"id": "a", "type": "function", "function": function}]
    messages = [*directive(), {"role": "assistant", "tool_calls": calls}, *directive()]
    reply = chat(stack, caller, model=CLAUDE, messages=messages)
    assert (reply.status, reply.error["param"]) == (400, "messages")
