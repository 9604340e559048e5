"""Chat messages as Gemini's turns: in Google's order, with nothing lost on the way."""

import json
from typing import Any

import pytest
from google.genai import types
from hypothesis import given
from hypothesis import strategies as st

from proxy.bridge import Unsupported
from proxy.dialects.chat_to_gemini import build
from proxy.dialects.gemini_contents import DUMMY_SIGNATURE
from tests.upstream.gemini_rules import SIGNATURE, broken_rule

PNG = "data:image/png;base64,iVBORw0KGgo="
FLASH, THREE = "gemini-2.5-flash", "gemini-3-pro-preview"


def of(*messages: dict[str, Any], model: str = FLASH, **more: Any) -> dict[str, Any]:
    return build({"messages": list(messages), **more}, model, 100)


def user(content: Any = "Salom") -> dict[str, Any]:
    return {"role": "user", "content": content}


def called(*names: str, content: str | None = None, signature: str = "") -> dict[str, Any]:
    calls: list[dict[str, Any]] = [
        {"id": f"call_{place}", "type": "function", "function": {"name": name, "arguments": '{"a":1}'}}
        for place, name in enumerate(names)
    ]
    if signature:
        calls[0]["extra_content"] = {"google": {"thought_signature": signature}}
    return {"role": "assistant", "content": content, "tool_calls": calls}


def result(place: int, content: Any = "+31") -> dict[str, Any]:
    return {"role": "tool", "tool_call_id": f"call_{place}", "content": content}


def responses(body: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    parts = [part for content in body["contents"] for part in content["parts"]]
    found = [part["functionResponse"] for part in parts if "functionResponse" in part]
    return [(response["name"], response["response"]) for response in found]


def test_system_messages_become_the_instruction_and_later_ones_reminders():
    body = of(
        {"role": "system", "content": "Be brief."},
        {"role": "developer", "content": [{"type": "text", "text": "Uzbek only."}]},
        user(),
        {"role": "system", "content": "Now Russian."},
    )
    assert body["systemInstruction"] == {"parts": [{"text": "Be brief."}, {"text": "Uzbek only."}]}
    assert body["contents"] == [
        {
            "role": "user",
            "parts": [{"text": "Salom"}, {"text": "<system-reminder>\nNow Russian.\n</system-reminder>"}],
        }
    ]


def test_instructions_alone_are_the_question():
    body = of({"role": "system", "content": "Say hello."})
    assert body["contents"] == [{"role": "user", "parts": [{"text": "Say hello."}]}]
    assert "systemInstruction" not in body


def test_neighbours_of_one_role_are_one_turn():
    body = of(
        user("a"),
        user("b"),
        {"role": "assistant", "content": "c"},
        {"role": "assistant", "content": "d"},
        user("e"),
    )
    told = [(content["role"], [part["text"] for part in content["parts"]]) for content in body["contents"]]
    assert told == [("user", ["a", "b"]), ("model", ["c", "d"]), ("user", ["e"])]


def test_a_conversation_begins_and_ends_with_the_user():
    body = of({"role": "assistant", "content": "Salom!"})
    assert [content["role"] for content in body["contents"]] == ["user", "model", "user"]


def test_results_come_in_the_order_of_their_calls_before_the_users_words():
    body = of(user(), called("one", "two"), result(1, "second"), result(0, "first"), user("And?"))
    assert responses(body) == [("one", {"result": "first"}), ("two", {"result": "second"})]
    last = body["contents"][-1]["parts"]
    assert [next(iter(part)) for part in last] == ["functionResponse", "functionResponse", "text"]


def test_a_missing_result_is_told_as_an_error_and_an_orphan_as_text():
    body = of(user(), called("one", "two"), result(0), user("x"), result(1, "late"), result(7, "nobody's"))
    assert responses(body) == [("one", {"result": "+31"}), ("two", {"error": "The tool gave no result."})]
    texts = [part["text"] for part in body["contents"][-1]["parts"] if "text" in part]
    assert texts[-4:] == [
        "Result of the tool call call_1:",
        "late",
        "Result of the tool call call_7:",
        "nobody's",
    ]


def test_an_error_of_a_tool_is_an_error():
    assert responses(of(user(), called("one"), result(0, "Error: no such city"))) == [
        ("one", {"error": "no such city"})
    ]


def test_pictures_in_results_follow_them():
    parts = [{"type": "text", "text": "map"}, {"type": "image_url", "image_url": {"url": PNG}}]
    body = of(user(), called("one", "two"), result(0, parts), result(1))
    last = body["contents"][-1]["parts"]
    assert [next(iter(part)) for part in last] == ["functionResponse", "functionResponse", "inlineData"]


def test_the_old_way_of_calling_is_read_in_a_history():
    body = of(
        user(),
        {"role": "assistant", "content": None, "function_call": {"name": "one", "arguments": "{}"}},
        {"role": "function", "name": "one", "content": "+31"},
    )
    assert responses(body) == [("one", {"result": "+31"})]


@pytest.mark.parametrize(
    ("text", "arguments"), [('{"a": 1}', {"a": 1}), ('{"a', {}), ("[1]", {}), (None, {})]
)
def test_arguments_that_are_no_object_are_none(text: Any, arguments: dict[str, Any]):
    message = called("one")
    message["tool_calls"][0]["function"]["arguments"] = text
    assert of(user(), message)["contents"][1]["parts"][0]["functionCall"]["args"] == arguments


def test_signatures_go_back_and_an_unsigned_step_of_gemini_3_gets_the_documented_dummy():
    signed = of(user(), called("one", "two", signature=SIGNATURE), result(0), result(1), model=THREE)
    parts = signed["contents"][1]["parts"]
    assert [part.get("thoughtSignature") for part in parts] == [SIGNATURE, None]
    foreign = of(user(), called("one", "two"), result(0), result(1), model=THREE)
    assert [p.get("thoughtSignature") for p in foreign["contents"][1]["parts"]] == [DUMMY_SIGNATURE, None]
    older = of(user(), called("one", "two"), result(0), result(1), model=FLASH)
    assert [p.get("thoughtSignature") for p in older["contents"][1]["parts"]] == [None, None]


@pytest.mark.parametrize(
    ("part", "expected"),
    [
        (
            {"type": "image_url", "image_url": {"url": PNG}},
            {"inlineData": {"mimeType": "image/png", "data": "iVBORw0KGgo="}},
        ),
        (
            {"type": "image_url", "image_url": PNG},
            {"inlineData": {"mimeType": "image/png", "data": "iVBORw0KGgo="}},
        ),
        (
            {"type": "image_url", "image_url": {"url": "https://a.uz/b.webp?c=1", "detail": "low"}},
            {"fileData": {"mimeType": "image/webp", "fileUri": "https://a.uz/b.webp?c=1"}},
        ),
        (
            {"type": "input_audio", "input_audio": {"data": "UklGRg==", "format": "wav"}},
            {"inlineData": {"mimeType": "audio/wav", "data": "UklGRg=="}},
        ),
        (
            {"type": "file", "file": {"filename": "a.pdf", "file_data": "data:application/pdf;base64,JVBE"}},
            {"inlineData": {"mimeType": "application/pdf", "data": "JVBE"}},
        ),
        (
            {"type": "file", "file": {"filename": "a.txt", "file_data": "c2Fsb20="}},
            {"inlineData": {"mimeType": "text/plain", "data": "c2Fsb20="}},
        ),
    ],
)
def test_media_parts(part: dict[str, Any], expected: dict[str, Any]):
    assert of(user([part]))["contents"][0]["parts"] == [expected]


@pytest.mark.parametrize(
    "part",
    [
        {"type": "image_url", "image_url": {"url": "data:image/gif;base64,R0lGODlh"}},
        {"type": "image_url", "image_url": {}},
        {"type": "file", "file": {"file_id": "file-1"}},
        {"type": "input_audio", "input_audio": {"data": "UklGRg=="}},
    ],
)
def test_what_gemini_can_not_be_given_is_another_endpoints(part: dict[str, Any]):
    with pytest.raises(Unsupported) as caught:
        of(user([part]))
    assert caught.value.param == "messages"


TEXTS = st.sampled_from(["", "Salom", "Error: x", "Привет 🙂"])
CONTENTS = (
    TEXTS
    | st.none()
    | st.lists(
        st.builds(lambda text: {"type": "text", "text": text}, TEXTS)
        | st.just({"type": "image_url", "image_url": {"url": PNG}})
        | st.just({"type": "thinking", "thinking": "hm", "signature": "s"}),
        max_size=3,
    )
)
CALLS = st.lists(
    st.builds(
        lambda id_, name, text: {
            "id": id_,
            "type": "function",
            "function": {"name": name, "arguments": text},
        },
        st.sampled_from(["a", "b", "c", ""]),
        st.sampled_from(["one", "two"]),
        st.sampled_from(["{}", '{"x": [1]}', "oops", ""]),
    ),
    max_size=3,
)
MESSAGES = st.lists(
    st.builds(
        lambda role, content: {"role": role, "content": content},
        st.sampled_from(["user", "system", "developer"]),
        CONTENTS,
    )
    | st.builds(
        lambda content, calls: {"role": "assistant", "content": content, "tool_calls": calls}, CONTENTS, CALLS
    )
    | st.builds(
        lambda id_, content: {"role": "tool", "tool_call_id": id_, "content": content},
        st.sampled_from(["a", "b", "c", "d"]),
        CONTENTS,
    ),
    max_size=12,
)


@given(MESSAGES, st.sampled_from([FLASH, THREE]))
def test_any_conversation_keeps_googles_rules(messages: list[dict[str, Any]], model: str):
    body = build({"messages": messages}, model, 100)
    assert broken_rule(body, model) == ""
    for content in body["contents"]:
        types.Content.model_validate(content)
    types.GenerationConfig.model_validate(body["generationConfig"])
    parts = [part for content in body["contents"] for part in content["parts"]]
    calls = [call for message in messages for call in message.get("tool_calls") or ()]
    assert [part["functionCall"]["name"] for part in parts if "functionCall" in part] == [
        call["function"]["name"] for call in calls
    ]
    spoken = [text for message in messages for text in texts_of(message["content"]) if text]
    told = json.dumps(body, ensure_ascii=False)
    assert all(json.dumps(text.removeprefix("Error: "), ensure_ascii=False)[1:-1] in told for text in spoken)


def texts_of(content: Any) -> list[str]:
    if isinstance(content, list):
        return [part["text"] for part in content if part["type"] == "text"]
    return [content] if content else []
