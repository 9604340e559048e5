"""The Messages API on both sides: bytes pass as they are, and the end waits for the charge."""

from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.bridge import Bounds
from proxy.dialects import anthropic, messages_request
from proxy.dialects.anthropic_usage import finish
from proxy.errors import ApiError
from proxy.meter import Usage

BOUNDS = Bounds(10_000, 1_000)
MODEL = b'"test/claude"'


def event(kind: str, **fields: Any) -> bytes:
    return b"event: %s\ndata: %s\n\n" % (kind.encode(), orjson.dumps({"type": kind} | fields))


def start(model: str = "claude-one", **more: Any) -> bytes:
    usage = {"input_tokens": 9, "cache_read_input_tokens": 5, "output_tokens": 1} | more
    base = {"id": "msg_1", "type": "message", "role": "assistant", "model": model}
    return event("message_start", message=base | {"content": [], "usage": usage})


def block(index: int, **delta: Any) -> list[bytes]:
    return [
        event("content_block_start", index=index, content_block={"type": "text", "text": ""}),
        event("content_block_delta", index=index, delta=delta),
        event("content_block_stop", index=index),
    ]  # fmt: skip


PING = b'event: ping\ndata: {"type": "ping"}\n\n'
END = event(
    "message_delta", delta={"stop_reason": "end_turn", "stop_sequence": None}, usage={"output_tokens": 4}
)
STOP = event("message_stop")
BODY = [
    PING,
    *block(0, type="thinking_delta", thinking="hm"),
    *block(1, type="text_delta", text='Salom "model": "x" ўз 🙂'),
    event("content_block_delta", index=2, delta={"type": "input_json_delta", "partial_json": '{"model":1}'}),
    event("content_block_delta", index=2, delta={"type": "hologram_delta", "depth": 3}),
]
WHOLE = b"".join([start(), *BODY, END, STOP])


def passed(data: bytes, *cuts: int) -> tuple[bytes, anthropic.Stream]:
    """What leaves before the end."""
    stream = anthropic.Stream(MODEL)
    places = [0, *sorted(cuts), len(data)]
    return b"".join(stream.feed(data[a:b]) for a, b in zip(places, places[1:], strict=False)), stream


@given(st.lists(st.integers(0, len(WHOLE)), max_size=6))
def test_bytes_pass_as_they_are_however_they_were_cut(cuts: list[int]):
    out, stream = passed(WHOLE, *cuts)
    assert out == start("test/claude") + b"".join(BODY)
    assert stream.complete
    assert out + stream.end(Usage(), {}) == start("test/claude") + b"".join([*BODY, END, STOP])
    assert (stream.said, stream.finish_reason) == (3, "stop")
    assert anthropic.read_usage(stream.usage, BOUNDS) == Usage(input=14, cached=5, output=4)


def test_nothing_leaves_before_the_first_block():
    """An upstream that is overloaded right behind its first event can still be replaced by another."""
    out, stream = passed(start() + PING)
    assert (out, stream.begun) == (b"", False)
    error = event("error", error={"type": "overloaded_error", "message": "Overloaded"})
    assert stream.feed(error) == b""
    assert stream.over
    assert not stream.complete


def test_an_error_keeps_the_upstreams_kind():
    _, stream = passed(start() + b"".join(block(0)) + event("error", error={"type": "overloaded_error"}))
    last = stream.failed(ApiError(502, "upstream_error", "broke"), "req_1")
    assert last.startswith(b"event: error\ndata: ")
    assert orjson.loads(last.split(b"data: ")[1])["error"]["type"] == "overloaded_error"


def test_of_a_stream_that_is_cut_only_the_prompt_is_known():
    """message_start's one output token is no count."""
    _, stream = passed(start() + b"".join(BODY))
    assert not stream.complete
    assert anthropic.read_usage(stream.usage, BOUNDS) == Usage(input=14, cached=5, estimated=True)
    assert stream.text_bytes > 0


def test_a_stop_reason_is_an_end_too():
    out, stream = passed(start() + b"".join(BODY) + END)
    assert stream.complete
    assert (out + stream.end(Usage(), {})).endswith(END + anthropic.MESSAGE_STOP)


def test_a_report_that_cannot_be_true_isnt_passed_on():
    _, stream = passed(start(input_tokens=-5) + b"".join(BODY) + END + STOP)
    assert anthropic.read_usage(stream.usage, BOUNDS) is None
    told = stream.end(Usage(input=7, output=3, estimated=True), {})
    usage = orjson.loads(told.split(b"data: ")[1].split(b"\n")[0])["usage"]
    assert (usage["input_tokens"], usage["output_tokens"]) == (7, 3)


def test_events_without_names_get_them():
    nameless = [piece.partition(b"\n")[2] for piece in [start(), *block(0), END, STOP]]
    out, stream = passed(b"".join(nameless))
    assert out + stream.end(Usage(), {}) == b"".join([start("test/claude"), *block(0), END, STOP])


@pytest.mark.parametrize("data", [b"data: {oops\n\n", b"data: []\n\n", b"data: \xff\n\n"])
def test_what_is_no_event_breaks_the_stream(data: bytes):
    _, stream = passed(start() + data + END + STOP)
    assert stream.broken
    assert not stream.complete


# --- Requests and whole answers


def call(**fields: Any):
    body = {"model": "m", "max_tokens": 99, "messages": [{"role": "user", "content": "x"}]} | fields
    return messages_request.parse(orjson.dumps(body), {})


def test_only_model_and_bound_change_on_the_way_out():
    fields = {"zeta": [1, {"deep": None}], "temperature": 0, "stream": True, "system": "\0", "top_k": 3}
    asked = call(**fields)
    sent = anthropic.build(asked, "upstream", 50)
    assert sent == {**asked.body, "model": "upstream", "max_tokens": 50}
    assert list(sent) == list(asked.body)


def test_thinking_of_others_is_left_out():
    """Anthropic answers 400 to thinking that it has not signed, as after a change of the model."""
    foreign = [{"type": "thinking", "thinking": "", "signature": sign} for sign in ("", "cloudapi:call:x")]
    own = {"type": "thinking", "thinking": "hm", "signature": "EqQB"}
    text = {"type": "text", "text": "a"}
    messages = [{"role": "user", "content": "x"}, {"role": "assistant", "content": [*foreign, own, text]}]
    assert anthropic.build(call(messages=messages), "m", 9)["messages"][1]["content"] == [own, text]


@pytest.mark.parametrize(
    ("budget", "bound", "expected"),
    [
        (2000, 4096, {"type": "enabled", "budget_tokens": 2000}),
        (31_999, 4096, {"type": "enabled", "budget_tokens": 4095}),
        (31_999, 1000, {"type": "disabled"}),
    ],
)
def test_thinking_fits_under_a_lowered_bound(budget: int, bound: int, expected: dict[str, Any]):
    asked = call(thinking={"type": "enabled", "budget_tokens": budget})
    assert anthropic.build(asked, "m", bound)["thinking"] == expected


def test_a_whole_answer_keeps_its_bytes():
    data = b'{ "type":"message", "model" : "claude-one", "content":[{"type":"text","text":"a"}], "x": 1.50 }'
    answer = anthropic.read_answer(data, MODEL)
    assert answer is not None
    assert answer.data == data.replace(b'"model" : "claude-one"', b'"model":"test/claude"')


def test_a_tools_model_is_not_the_messages():
    use = {"type": "tool_use", "id": "a", "name": "f", "input": {"model": "mine"}}
    data = orjson.dumps(
        {"type": "message", "content": [use], "model": "claude-one", "stop_reason": "tool_use"}
    )
    answer = anthropic.read_answer(data, MODEL)
    assert answer is not None
    told = orjson.loads(answer.data)
    assert (told["model"], told["content"]) == ("test/claude", [use])
    assert answer.finish_reason == "tool_calls"


@pytest.mark.parametrize("data", [b"", b"[]", b'{"type":"error","content":[]}', b'{"choices":[]}', b"<html>"])
def test_what_is_no_message_is_no_answer(data: bytes):
    assert anthropic.read_answer(data, MODEL) is None


def test_an_empty_account_of_ours_is_not_the_callers_fault():
    words = b'{"error":{"message":"Your credit balance is too low to access the Anthropic API."}}'
    assert anthropic.refusal(400, words) is None
    assert anthropic.refusal(400, b"{}") is not None


def test_stop_reasons_in_openais_words():
    reasons = ("end_turn", "max_tokens", "tool_use", "refusal", None)
    assert [finish(reason) for reason in reasons] == ["stop", "length", "tool_calls", "content_filter", ""]
