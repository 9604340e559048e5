"""Responses as they are written: the events rebuild the whole answer, however it was cut on its way."""

import json
import re
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.dialects.events import Arguments, Event, Refusal, Said, Text, Thought, ToolCall
from proxy.dialects.openai_reader import Reader
from proxy.dialects.responses_request import parse
from proxy.dialects.responses_writer import NEAR, Writer, writer_of
from proxy.dialects.translated import Translated
from proxy.errors import ApiError
from proxy.meter import Usage

TOOLS = [
    {"type": "function", "name": "f"},
    {"type": "custom", "name": "patch"},
    {"type": "namespace", "name": "crm", "tools": [{"type": "function", "name": "find"}]},
]
CALL = parse(orjson.dumps({"model": "m", "input": "Salom", "tools": TOOLS, "stream": True}), {})
USAGE = Usage(input=9, cached=2, output=7, reasoning=3)


def fresh() -> Writer:
    return writer_of(CALL, "test/one")


def parsed(data: bytes) -> list[dict[str, Any]]:
    """The events, each framed as the SDKs want it."""
    found = []
    for event in data.decode().split("\n\n")[:-1]:
        match = re.fullmatch(r"event: (\S+)\ndata: (.+)", event)
        assert match, event
        found.append(json.loads(match[2]))
        assert found[-1]["type"] == match[1]
    return found


def streamed(events: list[Event], finish: str = "stop") -> list[dict[str, Any]]:
    writer = fresh()
    data = b"".join(writer.write([event]) for event in events)
    return parsed(data + writer.end(finish, USAGE, {"cost_uzs": "1"}))


def types(events: list[dict[str, Any]]) -> list[str]:
    return [event["type"].removeprefix("response.") for event in events]


def whole(events: list[Event], finish: str = "stop") -> dict[str, Any]:
    found: dict[str, Any] = json.loads(NEAR.whole(CALL, Said(tuple(events), None, finish), "test/one", USAGE))
    return found


def test_the_order_of_events():
    events: list[Event] = [
        Thought("hm"),
        Text("Sa"),
        Text("lom"),
        ToolCall(0, "call_1", "f"),
        Arguments(0, '{"a":'),
        Arguments(0, "1}"),
    ]
    assert types(streamed(events, "tool_calls")) == [
        "created",
        "in_progress",
        "output_item.added",
        "reasoning_summary_part.added",
        "reasoning_summary_text.delta",
        "reasoning_summary_text.done",
        "reasoning_summary_part.done",
        "output_item.done",
        "output_item.added",
        "content_part.added",
        "output_text.delta",
        "output_text.delta",
        "output_text.done",
        "content_part.done",
        "output_item.done",
        "output_item.added",
        "function_call_arguments.delta",
        "function_call_arguments.delta",
        "function_call_arguments.done",
        "output_item.done",
        "completed",
    ]


def test_arguments_are_told_whole_twice():
    events = streamed([ToolCall(0, "call_1", "f"), Arguments(0, '{"a":'), Arguments(0, "1}")], "tool_calls")
    done, item = events[-3], events[-2]["item"]
    assert done["arguments"] == item["arguments"] == '{"a":1}'
    assert (done["name"], item["call_id"], item["status"]) == ("f", "call_1", "completed")


def test_names_are_those_of_the_caller():
    answer = whole(
        [ToolCall(0, "a", "crm__find"), ToolCall(1, "b", "patch"), Arguments(1, '{"input":"x\\n"}')]
    )
    found, patched = answer["output"]
    assert (found["type"], found["name"], found["namespace"]) == ("function_call", "find", "crm")
    assert (patched["type"], patched["name"], patched["input"]) == ("custom_tool_call", "patch", "x\n")


def test_a_custom_input_that_is_no_json_is_taken_as_it_is():
    (item,) = whole([ToolCall(0, "a", "patch"), Arguments(0, "*** Begin Patch")])["output"]
    assert item["input"] == "*** Begin Patch"


def test_calls_that_are_told_at_once_stay_apart():
    """The second call begins before the first one is whole; nothing of either is lost."""
    events: list[Event] = [
        ToolCall(0, "a", "f"),
        ToolCall(1, "b", "f"),
        Arguments(0, '{"x":'),
        Arguments(1, '{"y":'),
        Arguments(0, "1}"),
        Arguments(1, "2}"),
    ]
    found = streamed(events, "tool_calls")
    assert [item["arguments"] for item in found[-1]["response"]["output"]] == ['{"x":1}', '{"y":2}']
    rebuilt(found)


def test_a_whole_call_is_closed_before_the_next():
    """So that an agent can begin with it."""
    events: list[Event] = [ToolCall(0, "a", "f"), Arguments(0, "{}"), ToolCall(1, "b", "f")]
    kinds = types(streamed(events))
    assert kinds.index("output_item.done") < len(kinds) - 1 - kinds[::-1].index("output_item.added")


@pytest.mark.parametrize(
    ("finish", "refuses", "status", "reason"),
    [
        ("stop", False, "completed", None),
        ("", False, "completed", None),
        ("tool_calls", False, "completed", None),
        ("length", False, "incomplete", "max_output_tokens"),
        ("content_filter", False, "incomplete", "content_filter"),
        ("content_filter", True, "completed", None),
    ],
)
def test_ends(finish: str, refuses: bool, status: str, reason: str | None):
    events: list[Event] = [Refusal("yoʻq") if refuses else Text("ha")]
    for response in (streamed(events, finish)[-1]["response"], whole(events, finish)):
        assert (response["status"], (response["incomplete_details"] or {}).get("reason")) == (status, reason)
        assert response["output"][-1]["status"] == status
    assert types(streamed(events, finish))[-1] == status


def test_usage_and_cost():
    last = streamed([Text("ha")])[-1]["response"]
    assert last["usage"] == {
        "input_tokens": 9,
        "input_tokens_details": {"cached_tokens": 2, "cache_write_tokens": 0},
        "output_tokens": 7,
        "output_tokens_details": {"reasoning_tokens": 3},
        "total_tokens": 16,
    }
    assert last["cloudapi"] == {"cost_uzs": "1"}


def test_a_failure_is_no_end():
    writer = fresh()
    data = writer.write([Text("ha")])
    events = parsed(data + writer.failed(ApiError(502, "upstream_error", "It broke."), "req_1"))
    error, failed = events[-2:]
    assert (error["type"], error["code"], error["message"]) == ("error", "upstream_error", "It broke.")
    assert error["error"]["message"] == "It broke."  # where openai-python and -node look
    assert (failed["type"], failed["response"]["status"]) == ("response.failed", "failed")
    assert failed["response"]["error"]["message"] == "It broke."
    assert "response.completed" not in {event["type"] for event in events}


def test_a_seal_without_words_is_kept():
    (item,) = whole([Thought("", "c2ln")])["output"]
    assert (item["type"], item["summary"], item["encrypted_content"]) == ("reasoning", [], "cloudapi:c2ln")


def test_a_seal_over_a_call_goes_before_it():
    """Clients send reasoning back as it came, but no member of a call that they don't know."""
    events: list[Event] = [
        Thought("hm"),
        ToolCall(0, "a", "f", "Z2Vt"),
        Arguments(0, "{}"),
        ToolCall(1, "b", "f"),
    ]
    output = streamed(events)[-1]["response"]["output"]
    assert [item["type"] for item in output] == ["reasoning", "reasoning", "function_call", "function_call"]
    assert output[1]["encrypted_content"] == "cloudapi:call:Z2Vt"


PIECES = st.text(max_size=6)


@st.composite
def answers(draw: st.DrawFn) -> list[Event]:
    """Events as a reader may give them: calls in order of their places, arguments of any call begun."""
    events: list[Event] = []
    begun = 0
    for _ in range(draw(st.integers(0, 12))):
        kind = draw(st.sampled_from("trcaa"))
        if kind == "t":
            events.append(Text(draw(PIECES.filter(bool))))
        elif kind == "r":
            events.append(draw(st.builds(Refusal, PIECES.filter(bool)) | st.builds(Thought, PIECES, PIECES)))
        elif kind == "c":
            name = draw(st.sampled_from(["f", "patch", "crm__find", "made_up"]))
            events.append(ToolCall(begun, f"call_{begun}", name, draw(st.sampled_from(["", "Z2Vt"]))))
            begun += 1
        elif begun and isinstance(events[-1], (ToolCall, Arguments)):
            events.append(Arguments(draw(st.integers(0, begun - 1)), draw(PIECES.filter(bool))))
    return events


def rebuilt(events: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The output as a client puts it together from deltas, each of which finds its item open."""
    items: dict[int, dict[str, Any]] = {}
    open_: set[int] = set()
    texts: dict[tuple[int, str, int], str] = {}
    for event in events:
        index, kind = event.get("output_index"), event["type"]
        if kind == "response.output_item.added":
            assert index == len(items)
            items[index] = event["item"]
            open_.add(index)
        elif kind == "response.output_item.done":
            open_.remove(index)
            assert event["item"]["id"] == items[index]["id"]
            items[index] = event["item"]
        elif index is not None:
            assert index in open_
            assert event["item_id"] == items[index]["id"]
            check_text(texts, event)
    assert not open_
    return [items[index] for index in sorted(items)]


def check_text(texts: dict[tuple[int, str, int], str], event: dict[str, Any]) -> None:
    """The text of a `.done` is the sum of its deltas."""
    stem, _, end = event["type"].rpartition(".")
    place = (event["output_index"], stem, event.get("content_index", 0))
    if end == "delta":
        texts[place] = texts.get(place, "") + event["delta"]
    elif end == "done" and not stem.endswith("_part"):
        told = next(event[name] for name in ("text", "refusal", "arguments", "input") if name in event)
        assert told == texts.get(place, "")


@given(answers(), st.sampled_from(["stop", "length", "tool_calls", "content_filter"]))
def test_any_answer_is_rebuilt_from_its_events(events: list[Event], finish: str):
    found = streamed(events, finish)
    assert [event["sequence_number"] for event in found] == list(range(len(found)))
    response = found[-1]["response"]
    assert rebuilt(found) == response["output"]
    same = whole(events, finish)
    assert without_ids(same["output"]) == without_ids(response["output"])


def without_ids(items: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{name: value for name, value in item.items() if name != "id"} for item in items]


def chunk(delta: dict[str, Any], finish: str | None = None) -> bytes:
    choice = {"index": 0, "delta": delta, "finish_reason": finish}
    return b"data: " + orjson.dumps({"choices": [choice]}) + b"\n\n"


def tool_delta(index: int, arguments: str, **more: Any) -> dict[str, Any]:
    return {"tool_calls": [{"index": index, "function": {"arguments": arguments}, **more}]}


ANSWER = (
    chunk({"reasoning_content": "oʻylayman"})
    + chunk({"content": "Salom "})
    + chunk({"content": "дунё 🙂"})
    + chunk({"tool_calls": [{"index": 0, "id": "a", "function": {"name": "f", "arguments": ""}}]})
    + chunk(tool_delta(0, '{"shahar":"Тошкент"}'))
    + chunk({"tool_calls": [{"index": 1, "id": "b", "function": {"name": "patch", "arguments": ""}}]})
    + chunk(tool_delta(1, '{"input":"🙂"}'))
    + chunk({}, "tool_calls")
    + b"data: [DONE]\n\n"
)


@given(st.lists(st.integers(1, len(ANSWER) - 1), max_size=20, unique=True))
def test_bytes_may_be_cut_anywhere(cuts: list[int]):
    stream = Translated(Reader(), NEAR.writer(CALL, "test/one"))
    places = [0, *sorted(cuts), len(ANSWER)]
    data = b"".join(stream.feed(ANSWER[a:b]) for a, b in zip(places, places[1:], strict=False))
    assert b"response.completed" not in data  # nothing terminal before the charge
    assert stream.complete
    events = parsed(data + stream.end(USAGE, {}))
    output = rebuilt(events)
    assert output == events[-1]["response"]["output"]
    assert [item["type"] for item in output] == ["reasoning", "message", "function_call", "custom_tool_call"]
    assert output[1]["content"][0]["text"] == "Salom дунё 🙂"
    assert output[2]["arguments"] == '{"shahar":"Тошкент"}'
    assert output[3]["input"] == "🙂"
