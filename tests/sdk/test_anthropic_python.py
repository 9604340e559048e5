"""The current anthropic-python against the running stack: what it parses, raises and repeats."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from anthropic import Anthropic

from tests.factories import Caller
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
    assert json.dumps([block.id for block in answer.content])
