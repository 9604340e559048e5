"""Requests of callers, spoilt: in their JSON, their address, their headers, their framing, or anywhere."""

from dataclasses import dataclass
from random import Random
from typing import Any
from urllib.parse import quote_from_bytes

from tests.fuzz.rubbish import BYTES, NASTY, bruise, spoil, text

MODEL = "fuzz/good"
CHAT: dict[str, Any] = {
    "model": MODEL,
    "messages": [
        {"role": "system", "content": "Be short."},
        {"role": "user", "content": [{"type": "text", "text": "Salom!"}]},
        {
            "role": "assistant",
            "content": None,
            "tool_calls": [{"id": "c", "type": "function", "function": {}}],
        },
        {"role": "tool", "tool_call_id": "c", "content": "4"},
    ],
    "max_tokens": 20,
    "temperature": 0.5,
    "n": 1,
    "stream": False,
    "tools": [{"type": "function", "function": {"name": "f", "parameters": {"type": "object"}}}],
    "response_format": {"type": "json_object"},
    "user": "u-1",
}
# Never quite right: each key that is made would make every later listing longer.
KEY: dict[str, Any] = {
    "name": "k",
    "expires_at": None,
    "rpm": 5,
    "allowed_ips": ["10.0.0.1", "10.0.0"],
    "scopes": ["inference"],
}
# Its model is none for pictures, so nothing is drawn: what is fuzzed is the way there.
PICTURE: dict[str, Any] = {
    "model": MODEL,
    "prompt": "Registon",
    "n": 2,
    "size": "1024x1024",
    "width": 640,
    "height": 480,
    "seed": 7,
    "quality": "high",
    "response_format": "b64_json",
}
PATHS = (
    "/v1/chat/completions", "/v1/models", f"/v1/models/{MODEL}", "/v1/generation/0", "/api/keys",
    "/api/keys/key_0", "/v1", "/api/", "/v1/nope", "/healthz",
)  # fmt: skip
METHODS = (
    "GET", "POST", "PUT", "DELETE", "PATCH", "HEAD", "OPTIONS", "TRACE", "CONNECT", "PROPFIND",
    "post",
)  # fmt: skip
LINES = (
    b"transfer-encoding: chunked", b"transfer-encoding: gzip, chunked",
    b"content-length: 5", b"content-length: -1", b"content-length: 99999999999999999999",
    b"connection: close", b"connection: upgrade", b"upgrade: h2c", b"expect: 100-continue", b"expect: tea",
    b"host: evil.example", b"host:", b"x-api-key: cap-", b"x-api-key: \xff", b"authorization: Bearer",
    b"authorization: Basic \xc3\x28", b"content-encoding: br", b"idempotency-key: a",
    b"content-type: application/json; charset=\xff", b"content-type: multipart/form-data; boundary=",
    b"cookie: a=\xff", b"accept: */*;q=\xff", b"accept-language: " + b"x," * 900, b"x-forwarded-for: ::1",
    b"x-forwarded-host: a b", b"content-disposition: \0", b": empty", b"no colon", b" folded",
    b"te: trailers", b"range: bytes=0-", b"anthropic-version: 2023-06-01", b"origin: null",
    b"referer: \xf0\x28\x8c\x28", b"x-h: " + b"y" * 40_000,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Request:
    """Bytes for a connection. `framed`: still HTTP, so that exactly one answer must come."""

    data: bytes
    framed: bool


def request(dice: Random, keys: list[str]) -> Request:
    """One spoilt request; most reach the parsers of bodies, some end much earlier."""
    method, path, body = _base(dice)
    lines = [b"host: 127.0.0.1", b"content-type: application/json"]
    if dice.random() < 0.95:
        lines.append(b"authorization: Bearer " + dice.choice(keys).encode())
    data = b"" if body is None else text(dice, spoil(dice, body, dice.choice((0, 1, 1, 2, 5))))
    deed = dice.random()
    if deed < 0.25 and body is not None:
        data = bruise(dice, data, dice.choice((1, 2, 8)))
    elif deed < 0.40:
        path = _path(dice, path)
    framed = deed < 0.75
    if data or method != "GET":
        lines.append(b"content-length: %d" % len(data))
    if 0.75 <= deed < 0.90:
        method, lines = _lines(dice, method, lines)
    whole = b"\r\n".join([b"%b %b HTTP/1.1" % (method.encode(), path.encode()), *lines]) + b"\r\n\r\n" + data
    if 0.65 <= deed < 0.75 and body is not None:
        whole = _chunked(dice, method, path, lines, data)
    if deed >= 0.90:
        whole = bruise(dice, whole, dice.choice((1, 1, 3, 10)))
    return Request(whole, framed)


def _base(dice: Random) -> tuple[str, str, Any]:
    deed = dice.random()
    if deed < 0.45:
        return "POST", PATHS[0], CHAT
    if deed < 0.65:
        return "POST", PATHS[0], CHAT | {"stream": True}
    if deed < 0.70:
        return "POST", "/api/keys", KEY
    if deed < 0.78:
        return "POST", dice.choice(("/v1/images/generations", "/api/image")), PICTURE
    return "GET", dice.choice(PATHS), None


def _path(dice: Random, path: str) -> str:
    """Something odd behind an address, or in place of a part of it."""
    nasty = dice.choice((*BYTES, *[str(one).encode("utf-8", "replace")[:2_000] for one in NASTY]))
    odd = quote_from_bytes(nasty) or "%00"
    name = dice.choice(("limit", "after_id", "before_id", "key", "a", "%00", "format", "cursor"))
    return dice.choice(
        (f"{path}/{odd}", f"{path}?{name}={odd}", path.replace("/", f"/{odd}", 1), path + "//", path + "/.")
    )


def _lines(dice: Random, method: str, lines: list[bytes]) -> tuple[str, list[bytes]]:
    for _ in range(dice.choice((1, 1, 2, 5))):
        deed = dice.randrange(4)
        if deed == 0 and lines:
            del lines[dice.randrange(len(lines))]
        elif deed == 1:
            method = dice.choice(METHODS)
        else:
            lines.insert(dice.randrange(len(lines) + 1), dice.choice(LINES))
    if dice.random() < 0.05:
        lines += [b"x-%d: 1" % number for number in range(200)]
    return method, lines


def _chunked(dice: Random, method: str, path: str, lines: list[bytes], data: bytes) -> bytes:
    """The same body in chunks of any size, perhaps with an extension and a trailer."""
    kept = [line for line in lines if not line.startswith(b"content-length")]
    parts, at = [], 0
    while at < len(data):
        size = dice.choice((1, 7, 1_000, 60_000))
        piece = data[at : at + size]
        parts.append(b"%x%b\r\n%b\r\n" % (len(piece), b";a=b" if dice.random() < 0.1 else b"", piece))
        at += size if len(parts) < 400 else len(data)
    trailer = b"host: evil.example\r\n" if dice.random() < 0.3 else b""
    head = b"\r\n".join(
        [b"%b %b HTTP/1.1" % (method.encode(), path.encode()), *kept, b"transfer-encoding: chunked"]
    )
    return head + b"\r\n\r\n" + b"".join(parts) + b"0\r\n" + trailer + b"\r\n"
