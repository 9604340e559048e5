"""Gemini's answers read into events, wherever the bytes are cut, and its counts into units."""

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.bridge import Bounds, Reply
from proxy.dialects import chat_writer
from proxy.dialects.events import Arguments, Event, Text, Thought, ToolCall
from proxy.dialects.gemini_reader import FAR, Reader, read_usage, read_whole, refusal
from proxy.dialects.translated import bridge
from proxy.meter import Usage
from tests.proxy.calls import call_of, endpoint_of
from tests.upstream import gemini
from tests.upstream.gemini_rules import SIGNATURE
from tests.upstream.plan import Plan

BOUNDS = Bounds(input=1000, output=1000)
ASKED: dict[str, Any] = {"contents": [{"role": "user", "parts": [{"text": "Salom"}]}]}
CALLS = (("get_weather", '{"city": "Toshkent"}'), ("get_time", "{}"))


def stream_of(plan: Plan, eol: str = "\n") -> bytes:
    answer = gemini.compose(plan, ASKED)
    return b"".join(
        b"data: " + payload + eol.encode() * 2 for _, payload in gemini.chunks(plan, answer, ASKED)
    )


def whole_of(plan: Plan) -> bytes:
    return gemini.whole(plan, gemini.compose(plan, ASKED), ASKED)


def joined(events: list[Event]) -> list[Event]:
    """Neighbours of one kind as one, and ids of our own making left out."""
    found: list[Event] = []
    for event in events:
        last = found[-1] if found else None
        if isinstance(event, (Text, Thought)) and type(last) is type(event):
            found[-1] = type(event)(last.text + event.text)
        else:
            found.append(event)
    return found


PLANS = st.builds(
    lambda text, tokens, reasoning, calls, chunks: Plan(
        text=None if calls else text,
        completion_tokens=tokens,
        reasoning=reasoning,
        reasoning_tokens=len(reasoning),
        tool_calls=calls,
        chunks=chunks,
        prompt_tokens=9,
        cached_tokens=3,
    ),
    st.none() | st.text(st.characters(codec="utf-8"), min_size=1, max_size=20),
    st.integers(4, 12),
    st.sampled_from(["", "Hm, oʻyla"[:4]]),
    st.sampled_from([(), CALLS, CALLS[:1]]),
    st.none() | st.integers(1, 3),
)


@given(
    PLANS,
    st.sampled_from(["\n", "\r\n", "\r"]),
    st.lists(st.integers(0, 4000), max_size=12) | st.just(range(4000)),
)
def test_a_stream_cut_anywhere_says_what_the_whole_says(plan: Plan, eol: str, cuts: Sequence[int]):
    raw, reader = stream_of(plan, eol), Reader()
    places = sorted({0, len(raw), *(cut % len(raw) for cut in cuts)})
    events = [event for start, end in pairwise(places) for event in reader.feed(raw[start:end])]
    whole = read_whole(whole_of(plan))
    assert whole is not None
    assert joined(events) == joined(list(whole.events))
    assert reader.complete
    assert reader.finish_reason == whole.finish_reason
    assert read_usage(reader.usage, BOUNDS) == read_usage(whole.usage, BOUNDS)


def test_function_calls_come_whole_with_the_first_ones_signature():
    said = read_whole(whole_of(Plan(tool_calls=CALLS)))
    assert said is not None
    assert said.finish_reason == "tool_calls"
    assert said.events == (
        ToolCall(0, "fc_test0", "get_weather", SIGNATURE),
        Arguments(0, '{"city":"Toshkent"}'),
        ToolCall(1, "fc_test1", "get_time"),
        Arguments(1, "{}"),
    )


def test_a_call_without_an_id_gets_one():
    reader = Reader()
    called = {
        "candidates": [{"content": {"parts": [{"functionCall": {"name": "a"}}] * 2}, "finishReason": "STOP"}]
    }
    first, _, second, _ = reader.told(called)
    assert isinstance(first, ToolCall)
    assert isinstance(second, ToolCall)
    assert first.id.startswith("call_")
    assert first.id != second.id


@pytest.mark.parametrize(
    ("reason", "finish"),
    [
        ("STOP", "stop"),
        ("MAX_TOKENS", "length"),
        ("SAFETY", "content_filter"),
        ("RECITATION", "content_filter"),
        ("BLOCKLIST", "content_filter"),
        ("PROHIBITED_CONTENT", "content_filter"),
        ("SPII", "content_filter"),
        ("LANGUAGE", "content_filter"),
        ("OTHER", "stop"),
        ("SOMETHING_NEW", "stop"),
    ],
)
def test_finish_reasons(reason: str, finish: str):
    said = read_whole(whole_of(Plan(text="a", finish=reason)))
    assert said is not None
    assert said.finish_reason == finish


@pytest.mark.parametrize("reason", ["MALFORMED_FUNCTION_CALL", "UNEXPECTED_TOOL_CALL", "MALFORMED_RESPONSE"])
def test_a_failure_of_the_model_is_no_answer(reason: str):
    assert read_whole(whole_of(Plan(text="a", finish=reason))) is None
    reader = Reader()
    reader.feed(stream_of(Plan(text="a", finish=reason)))
    assert not reader.complete
    assert reader.error["message"]


def test_a_blocked_prompt_is_an_answer_without_words():
    said = read_whole(whole_of(Plan(refusal="no", prompt_tokens=9)))
    assert said is not None
    assert (said.events, said.finish_reason) == ((), "content_filter")
    assert read_usage(said.usage, BOUNDS) == Usage(input=9)
    reader = Reader()
    assert reader.feed(stream_of(Plan(refusal="no", prompt_tokens=9))) == []
    assert reader.complete


def test_the_last_report_counts_and_the_end_is_not_assumed():
    reader = Reader()
    reader.feed(stream_of(Plan(fault="two_usages", completion_tokens=4, prompt_tokens=9)))
    assert not reader.done
    assert read_usage(reader.usage, BOUNDS) == Usage(input=9, output=4)


def test_of_a_cut_stream_a_report_without_output_is_none():
    reader = Reader()
    counts = {"promptTokenCount": 9, "totalTokenCount": 9}
    parts = {"content": {"parts": [{"text": "a"}]}}
    reader.told({"candidates": [parts], "usageMetadata": counts})
    assert reader.usage is None
    reader.told({"candidates": [parts], "usageMetadata": counts | {"candidatesTokenCount": 2}})
    assert read_usage(reader.usage, BOUNDS) == Usage(input=9, output=2)


DEEP = b'{"functionCall": {"name": "a", "args": ' + b'{"a":' * 500 + b"1" + b"}" * 500 + b"}}"


@pytest.mark.parametrize(
    "payload", [b"[]", b"1", b"oops", b'"a"', b'{"candidates": [{"content": {"parts": [' + DEEP + b"]}}]}"]
)
def test_what_is_no_response_breaks_the_stream(payload: bytes):
    reader = Reader()
    assert reader.feed(b"data: " + payload + b"\n\n") == []
    assert reader.broken
    assert read_whole(payload) is None


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-3, 10**13) | st.floats(allow_nan=False) | st.text(max_size=3),
    lambda inner: (
        st.lists(inner, max_size=2)
        | st.dictionaries(
            st.sampled_from(
                [
                    "candidates",
                    "content",
                    "parts",
                    "text",
                    "thought",
                    "functionCall",
                    "name",
                    "args",
                    "finishReason",
                    "id",
                    "usageMetadata",
                    "promptFeedback",
                    "blockReason",
                    "error",
                    "promptTokenCount",
                    "candidatesTokenCount",
                ]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=15,
)


@given(JSON)
def test_no_json_breaks_the_reader(value: Any):
    data = orjson.dumps(value)
    said = read_whole(data)
    assert said is None or said.finish_reason
    reader = Reader()
    reader.feed(b"data: " + data + b"\n\n")
    read_usage(reader.usage, BOUNDS)


@given(
    st.dictionaries(
        st.sampled_from(
            [
                "promptTokenCount",
                "candidatesTokenCount",
                "thoughtsTokenCount",
                "cachedContentTokenCount",
                "toolUsePromptTokenCount",
            ]
        ),
        st.integers(-5, 1500) | st.floats() | st.text(max_size=2) | st.none() | st.booleans(),
    )
)
def test_no_component_of_a_report_is_negative_or_above_its_total(reported: dict[str, Any]):
    usage = read_usage(reported, BOUNDS)
    if usage is not None:
        assert 0 < usage.input <= BOUNDS.input
        assert 0 <= usage.cached <= usage.input
        assert 0 <= usage.reasoning <= usage.output <= BOUNDS.output


def test_thoughts_are_beside_the_answer_and_cached_tokens_inside_the_prompt():
    reported = {
        "promptTokenCount": 100,
        "cachedContentTokenCount": 60,
        "candidatesTokenCount": 7,
        "thoughtsTokenCount": 30,
        "toolUsePromptTokenCount": 5,
        "totalTokenCount": 142,
    }
    assert read_usage(reported, BOUNDS) == Usage(input=105, cached=60, output=37, reasoning=30)


@pytest.mark.parametrize("lie", ["negative", "huge", "string", "float", "zero", "bool", "above_max"])
def test_lies_are_none(lie: str):
    body = ASKED | {"generationConfig": {"maxOutputTokens": 300}}
    plan = Plan(lie=lie)
    assert read_usage(gemini.reported_usage(plan, gemini.compose(plan, body), body), BOUNDS) is None


# Refusals


@pytest.mark.parametrize(
    "error",
    [
        {"status": "INVALID_ARGUMENT", "message": "x", "details": [{"reason": "API_KEY_INVALID"}]},
        {"status": "INVALID_ARGUMENT", "message": "API key expired. Please renew the API key."},
        {"status": "FAILED_PRECONDITION", "message": "User location is not supported for the API use."},
    ],
)
def test_our_key_and_account_are_no_fault_of_the_callers(error: dict[str, Any]):
    assert refusal(400, orjson.dumps({"error": {"code": 400} | error})) is None


def test_a_refusal_is_told_in_googles_words():
    told = refusal(400, gemini.error_body(400, Plan(message="Invalid value at 'contents'."), ""))
    assert told is not None
    assert (told.status, told.message) == (400, "Invalid value at 'contents'.")
    long = "The input token count (1200000) exceeds the maximum number of tokens allowed (1048576)."
    told = refusal(400, gemini.error_body(400, Plan(message=long), ""))
    assert told is not None
    assert told.code == "context_length_exceeded"


# Over the bridge


def test_a_signature_survives_the_trip_to_the_caller_and_back():
    """What chat_writer tells of a call is what chat_to_gemini reads."""
    chat = bridge(chat_writer.NEAR, FAR)
    call = call_of({"model": "m", "messages": [{"role": "user", "content": "a"}]})
    answer = chat.answer(call, Reply(whole_of(Plan(tool_calls=CALLS)), b""), b'"m"')
    assert answer is not None
    message = orjson.loads(answer.body(Usage(1, output=1)))["choices"][0]["message"]
    back = FAR.ask(
        call,
        {"messages": [{"role": "user", "content": "a"}, message]},
        endpoint_of("gemini-3-pro"),
        9,
    )
    parts = orjson.loads(back.body)["contents"][1]["parts"]
    assert [part.get("thoughtSignature") for part in parts] == [SIGNATURE, None]
    assert [part["functionCall"]["args"] for part in parts] == [{"city": "Toshkent"}, {}]
