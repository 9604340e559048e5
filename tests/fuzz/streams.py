"""Answers of upstreams, spoilt, and what the parser must make of them however the bytes are cut."""

import copy
import json
from random import Random
from typing import Any

from proxy.bridge import Bounds
from proxy.dialects import openai, sse
from proxy.meter import Usage
from tests.fuzz.rubbish import NASTY, bruise, spoil, text

CHUNK: dict[str, Any] = {
    "id": "chatcmpl-1",
    "object": "chat.completion.chunk",
    "created": 1_700_000_000,
    "model": "up",
    "choices": [{"index": 0, "delta": {"content": "salom "}, "logprobs": None, "finish_reason": None}],
    "usage": None,
}
TOOL = {"tool_calls": [{"index": 0, "id": "c", "function": {"name": "f", "arguments": '{"a":'}}]}
USAGE: dict[str, Any] = {
    "prompt_tokens": 9,
    "completion_tokens": 4,
    "total_tokens": 13,
    "prompt_tokens_details": {"cached_tokens": 3},
    "completion_tokens_details": {"reasoning_tokens": 1},
}
COUNTS = (-1, 0, 1, 10**6, 10**9, 2**63, 2**64 - 1, 1.5, "12", None, True, [], {}, float("nan"))
FIELDS = (
    b": a comment",
    b"event: message",
    b"id: 7",
    b"retry: 1",
    b"data",
    b"data:",
    b"nonsense",
    b"event: error",
)
ENDS = (b"\n", b"\n", b"\r\n", b"\r")
LIMITS = Bounds(input=100_000, output=10_000)


def answer(dice: Random) -> bytes:
    """A stream of a provider that has a bad day."""
    chunks: list[Any] = [CHUNK for _ in range(dice.choice((0, 1, 3, 12)))]
    if dice.random() < 0.3:
        chunks.append(_with_choice({"delta": TOOL}))
    chunks.append(
        _with_choice({"delta": {}, "finish_reason": dice.choice(("stop", "length", "a\0b", 5, [[]], None))})
    )
    if dice.random() < 0.8:
        chunks += [CHUNK | {"choices": [], "usage": _usage(dice)}] * dice.choice((1, 1, 1, 2))
    if dice.random() < 0.1:
        chunks.insert(dice.randrange(len(chunks)), {"error": dice.choice(({"message": "boom"}, *NASTY))})
    place = dice.randrange(len(chunks))
    if dice.random() < 0.4:
        chunks[place] = spoil(dice, chunks[place], dice.choice((1, 2, 4)))
    lines = [b"data: " + text(dice, chunk) for chunk in chunks]
    if dice.random() < 0.85:
        lines.append(b"data: [DONE]")
    if dice.random() < 0.15:
        lines.append(b"data: " + text(dice, CHUNK))
    data = _framed(dice, lines)
    if dice.random() < 0.35:
        data = bruise(dice, data, dice.choice((1, 1, 3, 10)))
    return data


def _with_choice(more: dict[str, Any]) -> dict[str, Any]:
    return CHUNK | {"choices": [CHUNK["choices"][0] | more]}


def _usage(dice: Random) -> Any:
    if dice.random() < 0.1:
        return copy.deepcopy(dice.choice(NASTY))
    usage = json.loads(json.dumps(USAGE))
    for _ in range(dice.choice((0, 0, 1, 2))):
        where = dice.choice(
            (usage, usage, usage["prompt_tokens_details"], usage["completion_tokens_details"])
        )
        if isinstance(where, dict) and where:
            where[dice.choice(list(where))] = copy.deepcopy(dice.choice(COUNTS))
        usage = usage | {"prompt_tokens_details": usage.get("prompt_tokens_details") or {}}
        usage = usage | {"completion_tokens_details": usage.get("completion_tokens_details") or {}}
    return usage


def _framed(dice: Random, lines: list[bytes]) -> bytes:
    """Lines as events: line ends of one kind or mixed, fields and comments between, a mark before it all."""
    end = dice.choice(ENDS)
    mixed = dice.random() < 0.15
    parts = [b"\xef\xbb\xbf" if dice.random() < 0.05 else b""]
    for line in lines:
        if dice.random() < 0.15:
            parts.append(dice.choice(FIELDS) + end * dice.choice((1, 2)))
        if mixed:
            end = dice.choice(ENDS)
        if dice.random() < 0.05 and b"," in line:
            line = line.replace(b",", b"," + end + b"data: ", 1)
        if dice.random() < 0.002:
            line += b" " * (sse.EVENT_MAX + 1)
        parts.append(line + end + (dice.choice(ENDS) if mixed else end) * dice.choice((1, 1, 1, 2)))
    return b"".join(parts)[: dice.choice((None, None, None, None, -1, -20))]


def check(dice: Random, data: bytes) -> None:
    """AssertionError when the parser does anything but its duty; any other exception is one of its bugs."""
    wants_usage = dice.random() < 0.5
    whole, told = _heard([data], wants_usage)
    if len(data) > sse.EVENT_MAX:
        return  # where a giant is cut decides when it is too large
    cuts = [1] * len(data) if len(data) < 400 else _cuts(dice, len(data))
    again, retold = _heard(_pieces(data, cuts), wants_usage)
    names = ("usage", "finish_reason", "text_bytes", "said", "events", "done", "error", "broken", "head")
    # NaN is unequal to itself, but JSON has none.
    assert {name: getattr(whole, name) for name in names} == {name: getattr(again, name) for name in names}
    assert told == retold, "another cut, another answer"
    for payload in told:
        chunk = json.loads(payload)
        named = isinstance(chunk.get("model"), str) and payload.count(b'"model"') == 1
        assert not named or chunk["model"] == "caller"
        assert wants_usage or chunk.get("usage") is None
    usage = openai.read_usage(whole.usage, LIMITS)
    assert usage is None or _plausible(usage)
    json.loads(sse.payload(whole.last_chunk(usage or Usage(estimated=True), {"cost_uzs": "0"})))
    assert "\0" not in whole.finish_reason


def _heard(pieces: list[bytes], wants_usage: bool) -> tuple[openai.Stream, list[bytes]]:
    """The parser after all pieces, and the payloads that it passed on."""
    stream = openai.Stream(b'"caller"', wants_usage)
    out = []
    for piece in pieces:
        try:
            out.append(stream.feed(piece))
        except sse.EventTooLarge:
            stream.broken = True
        if stream.over:
            break
    events = sse.Splitter().feed(b"".join(out))
    return stream, [payload for event in events if (payload := sse.payload(event))]


def _plausible(usage: Usage) -> bool:
    inside = 0 <= usage.cached <= usage.input and 0 <= usage.cache_write <= usage.input - usage.cached
    return inside and 0 <= usage.reasoning <= usage.output <= LIMITS.output and usage.input <= LIMITS.input


def _cuts(dice: Random, size: int) -> list[int]:
    return [dice.choice((1, 2, 5, 50, 1_000)) for _ in range(size)]


def _pieces(data: bytes, sizes: list[int]) -> list[bytes]:
    pieces, at = [], 0
    for size in sizes:
        if at >= len(data):
            break
        pieces.append(data[at : at + size])
        at += size
    return pieces
