"""A Responses request as a chat body: items, tools, formats, and what is refused by name."""

import json
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.dialects.responses_items import CALL_SEAL, SEAL, messages_of
from proxy.dialects.responses_request import parse, to_chat
from proxy.dialects.responses_tools import NAME_MAX, flat_name, read_tools
from proxy.errors import ApiError

USER = {"role": "user", "content": "Salom"}


def call(id_: str, name: str = "f", arguments: str = "{}") -> dict[str, Any]:
    return {"type": "function_call", "call_id": id_, "name": name, "arguments": arguments}


def result(id_: str, output: Any) -> dict[str, Any]:
    return {"type": "function_call_output", "call_id": id_, "output": output}


def chat_of(**fields: Any) -> dict[str, Any]:
    return to_chat({"model": "m", "input": "Salom"} | fields)


def refused(**fields: Any) -> tuple[int, str, str | None]:
    with pytest.raises(ApiError) as caught:
        parse(orjson.dumps({"model": "m", "input": "Salom"} | fields), {})
    return caught.value.status, caught.value.code, caught.value.param


def test_the_shortest_request():
    assert chat_of() == {"model": "m", "messages": [USER]}


def test_instructions_and_developers_are_one_system_message():
    asked = [{"role": "developer", "content": "B"}, {"role": "system", "content": "C"}, USER]
    assert messages_of({"instructions": "A", "input": asked}) == [
        {"role": "system", "content": "A\n\nB\n\nC"},
        USER,
    ]


def test_a_turn_is_one_message_with_its_results_behind_it():
    asked = [
        USER,
        {"type": "reasoning", "id": "rs_1", "summary": []},
        {"role": "assistant", "content": [{"type": "output_text", "text": "Bir daqiqa."}]},
        call("a", "f", '{"x": 1}'),
        call("b"),
        {"role": "user", "content": "Tezroq!"},
        result("b", "2"),
        result("a", "1"),
    ]
    turn, first, second, later = messages_of({"input": asked})[1:]
    assert turn["content"] == "Bir daqiqa."
    assert [each["function"] for each in turn["tool_calls"]] == [
        {"name": "f", "arguments": '{"x": 1}'},
        {"name": "f", "arguments": "{}"},
    ]
    assert (first, second) == (
        {"role": "tool", "tool_call_id": "a", "content": "1"},
        {"role": "tool", "tool_call_id": "b", "content": "2"},
    )
    assert later == {"role": "user", "content": "Tezroq!"}


def test_calls_one_after_the_other_are_two_turns():
    asked = [USER, call("a"), result("a", "1"), call("b"), result("b", "2")]
    roles = [message["role"] for message in messages_of({"input": asked})]
    assert roles == ["user", "assistant", "tool", "assistant", "tool"]


def test_an_id_may_be_used_again():
    asked = [USER, call("a"), result("a", "1"), call("a"), result("a", "2")]
    assert [m["content"] for m in messages_of({"input": asked}) if m["role"] == "tool"] == ["1", "2"]


def test_a_call_without_a_result_gets_one():
    """Upstreams refuse a history in which a call has none."""
    messages = messages_of({"input": [USER, call("a"), USER]})
    assert messages[2] == {"role": "tool", "tool_call_id": "a", "content": "Error: the tool gave no result."}


def test_images_of_a_result_follow_it():
    image = {"type": "input_image", "image_url": "https://example.com/a.png"}
    output = [{"type": "input_text", "text": "mana"}, image]
    tool, user = messages_of({"input": [USER, call("a"), result("a", output)]})[2:]
    assert tool["content"] == "mana"
    assert user == {
        "role": "user",
        "content": [{"type": "image_url", "image_url": {"url": "https://example.com/a.png"}}],
    }


def test_parts():
    parts = [
        {"type": "input_text", "text": "bu nima?"},
        {"type": "input_image", "image_url": "https://example.com/a.png", "detail": "high"},
        {"type": "input_file", "filename": "a.pdf", "file_data": "data:application/pdf;base64,AAAA"},
        {"type": "input_audio", "input_audio": {"data": "AAAA", "format": "wav"}},
    ]
    (message,) = messages_of({"input": [{"role": "user", "content": parts}]})
    assert [part["type"] for part in message["content"]] == ["text", "image_url", "file", "input_audio"]
    assert message["content"][1]["image_url"]["detail"] == "high"
    assert message["content"][2]["file"]["filename"] == "a.pdf"


def test_text_parts_are_a_string():
    """Not all upstreams take parts."""
    parts = [{"type": "input_text", "text": "bir"}, {"type": "input_text", "text": "ikki"}]
    assert messages_of({"input": [{"role": "user", "content": parts}]})[0]["content"] == "bir\nikki"


def test_what_tools_at_openai_leave_behind_is_left_out():
    foreign = ["web_search_call", "mcp_list_tools", "local_shell_call_output", "compaction"]
    assert messages_of({"input": [USER, *({"type": kind, "id": "x"} for kind in foreign)]}) == [USER]


def test_thoughts_belong_to_the_turn_that_follows():
    """With the seal that we gave them; nobody else's is taken for one."""
    thought = {"type": "reasoning", "summary": [{"type": "summary_text", "text": "hm"}]}
    asked = [
        USER,
        thought | {"encrypted_content": SEAL + "c2ln"},
        {"type": "reasoning", "summary": [], "encrypted_content": CALL_SEAL + "Z2Vt"},
        call("a"),
        call("b"),
        result("a", "1"),
        thought | {"encrypted_content": "gAAAA-of-somebody-else"},
        {"role": "assistant", "content": "bir"},
        thought,
        USER,
        {"role": "assistant", "content": "ikki"},
    ]
    turns = [message for message in messages_of({"input": asked}) if message["role"] == "assistant"]
    assert turns[0]["content"] == [{"type": "thinking", "thinking": "hm", "signature": "c2ln"}]
    signatures = [each.get("extra_content") for each in turns[0]["tool_calls"]]
    assert signatures == [{"google": {"thought_signature": "Z2Vt"}}, None]
    assert turns[1]["content"] == [{"type": "thinking", "thinking": "hm"}, {"type": "text", "text": "bir"}]
    assert turns[2]["content"] == "ikki"


def test_tools_of_all_kinds():
    tools = [
        {"type": "function", "name": "f", "parameters": {"type": "object"}, "strict": True},
        {"type": "namespace", "name": "crm", "tools": [{"type": "function", "name": "f", "strict": None}]},
        {"type": "namespace", "name": "mcp__x__", "tools": [{"type": "custom", "name": "g"}]},
        {"type": "web_search"},
        {"type": "mcp", "server_label": "x"},
        {
            "type": "custom",
            "name": "patch",
            "format": {"type": "grammar", "syntax": "lark", "definition": "S"},
        },
    ]
    functions = [tool["function"] for tool in chat_of(tools=tools)["tools"]]
    assert [function["name"] for function in functions] == ["f", "crm__f", "mcp__x__g", "patch"]
    assert functions[0] == {"name": "f", "parameters": {"type": "object"}, "strict": True}
    assert "lark" in functions[3]["description"]
    found = read_tools({"tools": tools})
    assert (found["crm__f"].namespace, found["crm__f"].name) == ("crm", "f")
    assert [name for name, tool in found.items() if tool.custom] == ["mcp__x__g", "patch"]


@given(st.text(min_size=1), st.text(min_size=1))
def test_flat_names_are_short_and_stable(namespace: str, name: str):
    flat = flat_name(namespace, name)
    assert flat == flat_name(namespace, name)
    assert len(flat) <= max(NAME_MAX, len(name))


def test_long_names_stay_apart():
    names = {flat_name("n" * 60, f"tool_{number}") for number in range(50)}
    assert len(names) == 50


def test_a_namespaced_call_comes_back_under_its_flat_name():
    item = call("a", "f") | {"namespace": "crm"}
    (turn, _) = messages_of({"input": [USER, item]})[1:]
    assert turn["tool_calls"][0]["function"]["name"] == "crm__f"


def test_a_custom_call_comes_back_as_the_json_that_the_model_wrote():
    item = {"type": "custom_tool_call", "call_id": "a", "name": "patch", "input": 'a "b"\n'}
    output = {"type": "custom_tool_call_output", "call_id": "a", "output": "ok"}
    turn, told = messages_of({"input": [USER, item, output]})[1:]
    assert json.loads(turn["tool_calls"][0]["function"]["arguments"]) == {"input": 'a "b"\n'}
    assert told["content"] == "ok"


F = {"type": "function", "name": "f"}
G = {"type": "custom", "name": "g"}


@pytest.mark.parametrize(
    ("choice", "told"),
    [
        ("auto", "auto"),
        ("required", "required"),
        ("none", "none"),
        (F, {"type": "function", "function": {"name": "f"}}),
        (G, {"type": "function", "function": {"name": "g"}}),
        ({"type": "web_search"}, None),
    ],
)
def test_tool_choice(choice: Any, told: Any):
    assert chat_of(tools=[F, G], tool_choice=choice).get("tool_choice") == told


def test_allowed_tools():
    choice = {"type": "allowed_tools", "mode": "required", "tools": [G, {"type": "web_search"}]}
    chat = chat_of(tools=[F, G], tool_choice=choice)
    assert [tool["function"]["name"] for tool in chat["tools"]] == ["g"]
    assert chat["tool_choice"] == "required"


def test_without_tools_there_is_no_choice():
    """An upstream would refuse a choice of nothing."""
    chat = chat_of(tools=[{"type": "web_search"}], tool_choice="auto", parallel_tool_calls=True)
    assert chat == {"model": "m", "messages": [USER]}


def test_formats():
    schema = {"type": "json_schema", "name": "a", "schema": {"type": "object"}, "strict": True}
    assert chat_of(text={"format": schema})["response_format"] == {
        "type": "json_schema",
        "json_schema": {"name": "a", "schema": {"type": "object"}, "strict": True},
    }
    assert chat_of(text={"format": {"type": "json_object"}})["response_format"] == {"type": "json_object"}
    assert "response_format" not in chat_of(text={"format": {"type": "text"}, "verbosity": "low"})
    assert chat_of(text={"verbosity": "low"})["verbosity"] == "low"


def test_the_rest():
    chat = chat_of(reasoning={"effort": "low"}, temperature=0.2, stream=True, store=True, unheard_of=[1])
    assert (chat["reasoning_effort"], chat["temperature"], chat["stream"]) == ("low", 0.2, True)
    assert not {"store", "unheard_of", "reasoning"} & set(chat)


def test_the_bound_of_the_output():
    found = parse(orjson.dumps({"model": "m", "input": "x", "max_output_tokens": 7}), {})
    assert (found.kind, found.output_limit) == ("responses", 7)


@pytest.mark.parametrize(
    ("fields", "code", "param"),
    [
        ({"previous_response_id": "resp_1"}, "unsupported_parameter", "previous_response_id"),
        ({"conversation": {"id": "c"}}, "unsupported_parameter", "conversation"),
        ({"prompt": {"id": "p"}}, "unsupported_parameter", "prompt"),
        ({"background": True}, "unsupported_parameter", "background"),
        ({"input": [{"type": "item_reference", "id": "x"}]}, "unsupported_parameter", "input[0]"),
        ({"input": [{"id": "x"}]}, "unsupported_parameter", "input[0]"),
        ({"input": [USER, result("a", "1")]}, "invalid_messages", "input"),
        (
            {"input": [{"type": "function_call", "name": "f"}]},
            "missing_required_parameter",
            "input[0].call_id",
        ),
        ({"input": [call("a") | {"arguments": {}}]}, "invalid_type", "input[0].arguments"),
        ({"instructions": ["x"]}, "invalid_type", "instructions"),
        ({"tools": {}}, "invalid_type", "tools"),
        ({"tools": ["f"]}, "invalid_type", "tools[0]"),
        ({"tools": [{"type": "function"}]}, "missing_required_parameter", "tools[0].name"),
        ({"tool_choice": "some"}, "invalid_value", "tool_choice"),
        ({"tool_choice": F}, "invalid_value", "tool_choice"),
        ({"text": {"format": {"type": "xml"}}}, "invalid_value", "text.format"),
        ({"text": "json"}, "invalid_type", "text"),
        ({"reasoning": "low"}, "invalid_type", "reasoning"),
        (
            {"input": [{"role": "user", "content": [{"type": "input_image", "file_id": "file_1"}]}]},
            "unsupported_parameter",
            "input[0].content[0]",
        ),
        (
            {"input": [{"role": "user", "content": [{"type": "input_file", "file_url": "https://a.b/c"}]}]},
            "unsupported_parameter",
            "input[0].content[0]",
        ),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else None,
)
def test_what_is_refused(fields: dict[str, Any], code: str, param: str):
    assert refused(**fields) == (400, code, param)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
TYPES = st.sampled_from(
    [
        "message",
        "function_call",
        "function_call_output",
        "custom_tool_call",
        "reasoning",
        "x",
        "web_search_call",
    ]
)
NAMES = ("role", "content", "call_id", "name", "arguments", "output", "input", "summary", "encrypted_content")
ITEMS = st.fixed_dictionaries({}, optional={"type": TYPES | JSON} | dict.fromkeys(NAMES, JSON))


@given(
    st.fixed_dictionaries(
        {"model": st.just("m"), "input": st.lists(ITEMS, max_size=4) | JSON},
        optional=dict.fromkeys(("tools", "tool_choice", "text", "reasoning", "instructions"), JSON),
    )
)
def test_no_request_breaks_us(body: dict[str, Any]):
    """Rubbish is refused with 400, or it becomes a request that can be sent."""
    try:
        found = parse(orjson.dumps(body), {})
    except ApiError as refusal:
        assert refusal.status == 400
    else:
        orjson.dumps(to_chat(found.body))
