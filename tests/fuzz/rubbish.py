"""Values, texts and bytes that break parsers, and how they get into something well-made."""

import copy
import json
from random import Random
from typing import Any

HUGE = "@@HUGE@@"  # becomes an integer of 5,000 digits, which json.dumps would refuse
NASTY: tuple[Any, ...] = (
    None, True, False, 0, -1, 1.5, -0.0, 1e308, float("nan"), float("inf"), 10**12, 2**63, 2**64, -(2**70),
    HUGE, "", " ", "\0", "a\0b", "\ud800", "\udfff\ud800", "\u202e", "💣" * 40, "x" * 70_000,
    "\r\nset-cookie: a=b", "' OR 1=1--", "../../etc/passwd", "%s%n%00", "{{7*7}}", "[]", "null", "data:,",
    "data:image/png;base64,AAAA", "https://127.0.0.1/x", "fuzz/good@price@latency", "fuzz/good@", "@", [],
    {}, [[]], [None], [{}], {"": ""}, {"a": {"b": {"c": [1, 2, 3]}}}, {"type": "text"},
    {"type": "image_url", "image_url": {"url": 5}},
    {"type": "image_url", "image_url": "https://x.example/a.png"}, {"role": "user", "content": "hi"},
    {"role": "tool", "content": [], "tool_call_id": "\0"}, {"type": "input_audio"}, {"type": ["text"]},
)  # fmt: skip
BYTES = (
    b"\0", b"\xff", b"\xc3", b"\xed\xa0\x80", b"\xef\xbb\xbf", b"\r", b"\n", b"\r\n", b'"', b"\\", b"{",
    b"[", b"]", b"}", b",", b":", b" ", b"NaN", b"-", b"1e999", b"\\u0000", b"\\ud800", b"data: ",
    b"\xe2\x80\xa8", b"9" * 400, b"0",
)  # fmt: skip


def spoil(dice: Random, value: Any, times: int) -> Any:
    """A JSON value with some of its places changed; the original stays."""
    value = copy.deepcopy(value)
    for _ in range(times):
        value = _change(dice, value)
    return value


def _change(dice: Random, value: Any) -> Any:
    """One change at a random place: replaced, removed, renamed, added, repeated, or wrapped deep."""
    if isinstance(value, dict) and value and dice.random() < 0.85:
        name = dice.choice(list(value))
        deed = dice.randrange(8)
        if deed == 0:
            del value[name]
        elif deed == 1:
            value[dice.choice(("", "model", "\0", "x" * 300, name + " "))] = value.pop(name)
        elif deed == 2:
            value[dice.choice(("n", "stop", "tools", "stream_options", "models"))] = _nasty(dice)
        else:
            value[name] = _change(dice, value[name])
        return value
    if isinstance(value, list) and value and dice.random() < 0.85:
        place = dice.randrange(len(value))
        deed = dice.randrange(6)
        if deed == 0:
            del value[place]
        elif deed == 1:
            small = len(repr(value[place])) < 200
            value += value[place : place + 1] * (dice.choice((1, 50, 3_000)) if small else 1)
        else:
            value[place] = _change(dice, value[place])
        return value
    if dice.random() < 0.05:
        return _deep(value, dice.choice((50, 198, 199, 200, 201, 600)), dice.random() < 0.5)
    return _nasty(dice)


def _nasty(dice: Random) -> Any:
    return copy.deepcopy(dice.choice(NASTY))


def _deep(value: Any, levels: int, lists: bool) -> Any:
    for _ in range(levels):
        value = [value] if lists else {"a": value}
    return value


def text(dice: Random, value: Any) -> bytes:
    """JSON as clients and attackers write it: with and without escapes, sometimes a key twice."""
    said = json.dumps(value, ensure_ascii=dice.random() < 0.5 or _has_surrogate(value))
    said = said.replace(f'"{HUGE}"', "9" * 5_000)
    if dice.random() < 0.05:
        said = said.replace('"model"', '"model": "fuzz/good", "model"', 1)
    return said.encode("utf-8", "surrogatepass")


def _has_surrogate(value: Any) -> bool:
    return "\\ud" in json.dumps(value)


def bruise(dice: Random, data: bytes, times: int) -> bytes:
    """Bytes with some of them changed, gone, doubled or put in."""
    spoilt = bytearray(data)
    for _ in range(times):
        at = dice.randrange(len(spoilt) + 1)
        deed = dice.randrange(6)
        if deed == 0 and at < len(spoilt):
            spoilt[at] ^= 1 << dice.randrange(8)
        elif deed == 1:
            del spoilt[at : at + dice.choice((1, 1, 2, 20, len(spoilt)))]
        elif deed == 2:
            spoilt[at:at] = spoilt[at : at + dice.choice((1, 4, 40))]
        else:
            spoilt[at:at] = dice.choice(BYTES)
    return bytes(spoilt)
