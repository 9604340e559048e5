"""The current openai-python against the running stack: what it parses, raises and repeats."""

import json
import time
from typing import Any

import openai
import pytest
from openai import OpenAI

from tests.factories import Caller, make_caller
from tests.live.client import directive, get
from tests.live.test_leaving import IN, OUT
from tests.sdk.conftest import client_of
from tests.stack import Stack

WEATHER = {
    "type": "function",
    "function": {
        "name": "get_weather",
        "description": "Weather of a city",
        "parameters": {
            "type": "object",
            "properties": {"city": {"type": "string"}, "units": {"type": "string", "enum": ["c", "f"]}},
            "required": ["city"],
            "additionalProperties": False,
        },
        "strict": True,
    },
}
CALLS = [
    {"name": "get_weather", "arguments": {"city": "Toshkent", "units": "c"}},
    {"name": "get_weather", "arguments": {"city": "Samarqand — «Регистон»", "units": "c"}},
]


def ask(client: OpenAI, wishes: dict[str, Any] | None = None, **more: Any) -> Any:
    return client.chat.completions.create(
        **{"model": "test/one", "messages": directive(**(wishes or {"completion_tokens": 3}))} | more
    )


def test_chat(client: OpenAI, caller: Caller):
    answer = ask(client, {"text": "Salom, дунё 🙂", "prompt_tokens": 9, "completion_tokens": 4})
    assert answer.choices[0].message.content == "Salom, дунё 🙂"
    assert answer.choices[0].finish_reason == "stop"
    assert answer.model == "test/one"
    assert (answer.usage.prompt_tokens, answer.usage.completion_tokens) == (9, 4)
    assert caller.charged() == 9 * IN + 4 * OUT


def test_the_old_way_of_history_works(client: OpenAI):
    messages = [
        {"role": "system", "content": "You are brief."},
        {"role": "user", "content": "Salom"},
        {"role": "assistant", "content": "Salom!"},
        *directive(text="Yaxshi"),
    ]
    assert ask(client, messages=messages).choices[0].message.content == "Yaxshi"


def test_stream(client: OpenAI, caller: Caller):
    text, last = "", None
    for chunk in ask(client, {"text": "Assalomu alaykum, дўстлар", "prompt_tokens": 9}, stream=True):
        text += chunk.choices[0].delta.content or ""
        last = chunk
    assert text == "Assalomu alaykum, дўстлар"
    assert last is not None
    assert last.choices[0].finish_reason == "stop"
    assert last.model == "test/one"
    assert caller.charged() == 9 * IN + 3 * OUT


def test_stream_with_usage(client: OpenAI):
    chunks = list(ask(client, stream=True, stream_options={"include_usage": True}))
    assert chunks[-1].choices == []
    assert chunks[-1].usage.completion_tokens == 3
    assert {chunk.usage for chunk in chunks[:-1]} == {None}


def test_the_stream_helper(client: OpenAI):
    """The SDK's own accumulator is stricter than reading chunks."""
    with client.chat.completions.stream(model="test/one", messages=directive(text="bir ikki uch")) as stream:
        final = stream.get_final_completion()
    assert final.choices[0].message.content == "bir ikki uch"


@pytest.mark.parametrize("count", [1, 2], ids=["single", "parallel"])
def test_tools(client: OpenAI, count: int):
    answer = ask(client, {"tool_calls": CALLS[:count]}, tools=[WEATHER])
    calls = answer.choices[0].message.tool_calls
    assert answer.choices[0].finish_reason == "tool_calls"
    assert [json.loads(call.function.arguments) for call in calls] == [c["arguments"] for c in CALLS[:count]]


def test_streamed_tools(client: OpenAI):
    """Arguments come in pieces; each call under its own index."""
    found: dict[int, dict[str, str]] = {}
    for chunk in ask(client, {"tool_calls": CALLS}, tools=[WEATHER], stream=True):
        for delta in chunk.choices[0].delta.tool_calls or []:
            call = found.setdefault(delta.index, {"id": "", "name": "", "arguments": ""})
            call["id"] += delta.id or ""
            call["name"] += delta.function.name or ""
            call["arguments"] += delta.function.arguments or ""
    assert [call["name"] for call in found.values()] == ["get_weather"] * 2
    assert [json.loads(call["arguments"]) for call in found.values()] == [call["arguments"] for call in CALLS]
    assert len({call["id"] for call in found.values()}) == 2


def test_the_tool_loop(client: OpenAI):
    """The assistant's calls and the tools' results go back as they came."""
    calls = ask(client, {"tool_calls": CALLS[:1]}, tools=[WEATHER]).choices[0].message
    result = {"role": "tool", "tool_call_id": calls.tool_calls[0].id, "content": '{"t": 31}'}
    messages = [*directive(run="tool-loop", text="31 daraja"), calls, result]
    answer = ask(client, messages=messages, tools=[WEATHER])
    assert answer.choices[0].message.content == "31 daraja"


def test_vision(client: OpenAI, stack: Stack):
    pixel = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
    image = {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{pixel}", "detail": "low"}}
    text = {"type": "text", "text": directive(run="vision", text="bitta nuqta")[0]["content"]}
    answer = ask(client, messages=[{"role": "user", "content": [text, image]}])
    assert answer.choices[0].message.content == "bitta nuqta"
    (entry,) = stack.upstream.finished("vision")
    assert entry["body"]["messages"][0]["content"][1] == image


def test_json_mode(client: OpenAI):
    answer = ask(client, {}, response_format={"type": "json_object"})
    assert json.loads(answer.choices[0].message.content) == {"answer": "salom"}


def test_json_schema_by_the_parse_helper(client: OpenAI):
    schema = {"type": "object", "properties": {"answer": {"type": "string"}}, "required": ["answer"]}
    form = {"type": "json_schema", "json_schema": {"name": "answer", "schema": schema}}
    answer = ask(client, {}, response_format=form)
    assert json.loads(answer.choices[0].message.content)["answer"] == "salom"


def test_several_choices(client: OpenAI, caller: Caller):
    answer = ask(client, {"text": "ha", "prompt_tokens": 9}, n=3)
    assert [choice.index for choice in answer.choices] == [0, 1, 2]
    assert answer.usage.completion_tokens == 3
    assert caller.charged() == 9 * IN + 3 * OUT


def test_logprobs(client: OpenAI):
    answer = ask(client, {"text": "ha yoq"}, logprobs=True, top_logprobs=2)
    content = answer.choices[0].logprobs.content
    assert [token.token for token in content] == ["ha ", "yoq"]
    assert len(content[0].top_logprobs) == 2


def test_reasoning_and_cached_tokens(client: OpenAI, caller: Caller):
    wishes = {"reasoning": "oʻylayman", "reasoning_tokens": 10, "completion_tokens": 12, "prompt_tokens": 100}
    answer = ask(client, wishes | {"cached_tokens": 80}, reasoning_effort="low")
    assert answer.usage.completion_tokens_details.reasoning_tokens == 10
    assert answer.usage.prompt_tokens_details.cached_tokens == 80
    assert answer.choices[0].message.reasoning_content == "oʻylayman"
    assert caller.charged() == 20 * IN + 80 * 3_150 + 12 * OUT


def test_the_callers_bound_is_kept(client: OpenAI):
    for name in ("max_tokens", "max_completion_tokens"):
        answer = ask(client, {"completion_tokens": 50}, **{name: 5})
        assert answer.choices[0].finish_reason == "length"
        assert answer.usage.completion_tokens == 5


@pytest.mark.parametrize("name", ["test/three", "Test Three", "t3", "TEST  three", "three of them@price"])
def test_names(client: OpenAI, name: str):
    """The answer says what the caller said, less the tags."""
    answer = client.chat.completions.with_raw_response.create(model=name, messages=directive())
    assert answer.parse().model == name.partition("@")[0]
    assert answer.headers["x-cloudapi-model"] == "test/three"


@pytest.mark.parametrize("name", ["test/one", "Test Three", "three of them", "test/three@price"])
def test_models_by_odd_names(client: OpenAI, name: str):
    """The SDK escapes slash, space and @ in the path."""
    model = client.models.retrieve(name)
    assert model.object == "model"
    assert model.id in {name, "test/one", "test/three"}


def test_the_list_of_models(client: OpenAI):
    models = list(client.models.list())
    ids = {model.id for model in models}
    assert {"test/one", "test/three", "test/free"} <= ids
    assert "test/locked" not in ids  # it is not served now
    assert all(model.created and model.owned_by for model in models)


def test_the_receipt(client: OpenAI, caller: Caller, stack: Stack):
    wishes = {"prompt_tokens": 9, "completion_tokens": 4}
    raw = client.chat.completions.with_raw_response.create(model="test/one", messages=directive(**wishes))
    assert raw.headers["x-request-id"] == raw.headers["request-id"]
    assert raw.headers["x-cloudapi-cost-uzs"] == "0.2646"
    reply = get(stack, f"/v1/generation/{raw.headers['x-request-id']}", caller)
    assert reply.status == 200, reply.body
    assert b"0.2646" in reply.body
    assert b"usd" not in reply.body.lower()


def test_the_rate_headers(client: OpenAI, stack: Stack):
    limited = make_caller(balance_uzs=1000, rpm=7)
    with client_of(stack, limited.key) as own:
        headers = own.chat.completions.with_raw_response.create(
            model="test/one", messages=directive()
        ).headers
    assert headers["x-ratelimit-limit"] == "7"
    assert headers["x-ratelimit-remaining"] == "6"
    assert 0 < int(headers["x-ratelimit-reset"]) <= 60


def test_unknown_fields_go_through(client: OpenAI, stack: Stack):
    ask(client, {"run": "sdk-extra"}, extra_body={"top_k": 3, "thinking": {"type": "enabled"}})
    (entry,) = stack.upstream.finished("sdk-extra")
    assert entry["body"]["top_k"] == 3
    assert entry["body"]["thinking"] == {"type": "enabled"}


# --- Errors


def refusal(
    client: OpenAI, error: type[openai.APIStatusError], status: int, **call: Any
) -> openai.APIStatusError:
    """The exception that the SDK raises, and that it didn't repeat the call in vain."""
    with pytest.raises(error) as caught:
        ask(client, **call)
    assert caught.value.status_code == status
    assert caught.value.request_id == caught.value.response.headers["x-request-id"]
    assert caught.value.body["message"]  # type: ignore[index]
    return caught.value


def test_a_bad_key(stack: Stack):
    with client_of(stack, "cap-nobody") as client:
        error = refusal(client, openai.AuthenticationError, 401)
    assert error.code == "invalid_api_key"
    assert error.type == "invalid_request_error"
    assert error.response.headers["x-should-retry"] == "false"


def test_an_empty_wallet(stack: Stack):
    with client_of(stack, make_caller().key) as client:
        error = refusal(client, openai.APIStatusError, 402)
    assert error.code == "insufficient_balance"


def test_a_spent_cap(stack: Stack):
    with client_of(stack, make_caller(balance_uzs=1000, caps={"project_day": 0}).key) as client:
        error = refusal(client, openai.APIStatusError, 402)
    assert error.code == "budget_exceeded"


def test_a_model_that_the_project_may_not_use(stack: Stack):
    with client_of(stack, make_caller(balance_uzs=1000, allowed_models=["test/free"]).key) as client:
        assert {model.id for model in client.models.list()} == {"test/free"}
        error = refusal(client, openai.PermissionDeniedError, 403)
    assert error.code == "model_not_allowed"


def test_an_unknown_model(client: OpenAI):
    error = refusal(client, openai.NotFoundError, 404, model="test/nowhere")
    assert error.code == "model_not_found"
    with pytest.raises(openai.NotFoundError):
        client.models.retrieve("test/nowhere")


def test_a_wrong_request(client: OpenAI):
    assert refusal(client, openai.BadRequestError, 400, temperature=7).param == "temperature"
    assert refusal(client, openai.BadRequestError, 400, messages=[]).param == "messages"


def test_a_body_that_is_too_large(client: OpenAI):
    messages = [{"role": "user", "content": "x" * (33 * 1024 * 1024)}]
    refusal(client, openai.APIStatusError, 413, messages=messages)


def test_a_prompt_over_the_window(client: OpenAI):
    messages = [{"role": "user", "content": "salom " * 5000}]
    error = refusal(client, openai.BadRequestError, 400, model="test/small", messages=messages)
    assert error.code == "context_length_exceeded"


def test_too_many_requests_are_repeated_when_told(stack: Stack):
    """429 with Retry-After: the SDK waits as long as we say, here longer than a test can."""
    limited = make_caller(balance_uzs=1000, rpm=1)
    with client_of(stack, limited.key, max_retries=0) as client:
        ask(client)
        error = refusal(client, openai.RateLimitError, 429)
    assert error.code == "rate_limit_exceeded"
    wait = int(error.response.headers["retry-after"])
    assert 0 < wait <= 60
    assert wait == int(error.response.headers["x-ratelimit-reset"])


def test_a_provider_in_trouble_is_asked_again(client: OpenAI, stack: Stack, caller: Caller):
    """The first answer is our 503 with Retry-After; the SDK's second call is served and charged."""
    began = time.monotonic()
    wishes = {"run": "again", "fault": "529", "fail_times": 1, "retry_after": "1", "prompt_tokens": 9}
    answer = ask(client, wishes | {"completion_tokens": 3})
    assert answer.usage.completion_tokens == 3
    assert time.monotonic() - began >= 0.75  # a second, less the SDK's jitter
    assert len(stack.upstream.journal("again")) == 2
    assert caller.charged() == 9 * IN + 3 * OUT


@pytest.mark.parametrize(("fault", "status"), [("500", 502), ("reset", 502), ("503", 503)])
def test_a_broken_provider(stack: Stack, caller: Caller, fault: str, status: int):
    with client_of(stack, caller.key, max_retries=0) as client:
        refusal(client, openai.InternalServerError, status, wishes={"fault": fault})
    assert caller.charged() == 0


def test_what_cannot_heal_is_not_repeated(stack: Stack):
    """no_endpoint says x-should-retry: false, so that three calls are one."""
    began = time.monotonic()
    with client_of(stack, make_caller(balance_uzs=1000).key) as client:
        refusal(client, openai.InternalServerError, 503, model="test/locked")
    assert time.monotonic() - began < 0.4  # the first pause of a retry is longer


def test_a_stream_that_breaks(client: OpenAI):
    """An error after the first bytes is an event, which the SDK raises with our words."""
    text = ""
    with pytest.raises(openai.APIError) as caught:
        for chunk in ask(client, {"fault": "cut", "completion_tokens": 9}, stream=True):
            text += chunk.choices[0].delta.content or ""
    assert text == "salom dunyo "
    assert "provider" in caught.value.message


async def test_the_async_client(stack: Stack, caller: Caller):
    async with openai.AsyncOpenAI(base_url=f"{stack.url}/v1", api_key=caller.key) as client:
        stream = await client.chat.completions.create(
            model="test/one", messages=directive(text="bir ikki"), stream=True
        )
        pieces = [chunk.choices[0].delta.content or "" async for chunk in stream]
    assert "".join(pieces) == "bir ikki"
