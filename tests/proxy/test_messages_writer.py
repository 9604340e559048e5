"""Answers as the Messages API gives them: any order of events becomes a stream that clients take."""

from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.dialects import messages_request, sse
from proxy.dialects.events import Arguments, Event, Refusal, Said, Text, Thought, ToolCall
from proxy.dialects.messages_turns import CALL_SEAL, SEAL
from proxy.dialects.messages_writer import NEAR
from proxy.errors import ApiError
from proxy.meter import Usage
from tests.messages import accumulated

CALL = messages_request.parse(b'{"model":"m","messages":[{"role":"user","content":"x"}]}', {})
USAGE = Usage(input=100, cached=30, cache_write=20, cache_write_1h=10, output=7, reasoning=3)
REQUIRED = {
    *("id", "type", "role", "content", "model", "stop_reason", "stop_sequence", "stop_details", "usage"),
    "container",
}


def written(events: list[Event], finish: str = "stop") -> list[dict[str, Any]]:
    """The payloads of a whole stream; each event is checked to have its name."""
    writer = NEAR.writer(CALL, "m")
    data = b"".join(writer.write([event]) for event in events) + writer.end(finish, USAGE, {})
    payloads = []
    for event in sse.Splitter().feed(data):
        payloads.append(orjson.loads(sse.payload(event)))
        assert event.startswith(b"event: " + payloads[-1]["type"].encode() + b"\n")
    return payloads


def content(events: list[Event], finish: str = "stop") -> list[dict[str, Any]]:
    return accumulated(written(events, finish))


def whole(events: list[Event], finish: str = "stop") -> dict[str, Any]:
    found: dict[str, Any] = orjson.loads(NEAR.whole(CALL, Said(tuple(events), None, finish), "m", USAGE))
    return found


def call(place: int, *pieces: str, signature: str = "") -> list[Event]:
    begun = ToolCall(place, f"call_{place}", f"f{place}", signature)
    return [begun, *(Arguments(place, piece) for piece in pieces)]


def tool(place: int, **given: Any) -> dict[str, Any]:
    base = {"type": "tool_use", "id": f"call_{place}", "name": f"f{place}", "caller": {"type": "direct"}}
    return base | {"input": given}


# --- Order


def test_text():
    assert content([Text("a"), Text("b")]) == [{"type": "text", "text": "ab"}]


def test_thinking_has_a_block_of_its_own_before_the_text():
    """litellm #32357: thinking inside a text block, and a second message_start."""
    payloads = written([Thought("hm"), Text("a")])
    assert [block["type"] for block in accumulated(payloads)] == ["thinking", "text"]
    assert [payload["type"] for payload in payloads].count("message_start") == 1


def test_a_block_is_begun_before_its_first_piece():
    """litellm #13373: "Content block not found"."""
    assert [payload["type"] for payload in written([Text("a")])][1:3] == [
        "content_block_start",
        "content_block_delta",
    ]


def test_arguments_arrive():
    """litellm #25321 and #29491: `input: {}`."""
    assert content([Text("Let me see."), *call(0, '{"ci', 'ty":"Xiva"}')])[1] == tool(0, city="Xiva")


def test_parallel_calls_have_indexes_of_their_own():
    """litellm #15307, ccNexus #89."""
    assert content([*call(0, '{"a":1}'), *call(1, '{"b":2}')]) == [tool(0, a=1), tool(1, b=2)]


def test_interleaved_calls_wait_for_each_other():
    first, second = call(0, '{"a"', ":1}"), call(1, '{"b"', ":2}")
    mixed = [event for pair in zip(first, second, strict=True) for event in pair]
    assert content(mixed) == [tool(0, a=1), tool(1, b=2)]


def test_a_second_call_streams_as_soon_as_the_first_is_whole():
    writer = NEAR.writer(CALL, "m")
    writer.write(call(0, '{"a":1}'))
    assert b"partial_json" in writer.write(call(1, '{"b"'))


def test_a_call_without_arguments():
    assert content(call(0)) == [tool(0)]
    assert content([*call(0), *call(1, "{}")]) == [tool(0), tool(1)]


def test_an_id_is_used_once_in_a_conversation():
    """Claude Code takes the second call of an id for one that was interrupted; some servers begin anew."""
    earlier = [{"type": "tool_use", "id": "call_0", "name": "f0", "input": {}}]
    history = [{"role": "user", "content": "x"}, {"role": "assistant", "content": earlier}]
    again = messages_request.parse(orjson.dumps({"model": "m", "messages": history}), {})
    said = Said((*call(0, "{}"), *call(1, "{}")), None, "tool_calls")
    ids = [block["id"] for block in orjson.loads(NEAR.whole(again, said, "m", USAGE))["content"]]
    assert ids[0].startswith("toolu_")
    assert ids[1] == "call_1"


def test_text_behind_a_call_is_another_block():
    assert [block["type"] for block in content([*call(0, "{}"), Text("a")])] == ["tool_use", "text"]


def test_another_vendors_seals_travel_in_thinking():
    """litellm #25322. Clients keep thinking as it is, and drop fields that they don't know."""
    seal, block = content(call(0, "{}", signature="gem"))
    assert seal == {"type": "thinking", "thinking": "", "signature": CALL_SEAL + "gem"}
    assert block == tool(0)
    assert content([Thought("hm", "sig")])[0]["signature"] == SEAL + "sig"


def test_an_answer_without_anything_still_ends():
    payloads = written([])
    assert [payload["type"] for payload in payloads] == ["message_start", "message_delta", "message_stop"]


# --- The end


@pytest.mark.parametrize(
    ("finish", "reason"),
    [("stop", "end_turn"), ("length", "max_tokens"), ("content_filter", "refusal"), ("", "end_turn")],
)
def test_stop_reasons(finish: str, reason: str):
    """claude-code #16785: a stop_reason of null."""
    assert written([Text("a")], finish)[-2]["delta"]["stop_reason"] == reason
    assert whole([Text("a")], finish)["stop_reason"] == reason


@pytest.mark.parametrize("finish", ["tool_calls", "stop"])
def test_a_call_stops_for_its_result(finish: str):
    assert written(call(0, "{}"), finish)[-2]["delta"]["stop_reason"] == "tool_use"
    assert written([Text("a")], "tool_calls")[-2]["delta"]["stop_reason"] == "end_turn"


def test_usage_is_anthropics():
    """litellm #24176: missing fields. Input tokens are without those of the cache."""
    usage = written([Text("a")])[-2]["usage"]
    assert usage == whole([Text("a")])["usage"]
    assert usage["input_tokens"] == 40
    assert usage["cache_read_input_tokens"] == 30
    assert usage["cache_creation_input_tokens"] == 30
    assert usage["cache_creation"] == {"ephemeral_5m_input_tokens": 20, "ephemeral_1h_input_tokens": 10}
    assert usage["output_tokens"] == 7
    assert usage["output_tokens_details"] == {"thinking_tokens": 3}


def test_every_required_field_is_there():
    assert set(whole([Text("a")])) == REQUIRED
    assert set(written([Text("a")])[0]["message"]) == REQUIRED
    refused = whole([Refusal("no")], "content_filter")
    assert refused["stop_details"]["type"] == "refusal"


def test_arguments_that_were_cut_are_no_crash():
    assert whole(call(0, '{"a":'), "length")["content"] == [tool(0)]
    assert whole(call(0, "[1]"))["content"] == [tool(0)]


def test_a_broken_stream_ends_in_an_error():
    """Never as if it had come to its own end; what is open stays open: nobody acts on half a call."""
    writer = NEAR.writer(CALL, "m")
    writer.write([Text("a")])
    last = writer.failed(ApiError(502, "upstream_error", "cut"), "req_1")
    assert last.startswith(b"event: error\ndata: ")
    error = orjson.loads(sse.payload(last))
    assert (error["type"], error["error"]["type"]) == ("error", "api_error")


# --- Any order


@st.composite
def answers(draw: st.DrawFn) -> tuple[list[Event], list[dict[str, Any]]]:
    """Events as upstreams may send them, with tool calls interleaved, and the inputs of these calls."""
    inputs = draw(st.lists(st.dictionaries(st.text(max_size=3), st.integers(-9, 9), max_size=3), max_size=4))
    words = st.builds(Text, st.text(min_size=1)) | st.builds(Thought, st.text(min_size=1))
    events: list[Event] = draw(st.lists(words | st.builds(Refusal, st.text(min_size=1)), max_size=6))
    queues: list[list[Event]] = []
    for place, given_input in enumerate(inputs):
        text = orjson.dumps(given_input).decode()
        cut = draw(st.integers(0, len(text)))
        queues.append([*call(place, *filter(None, (text[:cut], text[cut:])))])
    begun = 0
    while any(queues):  # calls begin in their order, their pieces come in any
        ready = [n for n, queue in enumerate(queues) if queue and n <= begun]
        chosen = draw(st.sampled_from(ready))
        begun = max(begun, chosen + 1)
        events.append(queues[chosen].pop(0))
    return events, inputs


@given(answers())
def test_any_order_becomes_a_stream_that_strict_clients_take(
    answer: tuple[list[Event], list[dict[str, Any]]],
):
    events, inputs = answer
    found = content(events)
    assert [block["input"] for block in found if block["type"] == "tool_use"] == inputs
    for kind, types in (("text", (Text, Refusal)), ("thinking", (Thought,))):
        said = "".join(event.text for event in events if isinstance(event, types))
        assert "".join(block.get(kind, "") for block in found if block["type"] == kind) == said
    assert whole(events)["content"] == found
