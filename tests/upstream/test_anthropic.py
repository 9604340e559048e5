"""Anthropic's own client against the test upstream: it speaks as Anthropic does, and refuses as much."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import anthropic
import pytest
from anthropic import Anthropic

from deploy.local.process import stop
from tests.processes import Upstream, start_upstream

TOOL = {"name": "get_weather", "input_schema": {"type": "object", "properties": {}}}


@pytest.fixture(scope="module")
def upstream(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Upstream]:
    running = start_upstream(Path(tmp_path_factory.mktemp("upstream")))
    yield running
    stop(running.process, 15, 5)


@pytest.fixture(scope="module")
def client(upstream: Upstream) -> Iterator[Anthropic]:
    with Anthropic(base_url=f"{upstream.url}/p/claude", api_key="sk-ant-test", max_retries=0) as client:
        yield client


def asked(**wishes: Any) -> dict[str, Any]:
    content = json.dumps({"upstream": wishes})
    return {"model": "claude-x", "max_tokens": 100, "messages": [{"role": "user", "content": content}]}


FULL = {
    "reasoning": "Let me think about it for a while.",
    "reasoning_tokens": 7,
    "completion_tokens": 12,
    "prompt_tokens": 40,
    "cached_tokens": 10,
    "cache_write_tokens": 5,
    "cache_write_1h_tokens": 3,
}


def test_a_whole_answer_has_all_that_anthropic_sends(client: Anthropic):
    message = client.messages.create(**asked(**FULL))
    thinking, text = message.content
    assert (thinking.type, text.type) == ("thinking", "text")
    assert message.stop_reason == "end_turn"
    usage = message.usage
    assert (usage.input_tokens, usage.cache_read_input_tokens, usage.cache_creation_input_tokens) == (
        22,
        10,
        8,
    )
    assert usage.cache_creation is not None
    assert usage.cache_creation.ephemeral_1h_input_tokens == 3
    assert usage.output_tokens == 12
    assert usage.output_tokens_details is not None
    assert usage.output_tokens_details.thinking_tokens == 7
    raw = client.messages.with_raw_response.create(**asked()).http_response.json()
    required = ("id", "type", "role", "content", "model", "stop_reason", "stop_sequence", "stop_details")
    assert set(raw) == {*required, "usage", "container"}


def test_a_stream_adds_up_to_the_whole_answer(client: Anthropic):
    calls = [{"name": "get_weather", "arguments": {"city": city}} for city in ("Toshkent", "Buxoro")]
    for wishes in (FULL, FULL | {"tool_calls": calls}):
        whole = client.messages.create(**asked(**wishes), tools=[TOOL])
        with client.messages.stream(**asked(**wishes), tools=[TOOL]) as events:
            final = events.get_final_message()
        told, streamed = whole.model_dump(), final.model_dump()
        for one in (told, streamed):
            del one["id"], one["usage"]
            for block in one["content"]:
                block.pop("parsed_output", None)
        assert streamed == told
        assert final.usage.output_tokens == whole.usage.output_tokens


def test_the_order_of_events_is_the_recorded_one(client: Anthropic):
    with client.messages.create(**asked(completion_tokens=2), stream=True) as events:
        kinds = [event.type for event in events]
    assert kinds == [
        "message_start",
        "content_block_start",
        "content_block_delta",
        "content_block_delta",
        "content_block_stop",
        "message_delta",
        "message_stop",
    ]  # the client keeps pings to itself


def test_errors_have_anthropics_classes(client: Anthropic):
    with pytest.raises(anthropic.OverloadedError):
        client.messages.create(**asked(fault="529"))
    with pytest.raises(anthropic.RateLimitError):
        client.messages.create(**asked(fault="429"))
    with (
        pytest.raises(anthropic.APIStatusError, match="broke in the middle"),
        client.messages.stream(**asked(fault="error_event")) as events,
    ):
        events.until_done()


def test_tokens_are_counted(client: Anthropic):
    body = asked(prompt_tokens=77)
    del body["max_tokens"]
    assert client.messages.count_tokens(**body).input_tokens == 77


CALL = {"type": "tool_use", "id": "toolu_1", "name": "get_weather", "input": {}}
RESULT = {"type": "tool_result", "tool_use_id": "toolu_1", "content": "18"}
OTHER_CALL, OTHER_RESULT = CALL | {"id": "toolu_2"}, RESULT | {"tool_use_id": "toolu_2"}
OLD = {"anthropic-version": "2023-06-01"}
USER: dict[str, Any] = {"role": "user", "content": "salom"}
ASSISTANT: dict[str, Any] = {"role": "assistant", "content": [CALL]}


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"extra_body": {"temperature": 1}}, "not supported under this version"),
        ({"extra_body": {"temperature": 1.5}, "extra_headers": OLD}, "temperature: range"),
        ({"extra_body": {"max_tokens": 0}}, "max_tokens"),
        ({"messages": [{"role": "assistant", "content": "x"}]}, "first message must use"),
        ({"messages": [USER, ASSISTANT, USER]}, "without `tool_result` blocks immediately after: toolu_1"),
        ({"messages": [{"role": "user", "content": [RESULT]}]}, "unexpected `tool_use_id`"),
        (
            {
                "messages": [
                    USER,
                    ASSISTANT,
                    {"role": "user", "content": [{"type": "text", "text": "a"}, RESULT]},
                ]
            },
            "must come first",
        ),
        ({"messages": [{"role": "user", "content": ""}]}, "non-whitespace"),
        ({"stop_sequences": ["\n"]}, "non-whitespace"),
        ({"extra_body": {"tools": [{"name": "a.b", "input_schema": {"type": "object"}}]}}, "should match"),
    ],
)
def test_what_anthropic_refuses_is_refused(client: Anthropic, change: dict[str, Any], words: str):
    with pytest.raises(anthropic.BadRequestError, match=words):
        client.messages.create(**(asked() | change))


def test_turns_of_one_role_are_combined(client: Anthropic):
    results = [{"role": "user", "content": [RESULT]}, {"role": "user", "content": [OTHER_RESULT]}]
    calls = [ASSISTANT, {"role": "assistant", "content": [OTHER_CALL]}]
    tools = [{"name": "get_weather", "input_schema": {"type": "object"}}]
    call: dict[str, Any] = asked() | {"messages": [USER, USER, *calls, *results], "tools": tools}
    assert client.messages.create(**call).stop_reason == "end_turn"
