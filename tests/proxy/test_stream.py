"""Server-sent events as bytes, and the openai dialect on its way to the caller."""

import orjson
from hypothesis import given
from hypothesis import strategies as st

from proxy.bridge import Bounds
from proxy.dialects import openai, sse
from proxy.meter import Usage


def event(**chunk):
    return b"data: " + orjson.dumps(chunk) + b"\n\n"


def delta(text, **more):
    return {
        "id": "c1",
        "model": "up",
        "choices": [{"index": 0, "delta": {"content": text}, "finish_reason": None}],
    } | more


def stream(*, wants_usage=False):
    return openai.Stream(b'"GPT 4o"', wants_usage)


@given(
    st.lists(
        st.text(st.characters(codec="utf-8", exclude_characters="\r\n"), min_size=1), min_size=1, max_size=5
    ),
    st.sampled_from(["\n", "\r\n"]),
    st.data(),
)
def test_events_are_whole_wherever_the_bytes_are_cut(texts, eol, data):
    raw = "".join(f"data: {text}{eol}{eol}" for text in texts).encode()
    splitter, events, at = sse.Splitter(), [], 0
    while at < len(raw):
        step = data.draw(st.integers(1, len(raw) - at))
        events += splitter.feed(raw[at : at + step])
        at += step
    assert [sse.payload(one).decode() for one in events] == texts
    assert splitter.rest == b""


def test_content_passes_untouched_under_the_callers_model_name():
    one = stream()
    raw = event(**delta('say "model":"up" twice')).replace(b'"id"', b' "id" ')
    assert one.feed(raw) == raw.replace(b'"model":"up"', b'"model":"GPT 4o"', 1)
    assert one.said == 1


def test_usage_is_stripped_for_those_who_did_not_ask():
    one = stream()
    out = one.feed(event(**delta("a", usage=None)))
    assert b"usage" not in out
    assert (
        one.feed(event(id="c1", model="up", choices=[], usage={"prompt_tokens": 1, "completion_tokens": 2}))
        == b""
    )
    assert one.feed(b"data: [DONE]\n\n") == b""
    assert one.complete
    assert one.usage == {"prompt_tokens": 1, "completion_tokens": 2}


def test_usage_waits_for_the_end_for_those_who_asked():
    one = stream(wants_usage=True)
    assert b'"usage":null' in one.feed(event(**delta("a", usage=None)))
    one.feed(event(id="c1", model="up", choices=[], usage={"prompt_tokens": 1, "completion_tokens": 2}))
    last = orjson.loads(sse.payload(one.last_chunk(Usage(1, output=2), {"cost_uzs": "0.5"})))
    assert last["usage"] == {"prompt_tokens": 1, "completion_tokens": 2}
    assert last["model"] == "GPT 4o"
    assert last["cloudapi"] == {"cost_uzs": "0.5"}


def test_usage_inside_the_last_content_chunk_is_taken_out_and_told_at_the_end():
    one = stream(wants_usage=True)
    out = one.feed(
        event(**delta("a", usage={"prompt_tokens": 3, "completion_tokens": 1}, created=5, object="o"))
    )
    assert orjson.loads(sse.payload(out))["usage"] is None
    last = orjson.loads(sse.payload(one.last_chunk(Usage(3, output=1), {})))
    assert last["usage"]["total_tokens"] == 4
    assert last["id"] == "c1"


def test_an_error_event_a_broken_line_and_a_missing_end():
    failed = stream()
    failed.feed(event(**delta("a")) + event(error={"message": "boom"}) + event(**delta("b")))
    assert failed.over and not failed.complete and failed.text_bytes == 1
    broken = stream()
    broken.feed(b"data: {nonsense\n\n")
    assert broken.broken
    ended = stream()
    ended.feed(event(id="c", model="up", choices=[{"index": 0, "delta": {}, "finish_reason": "stop"}]))
    assert ended.complete and not ended.done


def test_comments_are_swallowed():
    assert stream().feed(b": OPENROUTER PROCESSING\n\n") == b""


def test_a_huge_line_is_cut_off():
    splitter = sse.Splitter()
    try:
        splitter.feed(b"data: " + b"x" * (sse.EVENT_MAX + 1))
    except sse.EventTooLarge:
        return
    raise AssertionError("no limit")


BOUNDS = Bounds(input=1000, output=100)


def test_a_usage_that_can_not_be_true_is_none():
    good = {"prompt_tokens": 10, "completion_tokens": 5}
    assert openai.read_usage(good, BOUNDS) == Usage(10, output=5)
    for lie in (-1, 10**12, "12", None, True, 1.5):
        assert openai.read_usage(good | {"completion_tokens": lie}, BOUNDS) is None
    assert openai.read_usage(None, BOUNDS) is None
    assert openai.read_usage([], BOUNDS) is None


def test_parts_never_exceed_their_total():
    reported = {
        "prompt_tokens": 10,
        "completion_tokens": 5,
        "prompt_tokens_details": {"cached_tokens": 99, "cache_write_tokens": 99},
        "completion_tokens_details": {"reasoning_tokens": 99},
    }
    assert openai.read_usage(reported, BOUNDS) == Usage(10, 10, output=5, reasoning=5)


def test_a_whole_answer_keeps_its_bytes_but_for_the_name():
    choice = b'{"message":{"content":"hi"},"finish_reason":"stop"}'
    raw = b'{"id":"x", "model" : "up","choices":[' + choice + b'],"usage":{}}'
    answer = openai.read_answer(raw, b'"a/b"')
    assert answer is not None
    assert answer.data == raw.replace(b'"model" : "up"', b'"model":"a/b"')
    assert (answer.finish_reason, answer.text) == ("stop", b"hi")
    assert openai.read_answer(b"<html>", b'""') is None
    assert openai.read_answer(b"[]", b'""') is None
