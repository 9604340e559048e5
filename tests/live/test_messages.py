"""Callers of the Messages API over upstreams of every dialect: content, order, usage, exact charge."""

import json
from typing import Any

import psycopg
import pytest

from tests.factories import Caller, make_caller
from tests.live.client import Events, Reply, directive, send, stream
from tests.live.test_leaving import IN, OUT, outcome
from tests.live.test_stream import Background, wait_for_upstream
from tests.messages import accumulated
from tests.stack import Stack

PATH = "/v1/messages?beta=true"
# model → micros per token of input and of output.
PRICES = {"test/one": (IN, OUT), "test/claude": (3 * IN, 5 * OUT), "test/gemini": (IN, OUT)}
each = pytest.mark.parametrize("model", PRICES)
ways = pytest.mark.parametrize("streamed", [True, False], ids=["stream", "whole"])
TOOL = {
    "name": "get_weather",
    "description": "Weather of a city",
    "input_schema": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
}
CALLS = [
    {"name": "get_weather", "arguments": {"city": "Toshkent"}},
    {"name": "get_weather", "arguments": {"city": "Samarqand — «Регистон»"}},
]
PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
IMAGE = {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": PIXEL}}


@pytest.fixture
def caller(stack: Stack) -> Caller:
    return make_caller(balance_uzs=10_000)


def cost(model: str, prompt: int, answer: int) -> int:
    return prompt * PRICES[model][0] + answer * PRICES[model][1]


def say(stack: Stack, caller: Caller, *, headers: dict[str, str] | None = None, **body: Any) -> Reply:
    return send(
        stack, caller.headers | (headers or {}), {"model": "test/one", "max_tokens": 1000} | body, path=PATH
    )


def begin(stack: Stack, caller: Caller, **body: Any) -> Events:
    return stream(stack, caller, path=PATH, **{"max_tokens": 1000} | body)


def answered(stack: Stack, caller: Caller, *, streamed: bool, **body: Any) -> dict[str, Any]:
    """The message, put together by a strict client if it was streamed."""
    if not streamed:
        reply = say(stack, caller, **body)
        assert reply.status == 200, reply.body
        found: dict[str, Any] = reply.json()
        return found
    events = begin(stack, caller, **body)
    assert events.status == 200
    payloads = [payload for payload in events if payload["type"] != "ping"]
    last = payloads[-2]
    message: dict[str, Any] = payloads[0]["message"]
    return message | last["delta"] | {"usage": last["usage"], "content": accumulated(payloads)}


def asked(stack: Stack, run: str) -> dict[str, Any]:
    """What the upstream got."""
    (entry,) = stack.upstream.finished(run)
    found: dict[str, Any] = entry["body"]
    return found


def settled(caller: Caller, count: int = 1) -> dict[str, Any]:
    """The last row; all of them agree with the wallet."""
    found = outcome(caller, count)
    assert caller.charged() == sum(row["cost_micros"] for row in found)
    assert caller.wallet()["held_micros"] == 0
    return found[-1]


def kinds(message: dict[str, Any]) -> list[str]:
    return [block["type"] for block in message["content"]]


@ways
@each
def test_plain(stack: Stack, caller: Caller, model: str, streamed: bool):
    wishes = {"text": "Salom, дунё 🙂", "prompt_tokens": 9, "completion_tokens": 4}
    message = answered(stack, caller, streamed=streamed, model=model, messages=directive(**wishes))
    assert (message["type"], message["role"], message["model"]) == ("message", "assistant", model)
    (block,) = message["content"]
    assert (block["type"], block["text"]) == ("text", "Salom, дунё 🙂")
    assert (message["stop_reason"], message["stop_sequence"]) == ("end_turn", None)
    usage = message["usage"]
    output = usage["output_tokens"]
    assert (usage["input_tokens"], usage["cache_read_input_tokens"]) == (9, 0)
    assert settled(caller)["cost_micros"] == cost(model, 9, output)


@pytest.mark.parametrize("framing", [{}, {"eol": "\r\n", "comments": True, "bytewise": True}])
@each
def test_stream(stack: Stack, caller: Caller, model: str, framing: dict[str, Any]):
    wishes = {"completion_tokens": 5, "prompt_tokens": 9, **framing}
    events = begin(stack, caller, model=model, messages=directive(**wishes))
    assert events.headers["content-type"].startswith("text/event-stream")
    assert events.headers["x-cloudapi-model"] == model
    payloads = [payload for payload in events if payload["type"] != "ping"]
    assert accumulated(payloads)[0]["text"] == "salom dunyo oʻzbek tilida javob "
    assert payloads[0]["message"]["content"] == []
    assert payloads[-2]["usage"]["output_tokens"] == 5
    assert not events.done  # nobody says [DONE] here
    assert settled(caller)["cost_micros"] == cost(model, 9, 5)


@each
def test_the_bound_is_sent_and_told(stack: Stack, caller: Caller, model: str):
    """Vast bounds are lowered to what the model writes at most, instead of being refused."""
    wishes = {"completion_tokens": 9, "prompt_tokens": 9}
    message = say(stack, caller, model=model, max_tokens=3, messages=directive(**wishes)).json()
    assert (message["stop_reason"], message["usage"]["output_tokens"]) == ("max_tokens", 3)
    run = f"msg-vast-{model}"
    assert say(stack, caller, model=model, max_tokens=128_000, messages=directive(run=run)).status == 200
    body = asked(stack, run)
    assert body.get("max_tokens", body.get("generationConfig", {}).get("maxOutputTokens")) == 4096


@pytest.mark.parametrize("count", [1, 2], ids=["one", "parallel"])
@ways
@pytest.mark.parametrize("model", ["test/one", "test/claude", "test/gemini-3"])
def test_tools(stack: Stack, caller: Caller, model: str, streamed: bool, count: int):
    """There and back: the calls, then their results, in the blocks that the client keeps."""
    wishes = {"tool_calls": CALLS[:count], "prompt_tokens": 9}
    body: dict[str, Any] = {"model": model, "tools": [TOOL], "tool_choice": {"type": "auto"}}
    message = answered(stack, caller, streamed=streamed, messages=directive(**wishes), **body)
    assert message["stop_reason"] == "tool_use"
    calls = [block for block in message["content"] if block["type"] == "tool_use"]
    assert [(call["name"], call["input"]) for call in calls] == [
        (call["name"], call["arguments"]) for call in CALLS[:count]
    ]
    assert len({call["id"] for call in calls}) == count
    prices = PRICES.get(model, (IN, OUT))
    assert settled(caller)["cost_micros"] == 9 * prices[0] + message["usage"]["output_tokens"] * prices[1]
    results = [{"type": "tool_result", "tool_use_id": call["id"], "content": "+31"} for call in calls]
    run = f"msg-back-{model}-{streamed}-{count}"
    more = {"type": "text", "text": directive(run=run, text="Issiq")[0]["content"]}
    history = [
        {"role": "user", "content": "Ob-havo?"},
        {"role": "assistant", "content": message["content"]},
        {"role": "user", "content": [*results, more]},
    ]
    back = answered(stack, caller, streamed=streamed, messages=history, **body)
    assert back["content"][-1]["text"] == "Issiq"
    assert b"+31" in json.dumps(asked(stack, run)).encode()


@ways
@each
def test_an_image(stack: Stack, caller: Caller, model: str, streamed: bool):
    run = f"msg-image-{model}-{streamed}"
    text = {"type": "text", "text": directive(run=run, text="nuqta", prompt_tokens=267)[0]["content"]}
    messages = [{"role": "user", "content": [IMAGE, text]}]
    message = answered(stack, caller, streamed=streamed, model=model, messages=messages)
    assert message["content"][0]["text"] == "nuqta"
    assert PIXEL in json.dumps(asked(stack, run))
    assert settled(caller)["cost_micros"] == cost(model, 267, message["usage"]["output_tokens"])


@ways
@each
def test_a_json_schema(stack: Stack, caller: Caller, model: str, streamed: bool):
    schema = {
        "type": "object",
        "properties": {"answer": {"type": "string"}},
        "required": ["answer"],
        "additionalProperties": False,
    }
    run = f"msg-json-{model}-{streamed}"
    form = {"output_config": {"format": {"type": "json_schema", "schema": schema}}}
    messages = directive(run=run, prompt_tokens=9)
    message = answered(stack, caller, streamed=streamed, model=model, messages=messages, **form)
    assert json.loads(message["content"][0]["text"]) == {"answer": "salom"}
    assert '"answer"' in json.dumps(asked(stack, run))
    assert settled(caller)["cost_micros"] == cost(model, 9, 3)


@ways
@each
def test_reasoning(stack: Stack, caller: Caller, model: str, streamed: bool):
    run = f"msg-think-{model}-{streamed}"
    wishes = {
        "reasoning": "Hm, oʻylab koʻray.",
        "reasoning_tokens": 6,
        "completion_tokens": 9,
        "prompt_tokens": 9,
    }
    thinking = {"type": "adaptive"}
    message = answered(stack, caller, streamed=streamed, model=model, thinking=thinking,
                       output_config={"effort": "low"}, messages=directive(run=run, **wishes))  # fmt: skip
    assert kinds(message) == ["thinking", "text"]
    assert message["content"][0]["thinking"] == wishes["reasoning"]
    assert message["usage"]["output_tokens"] == 9
    assert message["usage"]["output_tokens_details"] == {"thinking_tokens": 6}
    assert settled(caller)["cost_micros"] == cost(model, 9, 9)
    sent = asked(stack, run)
    if model == "test/claude":
        assert (sent["thinking"], sent["output_config"]) == (thinking, {"effort": "low"})
    elif model == "test/one":
        assert sent["reasoning_effort"] == "low"
        assert "thinking" not in sent


@ways
@each
def test_cached_tokens(stack: Stack, caller: Caller, model: str, streamed: bool):
    """Anthropic's input tokens are those that were not in the cache."""
    wishes = {"prompt_tokens": 100, "cached_tokens": 80, "completion_tokens": 2}
    message = answered(stack, caller, streamed=streamed, model=model, messages=directive(**wishes))
    assert (message["usage"]["input_tokens"], message["usage"]["cache_read_input_tokens"]) == (20, 80)
    cached = 3_780 if model == "test/claude" else 3_150
    assert settled(caller)["cost_micros"] == cost(model, 20, 2) + 80 * cached


@ways
@pytest.mark.parametrize(
    ("fault", "status", "kind"),
    [
        ("400", 400, "invalid_request_error"),
        ("403", 502, "api_error"),
        ("429", 503, "overloaded_error"),
        ("500", 502, "api_error"),
        ("529", 503, "overloaded_error"),
        ("reset", 502, "api_error"),
        ("html", 502, "api_error"),
        ("empty", 502, "api_error"),
        ("not_json", 502, "api_error"),
    ],
)
@each
def test_errors_before_the_first_byte(
    stack: Stack, caller: Caller, model: str, fault: str, status: int, kind: str, streamed: bool
):
    reply = say(stack, caller, model=model, messages=directive(fault=fault), stream=streamed)
    assert (reply.status, reply.json()["type"], reply.error["type"]) == (status, "error", kind), reply.body
    row = settled(caller)
    assert (row["status"], row["cost_micros"]) == ("error", 0)


@pytest.mark.parametrize(
    "fault",
    ["error_event", "malformed_chunk", "cut", "cut_reset", "cut_utf8", "cut_json", "truncated", "huge_line"],
)
@each
def test_errors_in_the_middle(stack: Stack, caller: Caller, model: str, fault: str):
    """What was said is paid for; the stream ends in an error event, never in a stop reason."""
    wishes = {"fault": fault, "prompt_tokens": 9, "completion_tokens": 6}
    events = begin(stack, caller, model=model, messages=directive(**wishes))
    payloads = list(events)
    said = "".join(payload.get("delta", {}).get("text", "") for payload in payloads)
    assert said == "salom dunyo "
    assert payloads[-1]["type"] == "error"
    assert not {"message_delta", "message_stop"} & {payload["type"] for payload in payloads}
    row = settled(caller)
    assert 0 < row["cost_micros"] < cost(model, 200, 20)
    if model == "test/claude":  # it tells what the prompt was at once
        assert row["cost_micros"] % PRICES[model][0] == 0
        assert row["input_tokens"] == 9


@each
def test_a_broken_stream_is_asked_again_as_a_whole(stack: Stack, caller: Caller, model: str):
    """What Claude Code does after any fault of a stream: both answers are paid for as far as they came."""
    wishes = {"fault": "cut", "fail_times": 1, "prompt_tokens": 9, "completion_tokens": 6}
    body = {"model": model, "messages": directive(run=f"msg-again-{model}", **wishes)}
    assert [payload["type"] for payload in begin(stack, caller, **body)][-1] == "error"
    first = settled(caller)["cost_micros"]
    message = say(stack, caller, stream=False, **body).json()
    assert message["content"][0]["text"] == "salom dunyo oʻzbek tilida javob тест "
    settled(caller, 2)
    assert caller.charged() == first + cost(model, 9, 6)


@each
def test_a_client_that_leaves_pays_for_what_was_said(stack: Stack, caller: Caller, model: str):
    run = f"msg-leaves-{model}"
    wishes = {"run": run, "hold": run, "hold_at": "middle", "prompt_tokens": 9, "completion_tokens": 6}
    events = begin(stack, caller, model=model, messages=directive(**wishes))
    seen = ""
    while seen != "salom dunyo ":
        seen += next(iter(events)).get("delta", {}).get("text", "")
    events.close()
    row = settled(caller)
    assert row["status"] == "cancelled"
    assert 0 < row["cost_micros"] < cost(model, 200, 20)
    (entry,) = stack.upstream.finished(run)
    assert entry["client_left"]


@ways
@pytest.mark.parametrize("wishes", [{"fault": "no_usage"}, {"lie": "huge"}, {"lie": "negative"}], ids=str)
@each
def test_without_a_true_report_it_is_an_estimate(
    stack: Stack, caller: Caller, model: str, wishes: dict[str, Any], streamed: bool
):
    body = {"model": model, "messages": directive(completion_tokens=6, **wishes)}
    message = answered(stack, caller, streamed=streamed, **body)
    assert message["content"][0]["text"] == "salom dunyo oʻzbek tilida javob тест "
    row = settled(caller)
    assert row["estimated"]
    assert 0 < row["cost_micros"] < cost(model, 200, 50)
    if streamed:
        assert message["usage"]["output_tokens"] == row["output_tokens"]


@pytest.mark.parametrize("model", ["test/one", "test/claude"])
def test_nothing_terminal_leaves_before_the_charge(stack: Stack, caller: Caller, model: str):
    run = f"msg-locked-{model}"
    wishes = {"run": run, "hold": run, "hold_at": "end", "completion_tokens": 3}
    events = begin(stack, caller, model=model, messages=directive(**wishes))
    rest = Background(lambda: list(events))
    with psycopg.connect(stack.env["DATABASE_URL"]) as blocker:
        wait_for_upstream(stack, run)
        blocker.execute("SELECT 1 FROM wallet WHERE org_id = %s FOR UPDATE", [caller.organization.pk])
        stack.upstream.release(run)
        stack.upstream.finished(run)
        assert not rest.over(within_s=0.8)
        assert not {"message_delta", "message_stop"} & {payload["type"] for payload in events.seen}
    assert rest.over(within_s=10)
    assert events.seen[-1]["type"] == "message_stop"
    assert caller.charged() > 0


@ways
def test_the_next_endpoint_takes_over(stack: Stack, caller: Caller, streamed: bool):
    """From openai's dialect to Anthropic's within one call, at the price of the endpoint that answered."""
    faults = {"alpha": {"fault": "500"}}
    wishes = {"by_provider": faults, "prompt_tokens": 9, "completion_tokens": 6}
    message = answered(stack, caller, streamed=streamed, model="test/any", messages=directive(**wishes))
    assert message["model"] == "test/any"
    row = settled(caller)
    assert row["provider"] == "claude"
    assert row["cost_micros"] == cost("test/claude", 9, 6)
