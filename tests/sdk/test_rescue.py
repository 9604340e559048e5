"""The SDKs' own accumulators over streams that one endpoint began and another one ended."""

from typing import Any

import pytest
from anthropic import Anthropic
from openai import OpenAI

from tests.factories import Caller
from tests.live.client import directive
from tests.live.test_rescue import ANSWER, BEGUN, MODEL, PROMPT, TEXT, begun_tokens, prompt_tokens, shared
from tests.stack import Stack

PAIRS = ["alpha-claude", "claude-alpha", "gem-beta"]


def wishes(pair: str) -> tuple[list[dict[str, str]], dict[str, Any]]:
    """Messages, and what goes beside the SDK's own fields."""
    first, after = pair.split("-")
    told = directive(
        prompt_tokens=PROMPT, completion_tokens=ANSWER, by_provider={first: {"fault": "cut_reset"}}
    )
    return told, {"provider": {"only": [first, after], "order": [first, after], "rescue": True}}


def assert_paid(caller: Caller, pair: str) -> None:
    first, after = pair.split("-")
    price = shared(first, after, prompt_tokens(first), begun_tokens(first), ANSWER - BEGUN)
    assert caller.charged() == price


@pytest.mark.parametrize("pair", PAIRS)
def test_openai_python_reads_one_completion(client: OpenAI, caller: Caller, pair: str):
    messages, beside = wishes(pair)
    more: dict[str, Any] = {"stream_options": {"include_usage": True}, "extra_body": beside}
    with client.chat.completions.stream(model=MODEL, messages=messages, **more) as stream:  # type: ignore[arg-type]
        final = stream.get_final_completion()
    (choice,) = final.choices
    assert (choice.message.content, choice.finish_reason) == (TEXT, "stop")
    assert final.usage is not None
    assert final.usage.completion_tokens == begun_tokens(pair.split("-")[0]) + ANSWER - BEGUN
    assert_paid(caller, pair)


@pytest.mark.parametrize("pair", PAIRS)
def test_openai_python_reads_one_response(client: OpenAI, caller: Caller, pair: str):
    messages, beside = wishes(pair)
    with client.responses.stream(model=MODEL, input=messages[0]["content"], extra_body=beside) as stream:
        final = stream.get_final_response()
    assert (final.output_text, final.status) == (TEXT, "completed")
    assert_paid(caller, pair)


@pytest.mark.parametrize("pair", PAIRS)
def test_anthropic_python_reads_one_message(stack: Stack, caller: Caller, pair: str):
    messages, beside = wishes(pair)
    with (
        Anthropic(base_url=stack.url, api_key=caller.key) as claude,
        claude.messages.stream(
            model=MODEL,
            max_tokens=1000,
            messages=messages,
            extra_body=beside,  # type: ignore[arg-type]
        ) as stream,
    ):
        final = stream.get_final_message()
    (block,) = final.content
    assert block.type == "text"
    assert (block.text, final.stop_reason) == (TEXT, "end_turn")
    assert final.usage.input_tokens == prompt_tokens(pair.split("-")[0])
    assert_paid(caller, pair)
