"""OpenAI chat bodies as requests to Anthropic: whatever a conversation looks like, Anthropic takes it."""

import base64
import json
from itertools import pairwise
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.bridge import Unsupported
from proxy.dialects.chat_to_anthropic import build
from tests.upstream.anthropic_rules import refuses

HEADERS = [("x-api-key", "sk-ant"), ("anthropic-version", "2023-06-01")]
NEW, OLD, OTHER = "claude-opus-5-5", "claude-sonnet-4-5-20250929", "kimi-k2"
PNG = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
# OpenAI's file_data is no address; nobody shall be sent to fetch one that the door didn't look at.
REMOTE = {"type": "file", "file": {"file_data": "https://169.254.169.254/latest"}}
SALOM = {"role": "user", "content": "salom"}


def made(*messages: dict[str, Any], model: str = NEW, bound: int = 4096, **more: Any) -> dict[str, Any]:
    return build({"messages": list(messages) or [SALOM], **more}, model, bound, stream=False)


def called(*ids: str, arguments: str = '{"city": "Buxoro"}') -> dict[str, Any]:
    function = {"name": "get_weather", "arguments": arguments}
    return {
        "role": "assistant",
        "content": None,
        "tool_calls": [{"id": name, "type": "function", "function": function} for name in ids],
    }


def result(name: str, content: Any = "18") -> dict[str, Any]:
    return {"role": "tool", "tool_call_id": name, "content": content}


def tool(**more: Any) -> dict[str, Any]:
    schema = {"type": "object", "properties": {"city": {"type": "string", "minLength": 1}}}
    return {"type": "function", "function": {"name": "get_weather", "parameters": schema} | more}


# Blank texts, unknown results, repeated ids: what clients really send.
IDS = st.sampled_from(["call_1", "call_2", "functions.f:0", "", "ў"])
TEXTS = st.sampled_from(["salom", "", "  ", "tugadi \n"])
PARTS = st.lists(
    st.one_of(
        TEXTS.map(lambda text: {"type": "text", "text": text}),
        st.just({"type": "image_url", "image_url": {"url": f"data:image/jpg;base64,{PNG}"}}),
        st.just({"type": "refusal", "refusal": "yoʻq"}),
        st.just({"type": "thinking", "thinking": "hm", "signature": ""}),
        st.just({"type": "thinking", "thinking": "hm", "signature": "Eq"}),
    ),
    max_size=3,
)
MESSAGES = st.one_of(
    st.builds(
        lambda role, content: {"role": role, "content": content},
        st.sampled_from(["system", "developer", "user", "assistant"]),
        TEXTS | PARTS,
    ),
    st.lists(IDS, min_size=1, max_size=3).map(lambda ids: called(*ids)),
    st.builds(result, IDS, TEXTS | PARTS),
    st.just({"role": "assistant", "content": None, "function_call": {"name": "f", "arguments": "[1"}}),
    st.just({"role": "function", "name": "f", "content": "ok"}),
)
FIELDS = st.fixed_dictionaries(
    {},
    optional={
        "temperature": st.sampled_from([0, 0.5, 1.7, 2]),
        "top_p": st.sampled_from([0.1, 1]),
        "top_k": st.sampled_from([0, 40]),
        "stop": st.sampled_from(["\n", "END", ["\n", "x"], [], None]),
        "user": st.sampled_from(["", "alice", "x" * 999]),
        "reasoning_effort": st.sampled_from(["none", "minimal", "low", "medium", "high", "xhigh", "max"]),
        "tools": st.sampled_from([[], [tool()], [tool(strict=True)], [tool(parameters=None)]]),
        "tool_choice": st.sampled_from(
            ["auto", "none", "required", {"type": "function", "function": {"name": "get_weather"}}]
        ),
        "parallel_tool_calls": st.booleans(),
        "response_format": st.sampled_from(
            [
                {"type": "text"},
                {"type": "json_object"},
                {"type": "json_schema", "json_schema": {"name": "x", "schema": {"type": "object"}}},
            ]
        ),
    },
)


@given(st.lists(MESSAGES, max_size=8), FIELDS, st.sampled_from([NEW, OLD, OTHER, "claude-opus-4-8"]))
def test_anthropic_takes_every_conversation(messages, fields, model):
    """The test upstream's rules are Anthropic's. A choice of tools without tools is refused by OpenAI too."""
    if not fields.get("tools"):
        fields = {name: value for name, value in fields.items() if name != "tool_choice"}
    body = json.loads(json.dumps(made(*messages, model=model, **fields)))
    assert refuses(HEADERS, body, "/v1/messages") is None
    assert all(one["role"] != two["role"] for one, two in pairwise(body["messages"])), "combined by us"


@given(st.lists(MESSAGES, max_size=8))
def test_no_word_of_the_conversation_is_lost(messages):
    said = json.dumps(made(*messages), ensure_ascii=False)
    for message in messages:
        content = message.get("content")
        parts = content if isinstance(content, list) else [{"type": "text", "text": content}]
        texts = [part.get("text") or part.get("refusal") or "" for part in parts]
        assert all(text.strip() in said for text in texts)


def test_system_messages_lead_and_later_ones_remind():
    told = [{"role": "system", "content": "A"}, {"role": "developer", "content": "B"}]
    later = {"role": "system", "content": "C"}
    old = made(*told, SALOM, later, model=OLD)
    assert old["system"] == "A\n\nB"
    texts = [block["text"] for block in old["messages"][0]["content"]]
    assert texts == ["salom", "<system-reminder>\nC\n</system-reminder>"]
    new = made(*told, SALOM, later, model="claude-opus-5-5")
    assert [turn["role"] for turn in new["messages"]] == ["user", "system"]
    before = made(SALOM, {"role": "assistant", "content": "ha"}, later, SALOM)
    assert [turn["role"] for turn in before["messages"]] == ["user", "assistant", "user"]


def test_results_come_first_in_the_order_of_the_calls_and_missing_ones_are_told():
    turns = made(SALOM, called("a", "b", "c"), SALOM, result("b", "2"), result("a", "1"))["messages"]
    assert [turn["role"] for turn in turns] == ["user", "assistant", "user"]
    *results, text = turns[2]["content"]
    assert [(one["tool_use_id"], one["content"][0]) for one in results[:2]] == [
        ("a", {"type": "text", "text": "1"}),
        ("b", {"type": "text", "text": "2"}),
    ]
    assert results[2] == {
        "type": "tool_result",
        "tool_use_id": "c",
        "content": "Error: the tool gave no result.",
        "is_error": True,
    }
    assert text == {"type": "text", "text": "salom"}


def test_ids_that_come_back_are_told_apart():
    turns = made(SALOM, called("f:0"), result("f:0", "1"), called("f:0"), result("f:0", "2"))["messages"]
    calls = [turns[place]["content"][0]["id"] for place in (1, 3)]
    assert calls == ["f_0", "f_0_2"]
    assert [turns[place]["content"][0]["tool_use_id"] for place in (2, 4)] == calls


@pytest.mark.parametrize("arguments", ["", "{oops", "[1]", "null"])
def test_garbled_arguments_are_an_empty_object(arguments: str):
    turns = made(SALOM, called("a", arguments=arguments), result("a"))["messages"]
    assert turns[1]["content"][0]["input"] == {}


def test_images_are_named_for_what_they_are():
    parts = [
        {"type": "image_url", "image_url": {"url": f"data:image/jpg;base64,{PNG}", "detail": "high"}},
        {"type": "image_url", "image_url": "https://example.com/a.png"},
    ]
    (turn,) = made({"role": "user", "content": parts})["messages"]
    assert turn["content"] == [
        {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": PNG}},
        {"type": "image", "source": {"type": "url", "url": "https://example.com/a.png"}},
    ]


def test_files_are_documents():
    pdf, text = base64.b64encode(b"%PDF-1.7 x").decode(), base64.b64encode("oʻqi".encode()).decode()
    parts = [
        {"type": "file", "file": {"file_data": f"data:application/pdf;base64,{pdf}", "filename": "a.pdf"}},
        {"type": "file", "file": {"file_data": f"data:text/plain;base64,{text}"}},
    ]
    (turn,) = made({"role": "user", "content": parts})["messages"]
    source = {"type": "base64", "media_type": "application/pdf", "data": pdf}
    plain = {"type": "text", "media_type": "text/plain", "data": "oʻqi"}
    assert turn["content"] == [
        {"type": "document", "source": source, "title": "a.pdf"},
        {"type": "document", "source": plain},
    ]


def test_marks_of_the_cache_are_kept():
    mark = {"type": "ephemeral", "ttl": "1h"}
    part = {"type": "text", "text": "uzun", "cache_control": mark}
    body = made({"role": "system", "content": [part]}, {"role": "user", "content": [part]})
    assert body["system"] == [part]
    assert body["messages"][0]["content"] == [part]


@pytest.mark.parametrize(
    ("choice", "parallel", "expected"),
    [
        (None, True, None),
        ("auto", True, {"type": "auto"}),
        ("none", False, {"type": "none"}),
        ("required", True, {"type": "any"}),
        ("required", False, {"type": "any", "disable_parallel_tool_use": True}),
        (None, False, {"type": "auto", "disable_parallel_tool_use": True}),
        (
            {"type": "function", "function": {"name": "get_weather"}},
            True,
            {"type": "tool", "name": "get_weather"},
        ),
        (
            {
                "type": "allowed_tools",
                "allowed_tools": {
                    "mode": "required",
                    "tools": [{"type": "function", "function": {"name": "b"}}],
                },
            },
            True,
            {"type": "any"},
        ),
    ],
)
def test_choices_of_tools(choice: Any, parallel: bool, expected: Any):
    body = made(tools=[tool(), tool(name="b")], tool_choice=choice, parallel_tool_calls=parallel)
    assert body.get("tool_choice") == expected
    only = ["b"] if expected == {"type": "any"} and choice != "required" else ["get_weather", "b"]
    assert [one["name"] for one in body["tools"]] == only


def test_tools_that_were_called_are_declared_even_if_none_is_left():
    body = made(SALOM, called("a"), result("a"))
    assert body["tools"] == [{"name": "get_weather", "input_schema": {"type": "object"}}]
    assert body["tool_choice"] == {"type": "none"}


def test_strict_tools_and_answers_by_schema_have_schemas_that_anthropic_takes():
    schema = {
        "type": "object",
        "properties": {
            "age": {"type": ["integer", "null"], "minimum": 0},
            "tags": {"type": "array", "items": {"oneOf": [{"type": "string"}, {"$ref": "#/$defs/t"}]}},
        },
        "$defs": {"t": {"type": "object", "properties": {}}},
    }
    form = {"type": "json_schema", "json_schema": {"name": "x", "strict": True, "schema": schema}}
    body = made(tools=[tool(strict=True, parameters=schema)], response_format=form)
    found = body["output_config"]["format"]["schema"]
    assert found == body["tools"][0]["input_schema"]
    assert body["tools"][0]["strict"] is True
    assert found == {
        "type": "object",
        "properties": {
            "age": {
                "anyOf": [{"type": "integer", "description": '{"minimum":0}'}, {"type": "null"}],
            },
            "tags": {"type": "array", "items": {"anyOf": [{"type": "string"}, {"$ref": "#/$defs/t"}]}},
        },
        "$defs": {"t": {"type": "object", "properties": {}, "additionalProperties": False}},
        "additionalProperties": False,
    }
    assert "output_config" not in made(response_format=form, model=OTHER)
    assert (
        json.dumps(schema["$defs"]["t"], separators=(",", ":"))
        in made(response_format=form, model=OTHER)["system"]
    )


def test_the_rest():
    body = made(stop=["\n", "END"], user="alice", seed=7, logit_bias={"1": 1}, presence_penalty=1, bound=77)
    assert body == {
        "model": NEW,
        "max_tokens": 77,
        "messages": [{"role": "user", "content": [{"type": "text", "text": "salom"}]}],
        "stop_sequences": ["END"],
        "metadata": {"user_id": "alice"},
    }


@pytest.mark.parametrize(
    ("wish", "param"),
    [
        ({"n": 2}, "n"),
        ({"logprobs": True}, "logprobs"),
        ({"modalities": ["text", "audio"]}, "modalities"),
        ({"web_search_options": {}}, "web_search_options"),
        ({"functions": [{"name": "f"}]}, "functions"),
        ({"tools": [{"type": "custom", "custom": {"name": "f"}}]}, "tools"),
        ({"messages": [{"role": "user", "content": [{"type": "input_audio"}]}]}, "messages"),
        ({"messages": [{"role": "user", "content": [REMOTE]}]}, "messages"),
        (
            {"messages": [{"role": "user", "content": [{"type": "file", "file": {"file_id": "x"}}]}]},
            "messages",
        ),
    ],
)
def test_what_the_answer_would_lack_is_unsupported(wish: dict[str, Any], param: str):
    with pytest.raises(Unsupported) as caught:
        build({"messages": [SALOM], **wish}, NEW, 100, stream=False)
    assert caught.value.param == param


RUBBISH = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-9, 9)
    | st.floats(allow_nan=False)
    | st.sampled_from(["", "x", "auto"]),
    lambda inner: st.lists(inner, max_size=2)
    | st.dictionaries(
        st.sampled_from(
            ["type", "function", "name", "id", "arguments", "parameters", "text", "image_url", "url", "file",
             "file_data", "signature", "effort", "max_tokens", "json_schema", "schema", "allowed_tools",
             "tools", "mode", "properties", "items", "anyOf", "enabled", "custom",
             "budget_tokens", "cache_control"]
        ),
        inner | st.sampled_from(
            ["function", "image_url", "file", "text", "thinking", "json_schema", "object", "allowed_tools",
             "data:image/png;base64,", "data:text/plain;base64,x", "enabled", "{", "redacted_thinking"]
        ),
        max_size=4,
    ),
    max_leaves=8,
)  # fmt: skip
FIELD = st.sampled_from(
    ["tools", "tool_choice", "response_format", "reasoning_effort", "reasoning", "thinking", "stop", "user",
     "safety_identifier", "modalities", "n", "logprobs", "top_k", "temperature", "top_p", "functions",
     "parallel_tool_calls", "messages"]
)  # fmt: skip
ODD_MESSAGES = st.lists(
    st.dictionaries(
        st.sampled_from(
            ["role", "content", "tool_calls", "tool_call_id", "function_call", "refusal", "name"]
        ),
        RUBBISH | st.sampled_from(["assistant", "user", "tool", "system", "function"]),
    ),
    max_size=4,
)


@given(
    st.dictionaries(FIELD, RUBBISH, max_size=4), ODD_MESSAGES | st.just([SALOM]), st.sampled_from([NEW, OLD])
)
def test_rubbish_is_read_or_refused(fields, messages, model):
    """The gateway's door looks at few of these: whatever passes it, a translation never breaks."""
    try:
        body = build({"messages": messages, **fields}, model, 4096, stream=True)
    except Unsupported:
        return
    assert orjson.dumps(body)
