"""Sound and transcripts on their way, wherever TCP cuts them: the end stays here until the charge is made."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.bridge import Reply
from proxy.dialects import form, transcriptions
from proxy.dialects.octets import KEPT_BYTES, Octets
from proxy.dialects.told_events import ToldEvents
from proxy.errors import ApiError
from proxy.meter import Usage
from tests.upstream.voice import tone

EVENTS = [{"type": "transcript.text.delta", "delta": word} for word in ("salom ", "дўст ", "🙂")]
DONE = {"type": "transcript.text.done", "text": "salom дўст 🙂", "usage": {"type": "duration", "seconds": 3}}
BROKEN = ApiError(502, "upstream_error", "broke")


def cut(data: bytes, places: list[int]) -> list[bytes]:
    """The bytes in pieces; no piece is empty."""
    ends = sorted({place % (len(data) + 1) for place in places} | {0, len(data)})
    return [data[start:end] for start, end in zip(ends, ends[1:], strict=False)]


@given(st.integers(0, 3 * KEPT_BYTES), st.lists(st.integers(0, 10**9), max_size=12))
def test_bytes_leave_as_they_came_but_for_the_last_64_kb(size: int, places: list[int]):
    data = bytes(index % 251 for index in range(size))
    stream = Octets(b"audio/mpeg")
    out = b"".join(stream.feed(piece) for piece in cut(data, places))
    assert out == data[: max(0, size - KEPT_BYTES)]
    assert (stream.text_bytes, stream.begun, stream.complete) == (len(out), bool(out), False)
    assert stream.feed(b"") == b""
    assert stream.complete is stream.over is (size > 0)
    assert out + stream.end(Usage(), {}) == data


@pytest.mark.parametrize("kind", [b"", b"text/html", b"application/json", b"image/png"])
def test_what_is_no_sound_is_none(kind: bytes):
    stream = Octets(kind)
    assert stream.over
    stream.feed(b"x")
    stream.feed(b"")
    assert not stream.complete


def test_a_sound_that_broke_has_no_end():
    assert Octets(b"audio/wav").failed(BROKEN, "r") == b""


def as_events(*told: object) -> bytes:
    return b"".join(b"data: " + json.dumps(event, ensure_ascii=False).encode() + b"\n\n" for event in told)


@given(st.lists(st.integers(0, 10**9), max_size=12))
def test_events_pass_untouched_up_to_the_last_one(places: list[int]):
    raw = as_events(*EVENTS, DONE)
    stream = ToldEvents("transcript.text.done")
    out = b"".join(stream.feed(piece) for piece in cut(raw, places))
    assert out == as_events(*EVENTS)
    assert stream.complete and stream.usage == DONE["usage"]
    assert stream.end(Usage(second=3), {}) == as_events(DONE)
    assert stream.text.decode() == "salom дўст 🙂"


@pytest.mark.parametrize(
    "ending",
    [
        b"",
        b"data: [DONE]\n\n",
        b"data: {oops\n\n",
        b"data: []\n\n",
        as_events({"error": {"message": "no"}}),
        as_events({"type": "error", "message": "no"}),
    ],
)
def test_events_without_their_last_one_are_not_complete(ending: bytes):
    stream = ToldEvents("transcript.text.done")
    stream.feed(as_events(*EVENTS) + ending)
    stream.feed(b"")
    assert not stream.complete
    assert b'"error"' in stream.failed(BROKEN, "r")


@given(st.binary(max_size=200))
def test_rubbish_breaks_no_stream(data: bytes):
    for stream in (ToldEvents("x"), transcriptions.Told()):
        stream.feed(data)
        stream.feed(b"")
        assert not stream.complete


# --- Whole transcripts


def call_of(**fields: form.Value):
    kind, raw = form.build(
        {"model": "m"} | fields, [transcriptions.Part("file", "a.wav", "audio/wav", tone(2.5))]
    )
    return transcriptions.parse(raw, {b"content-type": [kind.encode()]})


def test_the_hold_is_for_what_the_sound_lasts():
    assert call_of().units == {"second": 4}  # 2.5 s, and a second for those who count otherwise


@pytest.mark.parametrize(
    ("form_of", "kind", "data", "is_answer"),
    [
        ("json", b"application/json", b'{"text":"salom"}', True),
        ("json", b"application/json; charset=utf-8", b'{"text":""}', True),
        ("json", b"application/json", b'{"words":[]}', False),
        ("json", b"application/json", b"[]", False),
        ("json", b"text/plain", b"salom", False),
        ("text", b"text/plain", b"salom\n", True),
        ("text", b"application/json", b'{"text":"salom"}', True),
        ("text", b"text/html", b"<script>", False),
        ("vtt", b"text/vtt", b"WEBVTT", True),
        ("srt", b"application/x-subrip", b"1\n", True),
    ],
)
def test_an_answer_is_of_a_kind_that_was_asked_for(form_of: str, kind: bytes, data: bytes, is_answer: bool):
    answer = transcriptions.read_answer(call_of(response_format=form_of), Reply(data, kind), b'"m"')
    assert (answer is not None) is is_answer
    if answer is not None:
        assert (answer.data, answer.kind.partition(b";")[0]) == (
            data,
            b"application/json" if kind.startswith(b"application/json") else b"text/plain",
        )
