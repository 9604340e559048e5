"""The Responses API and legacy completions through the current openai-python."""

import json
from typing import Any

import openai
import pytest
from openai import OpenAI
from openai.types.responses import Response
from pydantic import BaseModel

from tests.factories import Caller, make_caller
from tests.live.client import directive
from tests.live.test_leaving import IN, OUT, outcome
from tests.sdk.conftest import client_of
from tests.stack import Stack

PARAMETERS = {
    "type": "object",
    "properties": {"city": {"type": "string"}},
    "required": ["city"],
    "additionalProperties": False,
}
WEATHER: dict[str, Any] = {
    "type": "function",
    "name": "get_weather",
    "description": "Weather of a city",
    "parameters": PARAMETERS,
    "strict": True,
}
CALLS = [
    {"name": "get_weather", "arguments": {"city": "Toshkent"}},
    {"name": "get_weather", "arguments": {"city": "Samarqand — «Регистон»"}},
]
PATCH = "*** Begin Patch\n+сув «\\n» 🙂\n*** End Patch"


class Answer(BaseModel):
    answer: str


def ask(client: OpenAI, wishes: dict[str, Any] | None = None, **more: Any) -> Any:
    asked = {"model": "test/one", "input": directive(**(wishes or {"completion_tokens": 3}))}
    return client.responses.create(**asked | more)


def test_an_answer(client: OpenAI, caller: Caller):
    wishes = {"text": "Salom, дунё 🙂", "prompt_tokens": 9, "completion_tokens": 4, "cached_tokens": 2}
    answer = ask(client, wishes, instructions="Qisqa javob ber.", metadata={"a": "b"})
    assert answer.output_text == "Salom, дунё 🙂"
    assert (answer.status, answer.model, answer.error) == ("completed", "test/one", None)
    assert (answer.usage.input_tokens, answer.usage.output_tokens, answer.usage.total_tokens) == (9, 4, 13)
    assert answer.usage.input_tokens_details.cached_tokens == 2
    assert (answer.instructions, answer.metadata) == ("Qisqa javob ber.", {"a": "b"})
    assert caller.charged() == 7 * IN + 2 * IN // 4 + 4 * OUT


def test_its_shape_is_complete(client: OpenAI):
    """Each member that the SDK's model requires is there, with a value of its type."""
    answer = ask(client, {"reasoning": "oʻylayman", "tool_calls": CALLS}, tools=[WEATHER])
    Response.model_validate(json.loads(answer.model_dump_json()), strict=False)
    missing = {name for name, field in Response.model_fields.items() if field.is_required()} - set(
        answer.model_dump()
    )
    assert not missing


def test_a_stream(client: OpenAI, caller: Caller):
    wishes = {"text": "Assalomu alaykum, дўстлар", "prompt_tokens": 9}
    events = list(ask(client, wishes, stream=True))
    assert [event.type for event in events if event.type != "response.output_text.delta"] == [
        "response.created",
        "response.in_progress",
        "response.output_item.added",
        "response.content_part.added",
        "response.output_text.done",
        "response.content_part.done",
        "response.output_item.done",
        "response.completed",
    ]
    assert [event.sequence_number for event in events] == list(range(len(events)))
    final = events[-1].response
    assert final.output_text == "Assalomu alaykum, дўстлар"
    assert final.usage.output_tokens == 3
    assert caller.charged() == 9 * IN + 3 * OUT


def test_the_stream_helper(client: OpenAI):
    """The SDK's own accumulator is stricter than reading events."""
    with client.responses.stream(model="test/one", input=directive(text="bir ikki уч")) as stream:
        final = stream.get_final_response()
    assert final.output_text == "bir ikki уч"


@pytest.mark.parametrize("count", [1, 2], ids=["single", "parallel"])
@pytest.mark.parametrize("streamed", [True, False], ids=["stream", "whole"])
def test_tools(client: OpenAI, count: int, streamed: bool):
    asked = {"model": "test/one", "input": directive(tool_calls=CALLS[:count]), "tools": [WEATHER]}
    if streamed:
        with client.responses.stream(**asked) as stream:  # type: ignore[arg-type]
            answer: Any = stream.get_final_response()
    else:
        answer = client.responses.create(**asked)  # type: ignore[call-overload]
    assert answer.status == "completed"
    assert [item.type for item in answer.output] == ["function_call"] * count
    assert [json.loads(item.arguments) for item in answer.output] == [c["arguments"] for c in CALLS[:count]]
    assert len({item.call_id for item in answer.output}) == count


def test_the_tool_loop(client: OpenAI, stack: Stack):
    """The way of the guide: the answer's output goes back as it came, with the results after it."""
    history: list[Any] = directive(run="responses-loop", tool_calls=CALLS, reasoning="oʻylayman")
    first = client.responses.create(model="test/one", input=history, tools=[WEATHER])  # type: ignore[call-overload]
    history += first.output
    for item in first.output:
        if item.type == "function_call":
            history.append({"type": "function_call_output", "call_id": item.call_id, "output": "31"})
    history += directive(run="responses-loop", text="31 daraja")
    second = client.responses.create(model="test/one", input=history, tools=[WEATHER])  # type: ignore[call-overload]
    assert second.output_text == "31 daraja"
    messages = stack.upstream.finished("responses-loop", 2)[-1]["body"]["messages"]
    assert [message["role"] for message in messages] == ["user", "assistant", "tool", "tool", "user"]
    calls = messages[1]["tool_calls"]
    assert [call["id"] for call in calls] == [message["tool_call_id"] for message in messages[2:4]]


@pytest.mark.parametrize("streamed", [True, False], ids=["stream", "whole"])
def test_custom_tools(client: OpenAI, stack: Stack, streamed: bool):
    """Free text in and out, though the upstream knows functions only."""
    tool = {"type": "custom", "name": "apply_patch", "description": "Edits files"}
    run = f"custom-{streamed}"
    call = {"name": "apply_patch", "arguments": {"input": PATCH}}
    found = ask(client, {"run": run, "tool_calls": [call]}, tools=[tool], stream=streamed)
    if streamed:
        events = list(found)
        assert "".join(e.delta for e in events if e.type == "response.custom_tool_call_input.delta") == PATCH
        found = events[-1].response
    (item,) = found.output
    assert (item.type, item.name, item.input) == ("custom_tool_call", "apply_patch", PATCH)
    (entry,) = stack.upstream.finished(run)
    assert entry["body"]["tools"][0]["function"]["parameters"]["required"] == ["input"]


def test_an_image(client: OpenAI, stack: Stack):
    pixel = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
    text = {"type": "input_text", "text": directive(run="responses-image", text="nuqta")[0]["content"]}
    image = {"type": "input_image", "image_url": f"data:image/png;base64,{pixel}", "detail": "low"}
    answer = ask(client, input=[{"role": "user", "content": [text, image]}])
    assert answer.output_text == "nuqta"
    (entry,) = stack.upstream.finished("responses-image")
    part = entry["body"]["messages"][0]["content"][1]
    assert part == {"type": "image_url", "image_url": {"url": image["image_url"], "detail": "low"}}


def test_parse(client: OpenAI, stack: Stack):
    answer = client.responses.parse(
        model="test/one", input=directive(run="responses-parse"), text_format=Answer
    )
    assert answer.output_parsed == Answer(answer="salom")
    (entry,) = stack.upstream.finished("responses-parse")
    assert entry["body"]["response_format"]["json_schema"]["name"] == "Answer"
    assert entry["body"]["response_format"]["json_schema"]["strict"] is True


@pytest.mark.parametrize("streamed", [True, False], ids=["stream", "whole"])
def test_reasoning(client: OpenAI, caller: Caller, streamed: bool):
    wishes = {"reasoning": "oʻylayman", "reasoning_tokens": 10, "completion_tokens": 12, "prompt_tokens": 100}
    found = ask(client, wishes, reasoning={"effort": "low"}, stream=streamed)
    answer = list(found)[-1].response if streamed else found
    assert [item.type for item in answer.output] == ["reasoning", "message"]
    assert answer.output[0].summary[0].text == "oʻylayman"
    assert answer.usage.output_tokens_details.reasoning_tokens == 10
    assert caller.charged() == 100 * IN + 12 * OUT


@pytest.mark.parametrize("streamed", [True, False], ids=["stream", "whole"])
def test_an_answer_that_is_cut_by_its_bound(client: OpenAI, streamed: bool):
    found = ask(client, {"text": "bir ikki uch toʻrt"}, max_output_tokens=2, stream=streamed)
    answer = list(found)[-1].response if streamed else found
    assert (answer.status, answer.incomplete_details.reason) == ("incomplete", "max_output_tokens")
    assert answer.output[-1].status == "incomplete"


def test_a_refusal(client: OpenAI):
    answer = ask(client, {"refusal": "Yoʻq."})
    assert answer.output[0].content[0].type == "refusal"
    assert answer.status == "completed"


def test_errors_before_the_first_byte(client: OpenAI, caller: Caller, stack: Stack):
    quick = client_of(stack, caller.key, max_retries=0)
    with pytest.raises(openai.InternalServerError):
        ask(quick, {"fault": "500"}, stream=True)
    with pytest.raises(openai.BadRequestError, match="too odd"):
        ask(quick, {"fault": "400", "message": "too odd"})
    with pytest.raises(openai.NotFoundError):
        ask(quick, model="nobody/knows")
    with pytest.raises(openai.APIStatusError, match="balance"):
        ask(client_of(stack, make_caller().key, max_retries=0))
    assert caller.charged() == 0


def test_an_error_in_the_middle(client: OpenAI, caller: Caller):
    events = []
    with pytest.raises(openai.APIError, match="broke in the middle"):
        for event in ask(client, {"fault": "error_event", "completion_tokens": 6}, stream=True):
            events.append(event.type)
    assert "response.completed" not in events
    (row,) = outcome(caller, 1)
    assert row["estimated"]
    assert caller.charged() == row["cost_micros"] > 0


@pytest.mark.parametrize(
    "more",
    [{"previous_response_id": "resp_1"}, {"conversation": "conv_1"}, {"background": True}],
    ids=lambda more: next(iter(more)),
)
def test_what_would_need_a_memory(client: OpenAI, more: dict[str, Any]):
    with pytest.raises(openai.BadRequestError) as caught:
        ask(client, **more)
    assert (caught.value.code, caught.value.param) == ("unsupported_parameter", next(iter(more)))


def test_a_completion(client: OpenAI, caller: Caller):
    prompt = directive(text="va uch", prompt_tokens=9, completion_tokens=2)[0]["content"]
    answer = client.completions.create(model="test/one", prompt=prompt)
    assert (answer.object, answer.model) == ("text_completion", "test/one")
    assert (answer.choices[0].text, answer.choices[0].finish_reason) == ("va uch", "stop")
    assert answer.usage is not None
    assert answer.usage.completion_tokens == 2
    assert caller.charged() == 9 * IN + 2 * OUT


def test_a_streamed_completion(client: OpenAI):
    prompt = directive(text="va uch", prompt_tokens=9)[0]["content"]
    chunks = list(
        client.completions.create(
            model="test/one", prompt=[prompt], stream=True, echo=True, stream_options={"include_usage": True}
        )
    )
    assert "".join(chunk.choices[0].text for chunk in chunks[:-1]) == prompt + "va uch"
    assert chunks[-2].choices[0].finish_reason == "stop"
    assert chunks[-1].choices == []
    assert chunks[-1].usage is not None
    assert chunks[-1].usage.prompt_tokens == 9
    assert {chunk.usage for chunk in chunks[:-1]} == {None}


def test_a_completion_without_usage_asked(client: OpenAI):
    prompt = directive(text="va uch")[0]["content"]
    chunks = list(client.completions.create(model="test/one", prompt=prompt, stream=True))
    assert [chunk.choices[0].finish_reason for chunk in chunks][-1] == "stop"
    assert all(chunk.choices for chunk in chunks)
