"""LangChain's ChatOpenAI over the Responses API, as n8n's chat model node uses it by default."""

import json
from functools import reduce
from operator import add
from typing import Any

import pytest
from langchain_core.messages import HumanMessage, ToolMessage
from langchain_core.tools import tool
from langchain_openai import ChatOpenAI

from tests.factories import Caller
from tests.live.client import directive
from tests.live.test_leaving import outcome
from tests.stack import Stack


@tool
def get_weather(city: str) -> str:
    """Weather of a city."""
    return f"{city}: 31"


@pytest.fixture
def model(stack: Stack, caller: Caller) -> ChatOpenAI:
    return ChatOpenAI(
        model="test/one",
        base_url=f"{stack.url}/v1",
        api_key=caller.key,  # type: ignore[arg-type]
        use_responses_api=True,
    )


def say(**wishes: Any) -> HumanMessage:
    return HumanMessage(directive(**wishes)[0]["content"])


def test_an_answer(model: ChatOpenAI, caller: Caller):
    answer = model.invoke([say(text="Salom, дунё 🙂", prompt_tokens=9, completion_tokens=4)])
    assert answer.text == "Salom, дунё 🙂"
    assert answer.usage_metadata is not None
    assert (answer.usage_metadata["input_tokens"], answer.usage_metadata["output_tokens"]) == (9, 4)
    (row,) = outcome(caller, 1)
    assert row["kind"] == "responses"


def test_a_stream(model: ChatOpenAI):
    text = "".join(chunk.text for chunk in model.stream([say(text="bir ikki уч")]))
    assert text == "bir ikki уч"


@pytest.mark.parametrize("streamed", [True, False], ids=["stream", "whole"])
def test_a_tool_loop(model: ChatOpenAI, streamed: bool):
    """LangChain sends its messages back by its own reading of the items."""
    asked: list[Any] = [
        say(
            steps=[
                {
                    "reasoning": "hm",
                    "tool_calls": [{"name": "get_weather", "arguments": {"city": "Toshkent"}}] * 2,
                },
                {"text": "31 daraja"},
            ]
        )
    ]
    able = model.bind_tools([get_weather])
    answer: Any = reduce(add, able.stream(asked)) if streamed else able.invoke(asked)
    assert [call["args"] for call in answer.tool_calls] == [{"city": "Toshkent"}] * 2
    asked += [
        answer,
        *(
            ToolMessage(get_weather.invoke(call["args"]), tool_call_id=call["id"])
            for call in answer.tool_calls
        ),
    ]
    assert able.invoke(asked).text == "31 daraja"


def test_structured_output(model: ChatOpenAI):
    schema = {"title": "answer", "type": "object", "properties": {"answer": {"type": "string"}}}
    found = model.with_structured_output(schema, method="json_schema").invoke([say()])
    assert json.loads(json.dumps(found)) == {"answer": "salom"}
