"""Events that are not parsed because one like them was: nothing may come out differently for that."""

import json
from typing import Any

from hypothesis import example, given
from hypothesis import strategies as st

from proxy.dialects import openai

STATE = (
    "usage",
    "usage_event",
    "head",
    "finish_reason",
    "text_bytes",
    "said",
    "events",
    "done",
    "error",
    "broken",
)
TEXTS = st.one_of(
    st.sampled_from(
        ["a", "salom ", "oʻzbek", "🙂", "", "\n", 'say "hi"', "back\\slash", '"content":"x"', "\u2028"]
    ),
    st.text(max_size=6),
)
NAMES = st.sampled_from(["content", "content", "content", "reasoning_content", "refusal"])
CONSTANT: dict[str, Any] = {"id": "c", "object": "chat.completion.chunk", "model": "up"}


@st.composite
def chunks(draw: st.DrawFn) -> bytes:
    """One event as some upstream would send it, most of them alike."""
    odd = draw(st.integers(0, 9))
    delta: dict[str, Any] = {draw(NAMES): draw(TEXTS)}
    if odd == 0:
        delta[draw(NAMES)] = draw(TEXTS)
    if odd == 1:
        delta["tool_calls"] = draw(st.sampled_from([None, [], [{"index": 0}]]))
    choice = {"index": 0, "delta": delta, "finish_reason": None}
    if odd == 2:
        choice["finish_reason"] = draw(st.sampled_from(["stop", "", 7]))
    chunk = CONSTANT | {"choices": [choice]}
    if odd == 3:
        chunk["choices"] = draw(st.sampled_from([[choice, choice | {"index": 1}], [], None, [7]]))
    if odd == 4:
        chunk["usage"] = draw(st.sampled_from([None, {"prompt_tokens": 1, "completion_tokens": 2}]))
    if odd in (5, 6):
        chunk["obfuscation"] = draw(TEXTS)
    if odd == 7:
        chunk["created"] = draw(st.integers(1, 2))
    return draw(_written(chunk))


def _written(chunk: dict[str, Any]) -> st.SearchStrategy[bytes]:
    compact = json.dumps(chunk, ensure_ascii=False, separators=(",", ":"))
    loose = json.dumps(chunk)
    lines = [f"data: {compact}\n\n"] * 6 + [
        f"data: {loose}\n\n",
        f"data:{compact}\n\n",
        f"data: {compact}\r\n\r\n",
    ]
    broken = [
        b"data: " + compact.encode().replace(b"a", b"\xff") + b"\n\n",
        b": comment\n\n",
        b"data: {oops\n\n",
    ]
    return st.sampled_from([*(line.encode() for line in lines), *broken])


def fed(pieces: list[bytes], *, wants_usage: bool, by_shape: bool) -> tuple[bytes, dict[str, Any]]:
    """What comes out of a stream, and what is known of it at the end."""
    stream, out = openai.Stream(b'"GPT 4o"', wants_usage), b""
    for piece in pieces:
        if not by_shape:
            stream.template, stream.learnt = None, 10**9
        out += stream.feed(piece)
    return out, {name: getattr(stream, name) for name in STATE}


def plain(text: str, **more: Any) -> bytes:
    choice = {"index": 0, "delta": {"content": text} | more, "finish_reason": None}
    return b"data: " + json.dumps(CONSTANT | {"choices": [choice]}, separators=(",", ":")).encode() + b"\n\n"


@given(st.lists(chunks(), max_size=12), st.booleans(), st.data())
@example([plain("a", refusal="no"), plain("b", refusal="no")], False, None)
@example([plain("a", reasoning='"q"'), plain("b", reasoning='"q"')], False, None)
@example([plain("a"), plain("b")[:-2], b"\n\n" + plain("c") + plain("d")], True, None)
def test_an_event_of_known_shape_comes_out_as_if_it_were_parsed(
    events: list[bytes], wants_usage: bool, data: Any
):
    raw, pieces = b"".join(events), list(events)
    if data is not None and data.draw(st.booleans()):
        pieces = []
        while raw:
            step = data.draw(st.integers(1, len(raw)))
            pieces, raw = [*pieces, raw[:step]], raw[step:]
    parsed = fed(pieces, wants_usage=wants_usage, by_shape=False)
    assert fed(pieces, wants_usage=wants_usage, by_shape=True) == parsed


def test_a_shape_is_learnt_and_used():
    stream = openai.Stream(b'"GPT 4o"', False)
    stream.feed(plain("a"))
    assert stream.template is not None
    assert stream.template.read(plain("salom")) == (plain("salom").replace(b'"up"', b'"GPT 4o"'), b"salom")
    assert stream.template.read(plain('"')) is None
    assert stream.template.read(plain("salom")[:-1]) is None


def test_padding_differs_from_event_to_event():
    events = [plain("a")[:-3] + b',"obfuscation":"' + padding + b'"}\n\n' for padding in (b"x1", b"", b"zzz")]
    stream = openai.Stream(b'"GPT 4o"', False)
    outs = [stream.feed(event) for event in events]
    assert outs == [event.replace(b'"up"', b'"GPT 4o"') for event in events]
    assert stream.learnt == 1
