"""What an upstream may send that no provider should: it must neither break a call nor reach the books."""

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.dialects import openai, sse

DEEP = b"[" * 400 + b"]" * 400  # orjson reads 1,024 levels and writes 254


def event(*, delta: bytes = b'{"content":"a"}', more: bytes = b"") -> bytes:
    choice = b'{"index":0,"delta":%b,"finish_reason":null}' % delta
    return b'data: {"id":"c","model":"up","choices":[%b]%b}\n\n' % (choice, more)


def stream() -> openai.Stream:
    return openai.Stream(b'"m"', wants_usage=True)


@pytest.mark.parametrize(
    "raw",
    [
        event(delta=b'{"tool_calls":%b}' % DEEP),
        event(delta=b"{}", more=b',"usage":{},"x":' + DEEP),
        event(delta=b'{"content":"\xff"}'),
        b"data: [1]\n\n",
        b"data: [DONE\n\n",
    ],
    ids=["deep-calls", "deep-chunk", "bad-utf8", "no-object", "half-done"],
)
def test_a_broken_event_ends_the_stream_and_nothing_else(raw: bytes):
    one = stream()
    one.feed(event())
    one.feed(raw + event())
    assert one.broken and one.over and not one.complete
    assert one.text_bytes == 1


def test_the_last_chunk_can_always_be_written():
    """Its head is the upstream's first; an exception here would leave the caller without an end."""
    one = stream()
    one.feed(b'data: {"id":%b,"object":{"a":1},"created":1e3,"choices":[]}\n\n' % DEEP)
    assert b'"choices":[]' in one.last_chunk(openai.Usage(1, output=1), {})


@pytest.mark.parametrize("reason", [b'"a\\u0000b"', DEEP, b"7", b'{"a":1}', b"true"])
def test_a_finish_reason_is_a_word_without_nul(reason: bytes):
    """PostgreSQL takes no NUL in a text: the whole charge would end up in quarantine."""
    one = stream()
    one.feed(b'data: {"choices":[{"delta":{"content":"a"},"finish_reason":%b}]}\n\n' % reason)
    assert one.finish_reason == ("ab" if reason.startswith(b'"') else "")
    answer = openai.read_answer(b'{"choices":[{"finish_reason":%b}]}' % reason, b'"m"')
    assert answer is not None
    assert answer.finish_reason == one.finish_reason


@pytest.mark.parametrize("body", [b'{"choices":[]}', b'{"choices":{}}', b'{"error":{}}', b"\xef\xbb\xbf{}"])
def test_an_answer_without_choices_is_none(body: bytes):
    assert openai.read_answer(body, b'"m"') is None


def test_a_deep_answer_is_none():
    assert openai.read_answer(b'{"choices":[{"message":{"tool_calls":%b}}]}' % DEEP, b'"m"') is None


def test_a_byte_order_mark_hides_nothing():
    one = stream()
    for byte in b"\xef\xbb\xbf" + event():
        one.feed(bytes([byte]))
    assert one.said == 1


LINE_ENDS = st.sampled_from([b"\n", b"\r\n", b"\r"])


@given(
    st.lists(
        st.tuples(st.text(st.characters(codec="utf-8", exclude_characters="\r\n"), min_size=1), LINE_ENDS)
    ),
    LINE_ENDS,
    st.data(),
)
def test_line_ends_may_be_mixed_and_cut_anywhere(texts, blank, data):
    """Only an LF after a CR would be one line end with it, so such a pair ends nothing by itself."""
    raw, expected = b"", []
    for text, eol in texts:
        end = b"\r\n" if eol + blank == b"\r\n" else eol + blank
        if end == b"\r\n":
            continue
        raw += b"data: " + text.encode() + end
        expected.append(text.encode())
    splitter, events, at = sse.Splitter(), [], 0
    while at < len(raw):
        step = data.draw(st.integers(1, len(raw) - at))
        events += splitter.feed(raw[at : at + step])
        at += step
    found = [payload for one in events if (payload := sse.payload(one))]
    assert found == expected
    assert splitter.rest == b""


def test_a_line_that_comes_byte_by_byte_is_searched_once():
    splitter = sse.Splitter()
    splitter.feed(b"data: ")
    with pytest.raises(sse.EventTooLarge):
        for _ in range(sse.EVENT_MAX + 1):
            splitter.feed(b"x")


def test_a_usage_in_several_lines_leaves_in_one():
    """Its line ends would end the event of the caller."""
    one = stream()
    one.feed(b'data: {"choices":[],\ndata: "usage":{"prompt_tokens":1,"completion_tokens":2}}\n\n')
    last = one.last_chunk(openai.Usage(1, output=2), {"cost_uzs": "1"})
    assert last.count(b"\n") == 2
    assert orjson.loads(sse.payload(last))["cloudapi"] == {"cost_uzs": "1"}


def test_a_usage_that_can_not_be_true_is_not_passed_on():
    one = stream()
    one.feed(event() + b'data: {"choices":[],"usage":{"prompt_tokens":-1,"completion_tokens":99}}\n\n')
    last = orjson.loads(sse.payload(one.last_chunk(openai.Usage(7, output=3, estimated=True), {})))
    assert (last["usage"]["prompt_tokens"], last["usage"]["completion_tokens"]) == (7, 3)


@pytest.mark.parametrize("choices", [b'["x"]', b"[null]", b'[{"delta":[]}]', b"{}", b"7"])
def test_odd_choices_are_nobodys_exception(choices: bytes):
    one = stream()
    one.feed(event() + b'data: {"choices":%b}\n\n' % choices + event())
    assert one.events == 3 and not one.broken


def test_a_model_outside_the_data_is_nobodys():
    one = stream()
    out = one.feed(
        b'event: {"model":"x"}\ndata: {"model":"up",\ndata: "choices":[{"delta":{"content":"a"}}]}\n\n'
    )
    assert out == b'data: {"model":"m", "choices":[{"delta":{"content":"a"}}]}\n\n'
