"""The current anthropic-python against the running stack: what it parses, raises and repeats."""

import time
from collections.abc import Iterator
from typing import Any

import anthropic
import pytest
from anthropic import Anthropic

from tests.factories import Caller, make_caller
from tests.live.client import directive
from tests.live.test_leaving import IN, OUT
from tests.stack import Stack

WEATHER = {
    "name": "get_weather",
    "description": "Weather of a city",
    "input_schema": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
}
CALLS = [
    {"name": "get_weather", "arguments": {"city": "Toshkent"}},
    {"name": "get_weather", "arguments": {"city": "Samarqand — «Регистон»"}},
]


@pytest.fixture
def claude(stack: Stack, caller: Caller) -> Iterator[Anthropic]:
    with claude_of(stack, caller.key) as client:
        yield client


def claude_of(stack: Stack, key: str, **options: Any) -> Anthropic:
    """anthropic-python as a customer sets it up: base URL without /v1, and a key."""
    return Anthropic(base_url=stack.url, api_key=key, **options)


# model → micros per token of input and output: an upstream of another dialect, and one of the same
PRICES = {"test/one": (IN, OUT), "test/claude": (3 * IN, 5 * OUT)}
both = pytest.mark.parametrize("model", PRICES)


def ask(client: Anthropic, wishes: dict[str, Any] | None = None, **more: Any) -> Any:
    messages = directive(**(wishes or {"completion_tokens": 3}))
    return client.messages.create(
        **{"model": "test/one", "max_tokens": 1000, "messages": messages} | more  # type: ignore[call-overload]
    )


@both
def test_a_message(claude: Anthropic, caller: Caller, model: str):
    wishes = {"text": "Salom, дунё 🙂", "prompt_tokens": 9, "completion_tokens": 4}
    answer = ask(claude, wishes, model=model)
    assert answer.content[0].text == "Salom, дунё 🙂"
    assert answer.stop_reason == "end_turn"
    assert answer.model == model
    assert (answer.usage.input_tokens, answer.usage.output_tokens) == (9, 4)
    assert caller.charged() == 9 * PRICES[model][0] + 4 * PRICES[model][1]


@both
def test_a_stream(claude: Anthropic, caller: Caller, model: str):
    messages: Any = directive(text="Assalomu alaykum, дўстлар", prompt_tokens=9)
    with claude.messages.stream(model=model, max_tokens=1000, messages=messages) as stream:
        text = "".join(stream.text_stream)
        final = stream.get_final_message()
    assert text == "Assalomu alaykum, дўстлар"
    assert final.stop_reason == "end_turn"
    assert (final.usage.input_tokens, final.usage.output_tokens) == (9, 3)
    assert final.model == model
    assert caller.charged() == 9 * PRICES[model][0] + 3 * PRICES[model][1]


@both
@pytest.mark.parametrize("count", [1, 2], ids=["single", "parallel"])
@pytest.mark.parametrize("streamed", [True, False], ids=["stream", "whole"])
def test_tools(claude: Anthropic, model: str, count: int, streamed: bool):
    call: dict[str, Any] = {
        "messages": directive(tool_calls=CALLS[:count]),
        "tools": [WEATHER],
        "model": model,
    }
    if streamed:
        with claude.messages.stream(max_tokens=1000, **call) as stream:
            answer = stream.get_final_message()
    else:
        answer = ask(claude, **call)
    assert answer.stop_reason == "tool_use"
    found = [(block.name, block.input) for block in answer.content]
    assert found == [(call["name"], call["arguments"]) for call in CALLS[:count]]
    assert len({block.id for block in answer.content}) == count


@both
def test_the_tool_loop(claude: Anthropic, model: str):
    """The SDK's own blocks go back as they came."""
    question = directive(tool_calls=CALLS[:1])
    answer = ask(claude, messages=question, tools=[WEATHER], model=model)
    result = {"type": "tool_result", "tool_use_id": answer.content[0].id, "content": "31", "is_error": False}
    told = {"type": "text", "text": directive(text="31 daraja")[0]["content"]}
    messages = [
        *question,
        {"role": "assistant", "content": answer.content},
        {"role": "user", "content": [result, told]},
    ]
    assert ask(claude, messages=messages, tools=[WEATHER], model=model).content[0].text == "31 daraja"


@both
def test_thinking(claude: Anthropic, model: str):
    wishes = {"reasoning": "oʻylayman", "reasoning_tokens": 10, "completion_tokens": 12, "prompt_tokens": 100}
    with claude.messages.stream(
        model=model,
        max_tokens=4000,
        thinking={"type": "enabled", "budget_tokens": 1024},
        messages=directive(**wishes),  # type: ignore[arg-type]
    ) as stream:
        final = stream.get_final_message()
    assert [block.type for block in final.content] == ["thinking", "text"]
    assert final.content[0].thinking == "oʻylayman"
    assert final.usage.output_tokens == 12


@both
def test_vision(claude: Anthropic, model: str):
    pixel = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
    image = {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": pixel}}
    text = {"type": "text", "text": directive(text="bitta nuqta")[0]["content"]}
    answer = ask(claude, messages=[{"role": "user", "content": [image, text]}], model=model)
    assert answer.content[0].text == "bitta nuqta"


@both
def test_tokens_are_counted(claude: Anthropic, model: str):
    messages: Any = directive(prompt_tokens=42)
    assert claude.messages.count_tokens(model=model, messages=messages).input_tokens > 10


def test_the_list_of_models(claude: Anthropic):
    page = claude.models.list(limit=1000)
    models = {model.id: model for model in page}
    assert {"test/one", "test/claude"} <= set(models)
    assert models["test/one"].display_name
    assert claude.models.retrieve("test/claude").type == "model"


def test_a_key_as_bearer(stack: Stack, caller: Caller):
    with Anthropic(base_url=stack.url, auth_token=caller.key, api_key=None) as client:
        assert ask(client).stop_reason == "end_turn"


# --- Errors


def refusal(
    client: Anthropic, error: type[anthropic.APIStatusError], status: int, **call: Any
) -> anthropic.APIStatusError:
    """The exception that the SDK raises, with our request id."""
    with pytest.raises(error) as caught:
        ask(client, **call)
    assert caught.value.status_code == status
    assert caught.value.request_id == caught.value.response.headers["request-id"]
    return caught.value


def test_a_bad_key(stack: Stack):
    with claude_of(stack, "cap-nobody") as client:
        error = refusal(client, anthropic.AuthenticationError, 401)
    assert error.response.headers["x-should-retry"] == "false"


def test_an_empty_wallet(stack: Stack):
    with claude_of(stack, make_caller().key) as client:
        error: Any = refusal(client, anthropic.APIStatusError, 402)
    assert error.body["error"]["code"] == "insufficient_balance"


def test_a_model_that_the_project_may_not_use(stack: Stack):
    with claude_of(stack, make_caller(balance_uzs=1000, allowed_models=["test/free"]).key) as client:
        refusal(client, anthropic.PermissionDeniedError, 403)


def test_an_unknown_model_and_a_wrong_request(claude: Anthropic):
    refusal(claude, anthropic.NotFoundError, 404, model="test/nowhere")
    refusal(claude, anthropic.BadRequestError, 400, messages=[])


def test_a_body_that_is_too_large(claude: Anthropic):
    messages = [{"role": "user", "content": "x" * (33 * 1024 * 1024)}]
    refusal(claude, anthropic.APIStatusError, 413, messages=messages)


def test_too_many_requests(stack: Stack):
    limited = make_caller(balance_uzs=1000, rpm=1)
    with claude_of(stack, limited.key, max_retries=0) as client:
        ask(client)
        error = refusal(client, anthropic.RateLimitError, 429)
    assert 0 < int(error.response.headers["retry-after"]) <= 60


@both
def test_a_provider_in_trouble_is_asked_again(claude: Anthropic, stack: Stack, caller: Caller, model: str):
    began = time.monotonic()
    wishes = {"run": f"claude-again-{model}", "fault": "529", "fail_times": 1, "retry_after": "1"}
    answer = ask(claude, wishes | {"completion_tokens": 3, "prompt_tokens": 9}, model=model)
    assert answer.usage.output_tokens == 3
    assert time.monotonic() - began >= 0.75  # a second, less the SDK's jitter
    assert caller.charged() == 9 * PRICES[model][0] + 3 * PRICES[model][1]


@both
def test_a_stream_that_breaks(claude: Anthropic, model: str):
    """An error after the first bytes is an event, which the SDK raises."""
    text = ""
    messages: Any = directive(fault="error_event", completion_tokens=9)
    with (
        pytest.raises(anthropic.APIStatusError),
        claude.messages.stream(model=model, max_tokens=99, messages=messages) as stream,
    ):
        for piece in stream.text_stream:
            text += piece
    assert text == "salom dunyo "
