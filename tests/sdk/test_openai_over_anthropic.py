"""The current openai-python on a model that only an upstream of Anthropic's dialect serves."""

import json
from typing import Any

import openai
import pytest
from openai import OpenAI

from tests.factories import Caller
from tests.live.client import directive
from tests.live.test_anthropic import CACHED, CALLS, IN, OUT, TOOL
from tests.stack import Stack

CLAUDE = "test/claude"


def ask(client: OpenAI, wishes: dict[str, Any], **more: Any) -> Any:
    return client.chat.completions.create(**{"model": CLAUDE, "messages": directive(**wishes)} | more)


def test_chat(client: OpenAI, caller: Caller):
    wishes = {"text": "Salom, дунё 🙂", "prompt_tokens": 9, "cached_tokens": 4, "completion_tokens": 4}
    answer = ask(client, wishes)
    assert answer.choices[0].message.content == "Salom, дунё 🙂"
    assert (answer.model, answer.choices[0].finish_reason) == (CLAUDE, "stop")
    assert answer.usage.prompt_tokens_details.cached_tokens == 4
    assert caller.charged() == 5 * IN + 4 * CACHED + 4 * OUT


@pytest.mark.parametrize("wishes", [{"text": "bir ikki uch"}, {"tool_calls": CALLS}], ids=["text", "tools"])
def test_the_stream_helper(client: OpenAI, wishes: dict[str, Any]):
    """The SDK's own accumulator is stricter than reading chunks."""
    more: dict[str, Any] = {"stream_options": {"include_usage": True}, "tools": [TOOL]}
    with client.chat.completions.stream(model=CLAUDE, messages=directive(**wishes), **more) as stream:
        final = stream.get_final_completion()
    message = final.choices[0].message
    whole = ask(client, wishes, tools=[TOOL])
    assert (message.content or None) == whole.choices[0].message.content
    assert final.choices[0].finish_reason == whole.choices[0].finish_reason
    calls = [json.loads(call.function.arguments) for call in message.tool_calls or ()]
    assert calls == [call["arguments"] for call in wishes.get("tool_calls", ())]
    assert final.usage.completion_tokens == whole.usage.completion_tokens


def test_the_tool_loop(client: OpenAI):
    """The assistant's message goes back as the SDK gave it."""
    message = ask(client, {"tool_calls": CALLS}, tools=[TOOL]).choices[0].message
    results = [{"role": "tool", "tool_call_id": call.id, "content": "+31"} for call in message.tool_calls]
    history = [{"role": "user", "content": "Ob-havo?"}, message, *results, *directive(text="31 daraja")]
    assert ask(client, {}, messages=history, tools=[TOOL]).choices[0].message.content == "31 daraja"


def test_errors(client: OpenAI):
    with pytest.raises(openai.BadRequestError, match="odd") as caught:
        ask(client, {"fault": "400", "message": "odd"})
    assert caught.value.type == "invalid_request_error"
    patient = client.with_options(max_retries=0)
    with pytest.raises(openai.InternalServerError, match="overloaded"):
        ask(patient, {"fault": "529"})
    with pytest.raises(openai.APIError, match="broke in the middle"):
        list(ask(patient, {"fault": "error_event"}, stream=True))


def test_retries_are_ended_by_an_answer(client: OpenAI, stack: Stack, caller: Caller):
    wishes = {"run": "claude-retries", "fault": "529", "fail_times": 1, "prompt_tokens": 9}
    answer = ask(client, wishes | {"completion_tokens": 2, "retry_after": "0"})
    assert answer.usage.completion_tokens == 2
    assert len(stack.upstream.finished("claude-retries", 2)) == 2
    assert caller.charged() == 9 * IN + 2 * OUT
