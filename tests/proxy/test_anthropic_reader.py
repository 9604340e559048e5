"""Anthropic's answers, read into events: whole or streamed, cut anywhere, honest or not."""

import json
from typing import Any

import orjson
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from proxy.bridge import Bounds
from proxy.dialects import chat_writer
from proxy.dialects.anthropic_reader import FAR, Reader, read_whole
from proxy.dialects.anthropic_usage import finish, merge_usage, read_usage, seed_usage
from proxy.dialects.events import Arguments, Event, Refusal, Said, Text, Thought, ToolCall, joined
from proxy.dialects.translated import Translated
from proxy.meter import Usage
from tests.upstream import anthropic as upstream
from tests.upstream.plan import LIES, Plan

BODY: dict[str, Any] = {"model": "claude", "max_tokens": 1000, "messages": []}
BOUNDS = Bounds(input=1000, output=1000)
ARGUMENTS = st.dictionaries(st.text(max_size=4), st.text(max_size=9) | st.integers(), max_size=3)
PLANS = st.builds(
    Plan,
    text=st.none() | st.text(st.characters(codec="utf-8"), max_size=30),
    reasoning=st.text(st.characters(codec="utf-8"), max_size=60),
    reasoning_tokens=st.integers(0, 5),
    completion_tokens=st.none() | st.integers(5, 20),
    prompt_tokens=st.integers(30, 40),
    cached_tokens=st.integers(0, 10),
    cache_write_tokens=st.integers(0, 10),
    cache_write_1h_tokens=st.integers(0, 10),
    tool_calls=st.lists(st.tuples(st.sampled_from(["a", "b"]), ARGUMENTS.map(json.dumps)), max_size=3).map(
        tuple
    ),
    refusal=st.sampled_from(["", "", "Bunga yordam bera olmayman."]),
)


def streamed(plan: Plan, *, stops: bool = True) -> bytes:
    answer = upstream.compose(plan, BODY)
    lines = [upstream.line(payload) for _, payload in upstream.chunks(plan, answer, BODY)]
    return b"".join(line + b"\n\n" for line in [*lines, *([upstream.MESSAGE_STOP] if stops else [])])


def whole(plan: Plan) -> Said:
    said = read_whole(upstream.whole(plan, upstream.compose(plan, BODY), BODY))
    assert said is not None
    return said


def read(data: bytes, *cuts: int) -> tuple[Reader, list[Event]]:
    reader, found, at = Reader(), [], 0
    for cut in (*sorted(cuts), len(data)):
        found += reader.feed(data[at:cut])
        at = cut
    return reader, found


def events(*payloads: dict[str, Any]) -> bytes:
    return b"".join(upstream.line(json.dumps(one).encode()) + b"\n\n" for one in payloads)


def meaning(found: Any) -> Any:
    """What the events say, whatever their pieces."""
    calls: dict[int, list[Any]] = {}
    for event in found:
        if isinstance(event, ToolCall):
            calls[event.place] = [event.id, event.name, ""]
        elif isinstance(event, Arguments):
            calls[event.place][2] += event.text
    told = {place: (name, tool, json.loads(text)) for place, (name, tool, text) in calls.items()}
    seals = "".join(event.signature for event in found if isinstance(event, Thought))
    return [joined(found, kind) for kind in (Text, Thought, Refusal)], seals, told


@example(Plan(tool_calls=(("a", '{"n": -9223372036854775809, "m": 18446744073709551616}'),)), [])
@given(PLANS, st.lists(st.integers(0, 4000), max_size=6))
def test_a_stream_says_what_the_whole_answer_says_wherever_it_is_cut(plan, cuts):
    data = streamed(plan)
    reader, found = read(data, *(min(cut, len(data)) for cut in cuts))
    said = whole(plan)
    assert meaning(found) == meaning(said.events)
    assert reader.finish_reason == said.finish_reason
    assert (reader.done, reader.broken, reader.error, reader.complete) == (True, False, None, True)
    usage = read_usage(reader.usage, BOUNDS)
    assert usage is not None
    assert usage == read_usage(said.usage, BOUNDS)
    answer = upstream.compose(plan, BODY)
    assert (usage.input, usage.output) == (answer.prompt_tokens, answer.completion_tokens)
    assert usage.cached == plan.cached_tokens
    assert (usage.cache_write, usage.cache_write_1h) == (plan.cache_write_tokens, plan.cache_write_1h_tokens)
    assert usage.reasoning == min(plan.reasoning_tokens, usage.output)


@given(PLANS, st.integers(0, 4000))
def test_a_cut_stream_is_not_complete_and_knows_its_input(plan, cut):
    data = streamed(plan, stops=False)
    end = data.index(b"event: message_delta")
    reader, _ = read(data[: min(cut, end)])
    assert not reader.complete
    usage = read_usage(reader.usage, BOUNDS)
    if reader.events:
        assert usage is not None
        assert (usage.input, usage.cached) == (plan.prompt_tokens, plan.cached_tokens)
        assert (usage.output, usage.estimated) == (0, True)
    else:
        assert usage is None


@given(
    st.binary(max_size=200) | st.recursive(st.none() | st.text(), st.lists).map(json.dumps).map(str.encode)
)
def test_rubbish_is_no_answer_and_no_crash(data):
    assert read_whole(data) is None or isinstance(read_whole(data), Said)
    reader, found = read(b"data: " + data.replace(b"\n", b"").replace(b"\r", b"") + b"\n\n")
    assert found == []
    assert reader.usage is None


SOUP = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3)
    | st.dictionaries(
        st.sampled_from(
            [*("type", "index", "delta", "message", "usage", "content_block", "text", "stop_reason"),
             *("content", "input", "id", "name", "partial_json", "input_tokens", "stop_details", "error")]
        ),
        inner | st.sampled_from(
            ["message_start", "content_block_start", "content_block_delta", "message_delta", "tool_use",
             "text", "text_delta", "input_json_delta", "thinking", "refusal", "error"]
        ),
        max_size=6,
    ),
    max_leaves=12,
)  # fmt: skip


@given(st.lists(SOUP, max_size=6))
def test_events_of_any_shape_never_crash_it(soup):
    reader, found = read(b"".join(b"data: " + json.dumps(one).encode() + b"\n\n" for one in soup))
    assert all(isinstance(event, Event) for event in found)
    read_usage(reader.usage, BOUNDS)
    read_whole(json.dumps({"content": soup}).encode())


@pytest.mark.parametrize(
    ("reason", "told"),
    [
        ("end_turn", "stop"),
        ("stop_sequence", "stop"),
        ("pause_turn", "stop"),
        ("max_tokens", "length"),
        ("model_context_window_exceeded", "length"),
        ("tool_use", "tool_calls"),
        ("refusal", "content_filter"),
        ("something_new", "stop"),
        (None, ""),
        (7, ""),
    ],
)
def test_finish_reasons(reason: Any, told: str):
    assert finish(reason) == told
    reader, _ = read(events({"type": "message_delta", "delta": {"stop_reason": reason}}))
    assert reader.finish_reason == told


def test_a_stop_reason_is_an_end_without_message_stop():
    reader, _ = read(streamed(Plan(), stops=False))
    assert reader.complete
    assert not reader.done


def test_nothing_counts_after_message_stop():
    reader, found = read(streamed(Plan(text="bor")) + streamed(Plan(text="yoʻq")))
    assert joined(found, Text) == "bor"
    assert reader.complete


def test_an_error_event_ends_it():
    error = {"type": "overloaded_error", "message": "Overloaded"}
    reader, _ = read(events({"type": "ping"}, {"type": "error", "error": error}, {"type": "message_stop"}))
    assert (reader.error, reader.complete, reader.events) == (error, False, 0)


def test_pings_comments_padding_and_a_stray_done_say_nothing():
    data = b': hi\n\nevent: ping\ndata: {"type":"ping"}   \n\ndata: [DONE]\n\n' + streamed(Plan(text="bor"))
    reader, found = read(data.replace(b"\n", b"\r\n"))
    assert joined(found, Text) == "bor"
    assert reader.complete


def test_a_thought_that_is_not_shown_begins_the_answer_all_the_same():
    """It may last for a minute; who waited for its first word would ask another endpoint meanwhile."""
    for kind in ("thinking", "redacted_thinking"):
        start = {"type": "content_block_start", "index": 0, "content_block": {"type": kind, "thinking": ""}}
        stream = Translated(Reader(), chat_writer.Writer("m", wants_usage=False))
        assert stream.feed(events({"type": "message_start", "message": {}})) == b""
        assert not stream.begun
        assert b'"role":"assistant"' in stream.feed(events(start))
        assert stream.begun
        assert not stream.said


def test_arguments_that_came_with_the_beginning_of_a_call_are_kept():
    start = {"type": "tool_use", "id": "t", "name": "f", "input": {"city": "Buxoro"}}
    _, found = read(
        events(
            {"type": "content_block_start", "index": 0, "content_block": start},
            {"type": "content_block_stop", "index": 0},
            {"type": "content_block_start", "index": 1, "content_block": start | {"input": {}}},
            {"type": "content_block_stop", "index": 1},
        )
    )
    assert [event.text for event in found if isinstance(event, Arguments)] == ['{"city":"Buxoro"}', "{}"]
    assert [event.place for event in found if isinstance(event, ToolCall)] == [0, 1]


def test_input_nested_too_deep_to_be_written_breaks_the_answer():
    deep = b'{"a":' * 400 + b"1" + b"}" * 400
    block = b'{"type":"tool_use","id":"t","name":"f","input":' + deep + b"}"
    assert read_whole(b'{"type":"message","content":[' + block + b"]}") is None
    reader, _ = read(
        b'data: {"type":"content_block_start","index":0,"content_block":' + block + b"}\n\n"
        b'data: {"type":"content_block_stop","index":0}\n\n'
    )
    assert reader.broken


HONEST = {
    "input_tokens": 10,
    "cache_read_input_tokens": 20,
    "cache_creation_input_tokens": 8,
    "cache_creation": {"ephemeral_5m_input_tokens": 5, "ephemeral_1h_input_tokens": 3},
    "output_tokens": 9,
    "output_tokens_details": {"thinking_tokens": 4},
}


def test_the_prompt_is_what_was_fresh_read_and_written():
    usage = Usage(input=38, cached=20, cache_write=5, cache_write_1h=3, output=9, reasoning=4)
    assert read_usage(HONEST, BOUNDS) == usage
    untold = {name: HONEST[name] for name in ("input_tokens", "output_tokens")}
    assert read_usage(untold, BOUNDS) == Usage(input=10, output=9)


@pytest.mark.parametrize("name", ["input_tokens", "output_tokens", "cache_read_input_tokens"])
@pytest.mark.parametrize("lie", [lie for name, lie in LIES.items() if name not in ("null", "zero")])
def test_what_cannot_be_true_is_no_report(name: str, lie: Any):
    assert read_usage(HONEST | {name: lie}, BOUNDS) is None


@pytest.mark.parametrize("reported", [None, [], "12", {}, {"output_tokens": 5}, {"input_tokens": None}])
def test_what_tells_no_input_is_no_report(reported: Any):
    assert read_usage(reported, BOUNDS) is None


def test_deltas_are_totals():
    seed = seed_usage(HONEST | {"output_tokens": 1})
    assert "output_tokens" not in seed
    told = merge_usage(merge_usage(seed, {"output_tokens": 3}), {"output_tokens": 9})
    assert read_usage(told, BOUNDS) == read_usage(HONEST, BOUNDS)


@pytest.mark.parametrize(
    ("seed", "delta", "expected"),
    [
        # The prompt is told at the end alone, or anew, or as zeros once it was told.
        ({"input_tokens": 0}, {"input_tokens": 30, "output_tokens": 2}, (30, 0)),
        (
            {"input_tokens": 30},
            {"input_tokens": 10, "cache_read_input_tokens": 20, "output_tokens": 2},
            (30, 20),
        ),
        ({"input_tokens": 30}, {"input_tokens": 0, "output_tokens": 2}, (30, 0)),
        ({"input_tokens": 30}, {"input_tokens": None, "output_tokens": 2}, (30, 0)),
        (None, {"input_tokens": 30, "output_tokens": 2}, (30, 0)),
    ],
)
def test_where_the_prompt_is_told(seed: Any, delta: Any, expected: tuple[int, int]):
    usage = read_usage(merge_usage(seed, delta), BOUNDS)
    assert usage is not None
    assert (usage.input, usage.cached) == expected
    assert (usage.output, usage.estimated) == (2, False)


def test_refusals_in_words():
    error = FAR.refusal(400, orjson.dumps({"error": {"message": "prompt is too long: 9 tokens > 8 maximum"}}))
    assert error is not None
    assert error.code == "context_length_exceeded"
    other = FAR.refusal(400, b'{"type":"error","error":{"type":"invalid_request_error","message":"no"}}')
    assert other is not None
    assert (other.status, other.message) == (400, "no")
