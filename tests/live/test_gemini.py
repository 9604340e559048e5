"""Callers of chat completions over an upstream of the gemini dialect: content, order, usage, exact charge."""

import json
from typing import Any

import pytest

from tests.factories import Caller, make_caller
from tests.live.client import Events, chat, directive, stream
from tests.live.test_leaving import IN, OUT, outcome
from tests.stack import Stack
from tests.upstream.gemini_rules import SIGNATURE

GEMINI, THREE, ANY = "test/gemini", "test/gemini-3", "test/any"
CACHED = 3_150  # micros per token
USAGE: dict[str, Any] = {"stream_options": {"include_usage": True}}
TOOL = {
    "type": "function",
    "function": {
        "name": "get_weather",
        "strict": True,
        "parameters": {
            "$schema": "https://json-schema.org/draft/2020-12/schema",
            "type": "object",
            "properties": {"city": {"type": "string", "format": "city"}},
            "required": ["city"],
            "additionalProperties": False,
        },
    },
}
CALLS = [
    {"name": "get_weather", "arguments": {"city": "Toshkent"}},
    {"name": "get_weather", "arguments": {"city": "Samarqand — «Регистон»"}},
]
PNG = "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR4nGNgYGBgAAAABQABh6FO1AAAAABJRU5ErkJggg=="  # noqa: E501


@pytest.fixture
def caller(stack: Stack) -> Caller:
    return make_caller(balance_uzs=1000)


def asked(stack: Stack, run: str) -> dict[str, Any]:
    """What the upstream got."""
    (entry,) = stack.upstream.finished(run)
    found: dict[str, Any] = entry["body"]
    return found


def finish_of(events: Events) -> str | None:
    return next(
        c["finish_reason"] for chunk in events.seen for c in chunk.get("choices", ()) if c["finish_reason"]
    )


def settled(caller: Caller) -> dict[str, Any]:
    """The one row, which agrees with the wallet."""
    (row,) = outcome(caller, 1)
    assert caller.charged() == row["cost_micros"]
    assert caller.wallet()["held_micros"] == 0
    return row


def test_plain(stack: Stack, caller: Caller):
    wishes = {"run": "gem-plain", "text": "Salom, дунё 🙂", "prompt_tokens": 9, "completion_tokens": 4}
    told = [{"role": "system", "content": "Be brief."}, *directive(**wishes, cached_tokens=5)]
    reply = chat(stack, caller, model=GEMINI, messages=told, max_tokens=50, x_new=1, temperature=0.5)
    assert reply.status == 200, reply.body
    answer = reply.json()
    assert answer["object"] == "chat.completion"
    assert answer["model"] == GEMINI
    (choice,) = answer["choices"]
    assert choice["finish_reason"] == "stop"
    assert choice["message"]["content"] == "Salom, дунё 🙂"
    counts = answer["usage"]
    assert (counts["prompt_tokens"], counts["completion_tokens"], counts["total_tokens"]) == (9, 4, 13)
    assert counts["prompt_tokens_details"]["cached_tokens"] == 5
    assert settled(caller)["cost_micros"] == 4 * IN + 5 * CACHED + 4 * OUT
    body = asked(stack, "gem-plain")
    assert body["systemInstruction"] == {"parts": [{"text": "Be brief."}]}
    assert body["generationConfig"] == {"maxOutputTokens": 50, "temperature": 0.5}
    (entry,) = stack.upstream.finished("gem-plain")
    assert entry["target"] == "/p/gem/v1beta/models/gemini-2.5-flash-one:generateContent"
    assert dict(entry["headers"])["x-goog-api-key"] == "AIza-0123456789abcdef"
    assert "authorization" not in dict(entry["headers"])


@pytest.mark.parametrize("framing", [{}, {"eol": "\r\n", "comments": True, "bytewise": True}])
def test_stream(stack: Stack, caller: Caller, framing: dict[str, Any]):
    wishes = {"run": f"gem-stream-{len(framing)}", "completion_tokens": 5, "prompt_tokens": 9}
    events = stream(stack, caller, model=GEMINI, messages=directive(**wishes, **framing), **USAGE)
    assert events.status == 200
    assert events.text() == "salom dunyo oʻzbek tilida javob "
    assert events.done
    assert events.seen[0]["choices"][0]["delta"]["role"] == "assistant"
    assert finish_of(events) == "stop"
    last = events.seen[-1]
    assert (last["choices"], last["usage"]["prompt_tokens"], last["usage"]["completion_tokens"]) == ([], 9, 5)
    assert all(chunk["usage"] is None for chunk in events.seen[:-1])
    assert settled(caller)["cost_micros"] == 9 * IN + 5 * OUT
    (entry,) = stack.upstream.finished(wishes["run"])
    assert entry["target"] == "/p/gem/v1beta/models/gemini-2.5-flash-one:streamGenerateContent?alt=sse"


def test_the_bound_is_sent_and_told(stack: Stack, caller: Caller):
    reply = chat(
        stack, caller, model=GEMINI, max_tokens=3, messages=directive(completion_tokens=9, prompt_tokens=9)
    )
    assert reply.json()["choices"][0]["finish_reason"] == "length"
    assert settled(caller)["cost_micros"] == 9 * IN + 3 * OUT


@pytest.mark.parametrize("count", [1, 2], ids=["one", "parallel"])
@pytest.mark.parametrize("streamed", [True, False], ids=["stream", "whole"])
def test_tools(stack: Stack, caller: Caller, count: int, streamed: bool):
    """There and back: the calls, then their results, with the signature that Gemini 3 wants to see again."""
    run = f"gem-tools-{count}-{streamed}"
    wishes = {
        "run": run,
        "tool_calls": CALLS[:count],
        "prompt_tokens": 9,
        "text": "",
        "completion_tokens": 30,
    }
    body: dict[str, Any] = {"model": THREE, "tools": [TOOL], "tool_choice": "required"}
    message = called(stack, caller, streamed, body | {"messages": directive(**wishes)})
    calls = message["tool_calls"]
    assert [json.loads(call["function"]["arguments"]) for call in calls] == [
        call["arguments"] for call in CALLS[:count]
    ]
    assert calls[0]["extra_content"] == {"google": {"thought_signature": SIGNATURE}}
    assert settled(caller)["cost_micros"] == 9 * IN + 30 * OUT
    declared = asked(stack, run)["tools"][0]["functionDeclarations"]
    assert declared == [
        {
            "name": "get_weather",
            "parametersJsonSchema": {
                "type": "object",
                "properties": {"city": {"type": "string"}},
                "required": ["city"],
                "additionalProperties": False,
            },
        }
    ]
    assert asked(stack, run)["toolConfig"] == {"functionCallingConfig": {"mode": "ANY"}}
    results = [{"role": "tool", "tool_call_id": call["id"], "content": "+31"} for call in reversed(calls)]
    history = [
        {"role": "user", "content": "Ob-havo?"},
        message,
        *results,
        *directive(run=f"{run}-back", text="Issiq"),
    ]
    back = chat(stack, caller, model=THREE, tools=[TOOL], messages=history)
    assert back.status == 200, back.body
    assert back.json()["choices"][0]["message"]["content"] == "Issiq"


def called(stack: Stack, caller: Caller, streamed: bool, body: dict[str, Any]) -> dict[str, Any]:
    """The assistant's message with its tool calls, put together as an SDK does."""
    if not streamed:
        choice = chat(stack, caller, **body).json()["choices"][0]
        assert choice["finish_reason"] == "tool_calls"
        message: dict[str, Any] = choice["message"]
        return message
    events = stream(stack, caller, **body)
    assert events.text() == ""
    assert events.done
    assert finish_of(events) == "tool_calls"
    calls: list[dict[str, Any]] = []
    for chunk in events.seen:
        for delta in chunk["choices"][0]["delta"].get("tool_calls", ()):
            if delta["index"] == len(calls):
                calls.append(delta)
            else:
                calls[delta["index"]]["function"]["arguments"] += delta["function"]["arguments"]
    return {"role": "assistant", "content": None, "tool_calls": calls}


def test_an_image(stack: Stack, caller: Caller):
    picture = {"role": "user", "content": [{"type": "image_url", "image_url": {"url": PNG}}]}
    messages = [picture, *directive(run="gem-image", prompt_tokens=267, completion_tokens=3)]
    assert chat(stack, caller, model=GEMINI, messages=messages).status == 200
    assert settled(caller)["cost_micros"] == 267 * IN + 3 * OUT
    first, _ = asked(stack, "gem-image")["contents"][0]["parts"]
    assert first == {"inlineData": {"mimeType": "image/png", "data": PNG.partition(",")[2]}}


def test_a_json_schema(stack: Stack, caller: Caller):
    schema = {"type": "object", "properties": {"answer": {"type": "string"}}, "required": ["answer"]}
    wanted = {"type": "json_schema", "json_schema": {"name": "a", "strict": True, "schema": schema}}
    messages = directive(run="gem-json", prompt_tokens=9)
    reply = chat(stack, caller, model=GEMINI, messages=messages, response_format=wanted)
    assert json.loads(reply.json()["choices"][0]["message"]["content"]) == {"answer": "salom"}
    config = asked(stack, "gem-json")["generationConfig"]
    assert (config["responseMimeType"], config["responseJsonSchema"]) == ("application/json", schema)
    assert settled(caller)["cost_micros"] == 9 * IN + 3 * OUT


@pytest.mark.parametrize("streamed", [True, False], ids=["stream", "whole"])
def test_reasoning(stack: Stack, caller: Caller, streamed: bool):
    wishes = {
        "reasoning": "Hm, oʻylab koʻray.",
        "reasoning_tokens": 6,
        "completion_tokens": 9,
        "prompt_tokens": 9,
    }
    body = {
        "model": GEMINI,
        "messages": directive(run=f"gem-think-{streamed}", **wishes),
        "reasoning_effort": "low",
    }
    if streamed:
        events = stream(stack, caller, **body, **USAGE)
        assert events.text() == "salom dunyo oʻzbek "
        deltas = [chunk["choices"][0]["delta"] for chunk in events.seen if chunk["choices"]]
        said = [next(iter(delta)) for delta in deltas if delta]
        assert said == ["role", "reasoning_content", "content", "content", "content"]
        thought, counts = deltas[1]["reasoning_content"], events.seen[-1]["usage"]
    else:
        answer = chat(stack, caller, **body).json()
        thought, counts = answer["choices"][0]["message"]["reasoning_content"], answer["usage"]
    assert thought == wishes["reasoning"]
    assert counts["completion_tokens"] == 9
    assert counts["completion_tokens_details"]["reasoning_tokens"] == 6
    assert settled(caller)["cost_micros"] == 9 * IN + 9 * OUT
    thinking = asked(stack, f"gem-think-{streamed}")["generationConfig"]["thinkingConfig"]
    assert thinking == {"thinkingBudget": 1024, "includeThoughts": True}


@pytest.mark.parametrize("streamed", [True, False], ids=["stream", "whole"])
@pytest.mark.parametrize(
    ("wishes", "status", "code"),
    [
        ({"fault": "400", "message": "Invalid value at 'contents'."}, 400, "upstream_refused"),
        (
            {"fault": "400", "message": "The input token count (9) exceeds it."},
            400,
            "context_length_exceeded",
        ),
        (
            {"fault": "400", "status_code": "API_KEY_INVALID", "message": "API key not valid."},
            502,
            "upstream_error",
        ),
        ({"fault": "leak"}, 502, "upstream_error"),
        ({"fault": "403"}, 502, "upstream_error"),
        ({"fault": "404"}, 502, "upstream_error"),
        ({"fault": "429"}, 503, "upstream_overloaded"),
        ({"fault": "500"}, 502, "upstream_error"),
        ({"fault": "503"}, 503, "upstream_overloaded"),
        ({"tool_calls": [{"name": "get_weather", "arguments": "{oops"}]}, 502, "upstream_error"),
    ],
    ids=lambda value: (
        str(value.get("status_code") or value.get("fault") or "malformed call")
        if isinstance(value, dict)
        else ""
    ),
)
def test_errors_before_the_first_byte(
    stack: Stack, caller: Caller, streamed: bool, wishes: dict[str, Any], status: int, code: str
):
    reply = chat(stack, caller, model=GEMINI, messages=directive(**wishes), stream=streamed)
    assert (reply.status, reply.error["code"]) == (status, code), reply.body
    assert b"0123456789abcdef" not in reply.body
    row = settled(caller)
    assert (row["status"], row["cost_micros"]) == ("error", 0)


def test_a_client_that_leaves_pays_for_what_was_said(stack: Stack, caller: Caller):
    wishes = {"hold": "gem-leaves", "hold_at": "middle", "prompt_tokens": 9, "completion_tokens": 6}
    events = stream(stack, caller, model=GEMINI, messages=directive(run="gem-leaves", **wishes))
    seen = ""
    while seen != "salom dunyo ":
        seen += next(iter(events))["choices"][0]["delta"].get("content") or ""
    events.close()
    row = settled(caller)
    assert (row["status"], row["cost_micros"]) == ("cancelled", 9 * IN + 2 * OUT)
    (entry,) = stack.upstream.finished("gem-leaves")
    assert entry["client_left"]


@pytest.mark.parametrize("streamed", [True, False], ids=["stream", "whole"])
@pytest.mark.parametrize(
    "wishes", [{"fault": "no_usage"}, {"lie": "huge"}, {"lie": "negative"}, {"lie": "float"}]
)
def test_without_a_true_report_it_is_an_estimate(
    stack: Stack, caller: Caller, streamed: bool, wishes: dict[str, Any]
):
    body = {"model": GEMINI, "messages": directive(completion_tokens=6, **wishes)}
    if streamed:
        events = stream(stack, caller, **body)
        assert events.text() == "salom dunyo oʻzbek tilida javob тест "
        assert events.done
    else:
        assert chat(stack, caller, **body).status == 200
    row = settled(caller)
    assert row["estimated"]
    assert 0 < row["cost_micros"] < 200 * OUT


def test_the_last_of_two_reports_counts(stack: Stack, caller: Caller):
    wishes = {"fault": "two_usages", "prompt_tokens": 9, "completion_tokens": 6}
    events = stream(stack, caller, model=GEMINI, messages=directive(**wishes))
    events.text()
    assert events.done
    assert settled(caller)["cost_micros"] == 9 * IN + 6 * OUT


@pytest.mark.parametrize("streamed", [True, False], ids=["stream", "whole"])
def test_a_safety_block_is_a_content_filter(stack: Stack, caller: Caller, streamed: bool):
    body = {"model": GEMINI, "messages": directive(refusal="no", prompt_tokens=9)}
    if streamed:
        events = stream(stack, caller, **body)
        assert events.text() == ""
        assert events.done
        assert finish_of(events) == "content_filter"
    else:
        assert chat(stack, caller, **body).json()["choices"][0]["finish_reason"] == "content_filter"
    row = settled(caller)
    assert (row["finish_reason"], row["cost_micros"]) == ("content_filter", 9 * IN)


@pytest.mark.parametrize("streamed", [True, False], ids=["stream", "whole"])
def test_from_openai_to_gemini_in_one_call(stack: Stack, caller: Caller, streamed: bool):
    """One hold, one charge, at the price of the endpoint that answered."""
    run = f"gem-failover-{streamed}"
    faults = {"alpha": {"fault": "500"}, "claude": {"fault": "529"}}
    wishes = {"run": run, "by_provider": faults, "prompt_tokens": 9, "completion_tokens": 6}
    body = {"model": ANY, "messages": directive(**wishes)}
    if streamed:
        events = stream(stack, caller, **body)
        assert events.text() == "salom dunyo oʻzbek tilida javob тест "
        headers = events.headers
    else:
        reply = chat(stack, caller, **body)
        assert reply.json()["model"] == ANY
        headers = reply.headers
    assert headers["x-cloudapi-provider"] == "gem"
    row = settled(caller)
    assert row["provider"] == "gem"
    assert row["cost_micros"] == 9 * 25_200 + 6 * 75_600
    assert len(caller.holds()) == 1


def test_what_gemini_can_not_say_is_named(stack: Stack, caller: Caller):
    reply = chat(stack, caller, model=GEMINI, messages=directive(), n=2)
    assert (reply.status, reply.error["code"], reply.error["param"]) == (400, "unsupported_parameter", "n")
    assert caller.charged() == 0
