"""Requests as bytes on a socket, where a client library would refuse to send them or hide what came back."""

import json
import socket
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from tests.factories import Caller
from tests.live.client import PATH, port_of
from tests.processes import Gateway
from tests.stack import Stack

PATIENCE_S = 10.0
HELLO = {"model": "test/one", "messages": [{"role": "user", "content": "Salom!"}]}


@dataclass(frozen=True, slots=True, kw_only=True)
class RawReply:
    """One answer, and whether the server closed the connection after it. Header names in lower case."""

    status: int
    headers: list[tuple[str, str]]
    body: bytes
    closed: bool

    def header(self, name: str) -> str:
        """The value of a header; empty if it is missing."""
        return ", ".join(value for found, value in self.headers if found == name)

    @property
    def error(self) -> dict[str, Any]:
        """The error of the envelope."""
        found: dict[str, Any] = json.loads(self.body)["error"]
        return found


def head(*lines: str | bytes, first: str = f"POST {PATH} HTTP/1.1", host: str = "127.0.0.1") -> bytes:
    """A request's head, with a Host header unless that is empty."""
    start = [first, *([f"host: {host}"] if host else [])]
    encoded = [line.encode() if isinstance(line, str) else line for line in (*start, *lines)]
    return b"\r\n".join(encoded) + b"\r\n\r\n"


def post(caller: Caller | None, body: Any = None, *lines: str | bytes, **options: str) -> bytes:
    """A whole POST of JSON, or of bytes as they are."""
    data = body if isinstance(body, bytes) else json.dumps(HELLO if body is None else body).encode()
    who = [f"authorization: Bearer {caller.key}"] if caller else []
    kind = [] if _given(lines, b"content-type") else ["content-type: application/json"]
    framed = _given(lines, b"transfer-encoding") or _given(lines, b"content-length")
    length = [] if framed else [f"content-length: {len(data)}"]
    return head(*who, *kind, *length, *lines, **options) + data


def _given(lines: Iterable[str | bytes], name: bytes) -> bool:
    return any((line.encode() if isinstance(line, str) else line).lower().startswith(name) for line in lines)


def talk(where: Stack | Gateway, *pieces: bytes, pause_s: float = 0.0) -> RawReply:
    """Sends the pieces, reads one answer, and finds out whether the connection is over."""
    with socket.create_connection(("127.0.0.1", port_of(where)), timeout=PATIENCE_S) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        send(connection, pieces, pause_s)
        reply = read(connection)
        assert reply.closed or serves_on(connection)
        return reply


def send(connection: socket.socket, pieces: Iterable[bytes], pause_s: float = 0.0) -> None:
    """Sends piece by piece; stops where the server has had enough or has answered meanwhile."""
    with suppress(ConnectionError):
        for number, piece in enumerate(pieces):
            if number and pause_s:
                time.sleep(pause_s)
            connection.sendall(piece)


def read(connection: socket.socket) -> RawReply:
    """One answer by its Content-Length; AssertionError when there is none."""
    data = b""
    while b"\r\n\r\n" not in data:
        more = _some(connection)
        assert more, f"no answer, only {data!r}"
        data += more
    top, _, body = data.partition(b"\r\n\r\n")
    first, *rest = top.decode("latin-1").split("\r\n")
    headers = [(name.lower(), value.strip()) for name, _, value in (line.partition(":") for line in rest)]
    length = int(dict(headers).get("content-length", "0"))
    while len(body) < length:
        body += _some(connection) or b"?"
    assert len(body) == length, f"bytes after the answer: {body[length:]!r}"
    closed = dict(headers).get("connection") == "close"
    if closed:
        assert _some(connection) == b"", "a connection that was said to close stays"
    return RawReply(status=int(first.split(" ")[1]), headers=headers, body=body, closed=closed)


def serves_on(connection: socket.socket) -> bool:
    """Whether another request on the same connection gets its own answer."""
    connection.sendall(head(first=f"GET {PATH} HTTP/1.1"))
    return read(connection).status == 405


def _some(connection: socket.socket) -> bytes:
    with suppress(ConnectionError):
        return connection.recv(65536)
    return b""


Send = Callable[[Caller], bytes | tuple[bytes, ...]]


@dataclass(frozen=True, slots=True)
class Bad:
    """One input of reliability.md §4: what is sent, and exactly what must come back."""

    number: str
    send: Send
    status: int
    code: str
    param: str | None = None
    closes: bool = False
    headers: tuple[tuple[str, str], ...] = ()

    def __str__(self) -> str:
        return self.number


def refused(stack: Stack, caller: Caller, case: Bad, where: Gateway | None = None) -> RawReply:
    """Sends the input; checks all of the answer, the connection, and that nothing moved."""
    before = books(stack, caller)
    sent = case.send(caller)
    reply = talk(where or stack, *(sent if isinstance(sent, tuple) else (sent,)))
    assert (reply.status, reply.error["code"], reply.error["param"]) == (case.status, case.code, case.param)
    assert reply.closed is case.closes
    envelope = json.loads(reply.body)
    assert set(envelope) == {"type", "error", "request_id"}
    assert envelope["type"] == "error"
    assert {"message", "type", "param", "code"} <= set(envelope["error"])
    assert reply.header("content-type") == "application/json"
    assert reply.header("x-request-id") == reply.header("request-id") == envelope["request_id"]
    assert reply.header("cache-control") == "no-store"
    for name, value in case.headers:
        assert reply.header(name) == value
    assert books(stack, caller) == before
    return reply


def books(stack: Stack, caller: Caller) -> tuple[Any, ...]:
    """All that a refused call must leave as it was: wallet, holds, request rows, and what upstreams heard."""
    heard = (stack.folder / "upstream.jsonl").stat().st_size
    return caller.wallet(), caller.holds(), caller.requests(), heard
