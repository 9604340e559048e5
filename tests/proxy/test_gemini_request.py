"""What a chat body asks for besides its messages, as Gemini takes it."""

import contextlib
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.bridge import Unsupported
from proxy.dialects.chat_to_gemini import ask, build
from proxy.errors import ApiError
from tests.proxy.calls import call_of, endpoint_of
from tests.upstream.gemini_rules import broken_rule

FLASH, PRO, THREE = "gemini-2.5-flash", "gemini-2.5-pro", "gemini-3-pro-preview"
ONE = {"type": "function", "function": {"name": "one"}}


def of(*messages: dict[str, Any], model: str = FLASH, **more: Any) -> dict[str, Any]:
    return build({"messages": list(messages), **more}, model, 100)


def user(content: Any = "Salom") -> dict[str, Any]:
    return {"role": "user", "content": content}


def called(name: str) -> dict[str, Any]:
    call = {"id": "call_0", "type": "function", "function": {"name": name, "arguments": "{}"}}
    return {"role": "assistant", "content": None, "tool_calls": [call]}


def test_tools_and_choices():
    tool = {"type": "function", "function": {"name": "one", "description": "d", "strict": True}}
    assert of(user(), tools=[tool])["tools"] == [
        {"functionDeclarations": [{"name": "one", "description": "d"}]}
    ]
    with pytest.raises(Unsupported):
        of(user(), tools=[{"type": "custom", "custom": {"name": "one"}}])


@pytest.mark.parametrize(
    ("choice", "expected"),
    [
        ("auto", {"mode": "AUTO"}),
        ("none", {"mode": "NONE"}),
        ("required", {"mode": "ANY"}),
        ({"type": "function", "function": {"name": "one"}}, {"mode": "ANY", "allowedFunctionNames": ["one"]}),
        (
            {"type": "allowed_tools", "allowed_tools": {"mode": "auto", "tools": [ONE]}},
            {"mode": "VALIDATED", "allowedFunctionNames": ["one"]},
        ),
        (
            {"type": "allowed_tools", "allowed_tools": {"mode": "required", "tools": [ONE]}},
            {"mode": "ANY", "allowedFunctionNames": ["one"]},
        ),
    ],
)
def test_tool_choices(choice: Any, expected: dict[str, Any]):
    body = of(user(), tools=[ONE], tool_choice=choice)
    assert body["toolConfig"] == {"functionCallingConfig": expected}
    assert "toolConfig" not in of(user(), tool_choice=choice)
    assert broken_rule(body, FLASH) == ""


def test_numbers_and_bounds():
    body = of(
        user(),
        temperature=0.5,
        top_p=0.9,
        top_k=40,
        presence_penalty=1,
        frequency_penalty=-1,
        seed=2**40 + 7,
        stop=["a", "b"],
        user="u",
        logit_bias={"1": 2},
        max_tokens=5,
    )
    assert body["generationConfig"] == {
        "maxOutputTokens": 100,
        "temperature": 0.5,
        "topP": 0.9,
        "topK": 40,
        "presencePenalty": 1,
        "frequencyPenalty": -1,
        "seed": 7,
        "stopSequences": ["a", "b"],
    }


def test_formats():
    schema = {"type": "object", "properties": {"a": {"type": "string"}}, "additionalProperties": False}
    wanted = {"type": "json_schema", "json_schema": {"name": "x", "strict": True, "schema": schema}}
    config = of(user(), response_format=wanted)["generationConfig"]
    assert config["responseMimeType"] == "application/json"
    assert config["responseJsonSchema"] == schema
    config = of(user(), response_format={"type": "json_object"})["generationConfig"]
    assert config["responseMimeType"] == "application/json"
    assert "responseMimeType" not in of(user(), response_format={"type": "text"})["generationConfig"]
    tools = [ONE]
    assert of(user(), response_format=wanted, tools=tools, model=THREE)["generationConfig"][
        "responseJsonSchema"
    ]
    with pytest.raises(Unsupported):
        of(user(), response_format=wanted, tools=tools)


@pytest.mark.parametrize(
    ("model", "effort", "expected"),
    [
        (FLASH, "none", {"thinkingBudget": 0}),
        (PRO, "none", {"thinkingBudget": 128}),
        (FLASH, "low", {"thinkingBudget": 1024, "includeThoughts": True}),
        (FLASH, "medium", {"thinkingBudget": 8192, "includeThoughts": True}),
        (FLASH, "high", {"thinkingBudget": 20_000, "includeThoughts": True}),
        (THREE, "none", {"thinkingLevel": "low", "includeThoughts": False}),
        (THREE, "low", {"thinkingLevel": "low", "includeThoughts": True}),
        (THREE, "medium", {"thinkingLevel": "high", "includeThoughts": True}),
        (THREE, "max", {"thinkingLevel": "high", "includeThoughts": True}),
        ("gemini-3.1-pro", "medium", {"thinkingLevel": "medium", "includeThoughts": True}),
        ("gemini-3-flash", "minimal", {"thinkingLevel": "minimal", "includeThoughts": True}),
        ("gemini-2.0-flash", "high", None),
        (FLASH, "odd", None),
        (FLASH, None, None),
        (FLASH, ["high"], None),
    ],
)
def test_reasoning_effort(model: str, effort: Any, expected: dict[str, Any] | None):
    body = build({"messages": [user()], "reasoning_effort": effort}, model, 40_000)
    assert body["generationConfig"].get("thinkingConfig") == expected


@pytest.mark.parametrize(
    "wish",
    [
        {"reasoning": {"effort": "low"}},
        {"reasoning": {"max_tokens": 2000}},
        {"thinking": {"budget_tokens": 2000}},
    ],
)
def test_effort_under_its_other_names(wish: dict[str, Any]):
    body = build({"messages": [user()], **wish}, THREE, 40_000)
    assert body["generationConfig"]["thinkingConfig"]["thinkingLevel"] == "low"


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("n", 2),
        ("functions", [{"name": "a"}]),
        ("logprobs", True),
        ("web_search_options", {}),
        ("modalities", ["text", "audio"]),
        ("stop", list("abcdef")),
    ],
)
def test_what_gemini_has_no_word_for_is_named(field: str, value: Any):
    with pytest.raises(Unsupported) as caught:
        of(user(), **{field: value})
    assert caught.value.param == field


def test_the_path_holds_the_quoted_name_and_the_verb():
    endpoint = endpoint_of("tuned/ü:x")
    body = {"model": "m", "messages": [user()]}
    assert ask(call_of(body), body, endpoint, 9).path == "/models/tuned%2F%C3%BC%3Ax:generateContent"
    streamed = ask(call_of(body | {"stream": True}), body, endpoint, 9)
    assert streamed.path == "/models/tuned%2F%C3%BC%3Ax:streamGenerateContent?alt=sse"
    assert orjson.loads(streamed.body)["generationConfig"] == {"maxOutputTokens": 9}


def test_arguments_nested_beyond_writing_are_refused():
    message = called("one")
    message["tool_calls"][0]["function"]["arguments"] = '{"a":' * 600 + "1" + "}" * 600
    body = {"model": "m", "messages": [user(), message]}
    with pytest.raises(Unsupported):
        ask(call_of(body), body, endpoint_of(FLASH), 9)


# Whatever a caller sends

JUNK = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**64 - 1)
    | st.text(max_size=4)
    | st.just("data:a;base64,YQ=="),
    lambda inner: (
        st.lists(inner, max_size=2)
        | st.dictionaries(
            st.sampled_from(
                [
                    "type",
                    "function",
                    "name",
                    "parameters",
                    "arguments",
                    "url",
                    "data",
                    "format",
                    "file_data",
                    "json_schema",
                    "schema",
                    "google",
                    "thought_signature",
                    "mode",
                    "tools",
                    "allowed_tools",
                    "id",
                ]
            ),
            inner,
            max_size=3,
        )
    ),
    max_leaves=8,
)
FIELDS = [
    "tools",
    "tool_choice",
    "stop",
    "seed",
    "response_format",
    "reasoning_effort",
    "modalities",
    "n",
    "logprobs",
    "functions",
    "top_k",
    "temperature",
    "parallel_tool_calls",
    "stream",
]
PARTS = ["image_url", "input_audio", "file", "text", "refusal", "thinking"]
MEMBERS = ["tool_calls", "function_call", "refusal", "reasoning_content", "name", "tool_call_id"]


@given(
    st.dictionaries(st.sampled_from(FIELDS), JUNK, max_size=3),
    st.dictionaries(st.sampled_from(MEMBERS), JUNK, max_size=2),
    st.sampled_from(["user", "assistant", "system", "tool", "function"]),
    st.lists(
        st.builds(lambda kind, junk: {"type": kind, kind: junk}, st.sampled_from(PARTS), JUNK), max_size=2
    )
    | st.text(max_size=3),
)
def test_any_body_is_refused_or_sent(fields: Any, members: Any, role: str, content: Any):
    body = {"model": "m", "messages": [{"role": role, "content": content, **members}], **fields}
    with contextlib.suppress(ApiError, Unsupported):
        sent = ask(call_of(body), body, endpoint_of(THREE), 9)
        assert orjson.loads(sent.body)["contents"]


@pytest.mark.parametrize("name", ["http://[", "//[x", "a.PNG", ""])
def test_no_name_of_a_file_is_too_odd(name: str):
    part = {"type": "file", "file": {"filename": name, "file_data": "YQ=="}}
    assert of(user([part]))["contents"][0]["parts"][0]["inlineData"]["data"] == "YQ=="
