"""Requests of the Messages API in OpenAI's words (api.md §3)."""

from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.bridge import Unsupported
from proxy.dialects import messages_request
from proxy.dialects.messages_to_chat import chat, long_names
from proxy.dialects.messages_turns import CALL_SEAL, short_name

HELLO = [{"role": "user", "content": "Salom!"}]
TOOL = {"name": "get_weather", "description": "Weather", "input_schema": {"type": "object", "properties": {}}}
PNG = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
IMAGE = {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": PNG}}
IMAGE_PART = {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{PNG}"}}


PDF = "data:application/pdf;base64,"
BUDGETS = ((1024, "minimal"), (2048, "low"), (8192, "medium"), (24_576, "high"), (32_000, "xhigh"))


def call(**fields: Any):
    body = {"model": "m", "max_tokens": 9, "messages": HELLO} | fields
    return messages_request.parse(orjson.dumps(body), {})


def translated(**fields: Any) -> dict[str, Any]:
    return chat(call(**fields))


def turns(*messages: dict[str, Any]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = translated(messages=list(messages))["messages"]
    return found


def user(*content: Any) -> dict[str, Any]:
    return {"role": "user", "content": list(content) if content and content != ("",) else ""}


def assistant(*content: Any) -> dict[str, Any]:
    return {"role": "assistant", "content": list(content)}


def text(said: str) -> dict[str, Any]:
    return {"type": "text", "text": said}


def use(name: str, **arguments: Any) -> dict[str, Any]:
    return {"type": "tool_use", "id": name, "name": "get_weather", "input": arguments}


def result(name: str, content: Any = "31", **more: Any) -> dict[str, Any]:
    return {"type": "tool_result", "tool_use_id": name, "content": content} | more


def told(name: str, content: str = "31") -> dict[str, Any]:
    return {"role": "tool", "tool_call_id": name, "content": content}


def asked(*names: str, said: str | None = None) -> dict[str, Any]:
    calls = [
        {"id": name, "type": "function", "function": {"name": "get_weather", "arguments": "{}"}}
        for name in names
    ]
    return {"role": "assistant", "content": said, "tool_calls": calls}


# --- The prompt


def test_the_system_prompt_is_the_first_message():
    assert translated(system="Be brief.")["messages"][0] == {"role": "system", "content": "Be brief."}


def test_claude_codes_billing_block_is_dropped():
    system = [text("x-anthropic-billing-header: cc_version=2.1; cch=0"), text("You are."), text("Be brief.")]
    assert translated(system=system)["messages"][0]["content"] == "You are.\n\nBe brief."
    assert translated(system=system[:1])["messages"] == HELLO


def test_a_system_message_in_the_middle_stays_where_it_is():
    found = turns(user(text("a")), {"role": "system", "content": "s"}, assistant(text("b")), user(text("c")))
    assert [message["role"] for message in found] == ["user", "system", "assistant", "user"]


def test_nothing_stands_between_a_call_and_its_result():
    found = turns(
        *HELLO, assistant(use("a")), {"role": "system", "content": "s"}, user(result("a"), text("x"))
    )
    assert found[1:] == [
        asked("a"),
        told("a"),
        {"role": "system", "content": "s"},
        {"role": "user", "content": "x"},
    ]


# --- Turns


def test_results_come_first_and_one_by_one():
    found = turns(*HELLO, assistant(text("Let me see."), use("a"), use("b")),
                  user(text("also"), result("b"), result("a", "20")))  # fmt: skip
    assert found[1:] == [
        asked("a", "b", said="Let me see."),
        told("b"),
        told("a", "20"),
        {"role": "user", "content": "also"},
    ]


def test_a_missing_result_is_told_as_an_error():
    found = turns(*HELLO, assistant(use("a"), use("b")), user(result("a")))
    assert found[2] == told("a")
    assert found[3]["tool_call_id"] == "b"
    assert found[3]["content"].startswith("Error:")


def test_a_result_without_its_call_becomes_text():
    (message,) = turns(user(result("gone", "31")))
    assert message["role"] == "user"
    assert "31" in message["content"]


def test_a_failed_tool_says_so():
    assert turns(*HELLO, assistant(use("a")), user(result("a", "no network", is_error=True)))[2] == told(
        "a", "Error: no network"
    )


def test_images_of_results_move_into_the_users_turn():
    found = turns(
        *HELLO, assistant(use("a")), user(result("a", [text("a screenshot"), IMAGE]), text("Well?"))
    )
    assert found[2] == told("a", "a screenshot")
    assert found[3]["content"][1:] == [IMAGE_PART, text("Well?")]


def test_adjacent_turns_of_one_role_are_one():
    assert turns(user(text("a")), user(text("b"), IMAGE)) == [
        {"role": "user", "content": [text("a"), text("b"), IMAGE_PART]}
    ]


def test_thinking_and_empty_text_are_left_out():
    thinking = {"type": "thinking", "thinking": "hm", "signature": "sig"}
    redacted = {"type": "redacted_thinking", "data": "x"}
    found = turns(*HELLO, assistant(thinking, redacted, text(""), text("Yes")), user(text(""), text("x")))
    assert found[1:] == [{"role": "assistant", "content": "Yes"}, {"role": "user", "content": "x"}]
    assert turns(*HELLO, assistant(thinking), user(text("x")))[1:] == [{"role": "user", "content": "x"}]


def test_another_vendors_seal_goes_back_with_its_call():
    """litellm #25322: Gemini answers 400 when its signature doesn't come back."""
    seal = {"type": "thinking", "thinking": "", "signature": CALL_SEAL + "gem-sig"}
    calls = turns(*HELLO, assistant(seal, use("a"), use("b")), user(result("a"), result("b")))[1][
        "tool_calls"
    ]
    assert calls[0]["extra_content"] == {"google": {"thought_signature": "gem-sig"}}
    assert "extra_content" not in calls[1]


@pytest.mark.parametrize(
    ("block", "parts"),
    [
        (IMAGE, [IMAGE_PART]),
        (
            {"type": "image", "source": {"type": "url", "url": "https://example.com/x.png"}},
            [{"type": "image_url", "image_url": {"url": "https://example.com/x.png"}}],
        ),
        (
            {"type": "document", "source": {"type": "text", "data": "abc"}, "title": "T"},
            [text("T"), text("abc")],
        ),
        ({"type": "document", "source": {"type": "content", "content": [text("abc"), IMAGE]}},
         [text("abc"), IMAGE_PART]),
        (
            {"type": "document", "source": {"type": "base64", "data": "JVBE"}},
            [{"type": "file", "file": {"filename": "document.pdf", "file_data": PDF + "JVBE"}}],
        ),
        (
            {"type": "search_result", "title": "T", "source": "S", "content": [text("abc")]},
            [text("T\nS\nabc")],
        ),
        ({"type": "tool_reference", "tool_name": "f"}, [text("The tool f is available.")]),
        ({"type": "hologram", "depth": 3}, []),
    ],
)  # fmt: skip
def test_blocks_become_parts(block: dict[str, Any], parts: list[dict[str, Any]]):
    assert turns(user(text("see"), block, text("?")))[0]["content"] == [text("see"), *parts, text("?")]


@pytest.mark.parametrize("kind", ["image", "document"])
def test_files_at_the_vendors_are_refused_by_name(kind: str):
    with pytest.raises(Unsupported) as caught:
        turns(user({"type": kind, "source": {"type": "file", "file_id": "file_1"}}))
    assert caught.value.param == "messages"


# --- Tools


def test_tools_and_their_choice():
    found = translated(tools=[TOOL | {"strict": True, "cache_control": {"type": "ephemeral"}}])
    function = {
        "name": "get_weather",
        "description": "Weather",
        "parameters": TOOL["input_schema"],
        "strict": True,
    }
    assert found["tools"] == [{"type": "function", "function": function}]
    assert "tool_choice" not in found


@pytest.mark.parametrize(
    ("choice", "expected"),
    [
        ({"type": "auto"}, {"tool_choice": "auto"}),
        ({"type": "any"}, {"tool_choice": "required"}),
        ({"type": "none"}, {"tool_choice": "none"}),
        (
            {"type": "tool", "name": "get_weather"},
            {"tool_choice": {"type": "function", "function": {"name": "get_weather"}}},
        ),
        (
            {"type": "auto", "disable_parallel_tool_use": True},
            {"tool_choice": "auto", "parallel_tool_calls": False},
        ),
    ],
)
def test_a_choice_of_tools(choice: dict[str, Any], expected: dict[str, Any]):
    """litellm loses disable_parallel_tool_use."""
    found = translated(tools=[TOOL], tool_choice=choice)
    assert {name: found[name] for name in found if name not in ("messages", "tools")} == expected


def test_the_vendors_own_tools_are_left_out_beside_others_and_refused_alone():
    search = {"type": "web_search_20250305", "name": "web_search", "max_uses": 8}
    assert len(translated(tools=[TOOL, search])["tools"]) == 1
    with pytest.raises(Unsupported):
        translated(tools=[search])
    with pytest.raises(Unsupported):
        translated(tools=[TOOL, search], tool_choice={"type": "tool", "name": "web_search"})


def test_deferred_tools_are_offered_from_the_start():
    assert len(translated(tools=[TOOL | {"defer_loading": True}])["tools"]) == 1


def test_long_names_of_tools_are_shortened_and_found_again():
    """Names of MCP tools pass OpenAI's 64 characters."""
    name = "mcp__a_long_server_name__" + "x" * 80
    other = name + "y"
    tools = [TOOL | {"name": name}, TOOL | {"name": other}]
    sent = [tool["function"]["name"] for tool in translated(tools=tools)["tools"]]
    assert max(map(len, sent)) <= 64
    assert [long_names(call(tools=tools))[short] for short in sent] == [name, other]
    assert short_name("short") == "short"


# --- Everything else


@pytest.mark.parametrize(
    ("fields", "effort"),
    [
        ({}, None),
        ({"thinking": {"type": "adaptive"}}, None),
        ({"thinking": {"type": "adaptive"}, "output_config": {"effort": "xhigh"}}, "xhigh"),
        ({"output_config": {"effort": "low"}}, "low"),
        ({"thinking": {"type": "disabled"}, "output_config": {"effort": "high"}}, "none"),
        *[({"thinking": {"type": "enabled", "budget_tokens": most}}, word) for most, word in BUDGETS],
    ],
)  # fmt: skip
def test_effort(fields: dict[str, Any], effort: str | None):
    found = translated(**fields)
    assert found.get("reasoning_effort") == effort
    assert "thinking" not in found


@pytest.mark.parametrize("name", ["output_config", "output_format"])
def test_a_schema_for_the_answer(name: str):
    form = {"type": "json_schema", "schema": {"type": "object"}}
    found = translated(**{name: {"format": form} if name == "output_config" else form})
    assert found["response_format"]["json_schema"]["schema"] == {"type": "object"}


def test_what_the_other_side_has_no_word_for_is_dropped():
    fields = {
        "metadata": {"user_id": "{}"},
        "top_k": 5,
        "context_management": {"edits": []},
        "cache_control": {"type": "ephemeral"},
        "service_tier": "auto",
        "mcp_servers": [],
        "container": "x",
    }
    assert set(translated(**fields)) == {"messages"}


def test_sampling_and_stops():
    found = translated(temperature=0.5, top_p=0.9, stop_sequences=["a", "b", "c", "d", "e"], stream=True)
    assert (found["temperature"], found["top_p"], found["stop"]) == (0.5, 0.9, ["a", "b", "c", "d"])
    assert found["stream"] is True


BLOCKS = st.one_of(
    st.builds(text, st.text(max_size=9)),
    st.builds(use, st.sampled_from("abc"), x=st.integers(-9, 9)),
    st.builds(result, st.sampled_from("abcd"), st.text(max_size=9), is_error=st.booleans()),
    st.just(IMAGE),
    st.just({"type": "thinking", "thinking": "t", "signature": "s"}),
)
TURNS = st.lists(
    st.builds(
        lambda role, content: {"role": role, "content": content},
        st.sampled_from(["user", "assistant", "system"]),
        st.lists(BLOCKS, max_size=4) | st.text(max_size=9),
    ),
    min_size=1,
    max_size=8,
)


@given(TURNS)
def test_any_conversation_is_one_that_openai_takes(messages: list[dict[str, Any]]):
    """Results stand right behind the turn that called, one for each call, and for nothing else."""
    open_calls: list[str] = []
    for message in turns(*messages):
        if message["role"] == "tool":
            assert isinstance(message["content"], str)
            open_calls.remove(message["tool_call_id"])
            continue
        assert not open_calls
        open_calls = [found["id"] for found in message.get("tool_calls", ())]
        assert message["content"] or open_calls
    assert not open_calls
