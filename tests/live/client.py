"""Calls as a client makes them, without a library that would retry or hide anything."""

import http.client
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from tests.factories import Caller
from tests.processes import Gateway
from tests.stack import Stack

LINE_END = re.compile(rb"\r\n|\n|\r(?!$)")  # a CR at the end may be half of a CRLF
PATH = "/v1/chat/completions"


@dataclass(frozen=True, slots=True)
class Reply:
    """One answer as it came; header names in lower case."""

    status: int
    headers: dict[str, str]
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def error(self) -> dict[str, Any]:
        found: dict[str, Any] = self.json()["error"]
        return found


@dataclass(slots=True)
class Events:
    """A stream while it comes: SSE payloads one by one, then `done` or `failure` says how it ended."""

    status: int
    headers: dict[str, str]
    response: http.client.HTTPResponse
    connection: http.client.HTTPConnection
    done: bool = False
    seen: list[dict[str, Any]] = field(default_factory=list)
    _chunks: Iterator[dict[str, Any]] = field(init=False)

    def __post_init__(self) -> None:
        self._chunks = self._parsed()

    def __iter__(self) -> Iterator[dict[str, Any]]:
        return self._chunks

    def _parsed(self) -> Iterator[dict[str, Any]]:
        for line in self._lines():
            if line == "data: [DONE]":
                self.done = True
            elif line.startswith("data: "):
                self.seen.append(json.loads(line.removeprefix("data: ")))
                yield self.seen[-1]

    def _lines(self) -> Iterator[str]:
        """Lines by any of the three line ends of the SSE format."""
        held = b""
        try:
            while data := self.response.read1(65536):
                *lines, held = LINE_END.split(held + data)
                yield from (line.decode() for line in lines)
        finally:
            self.close()
        yield held.decode()

    def close(self) -> None:
        """Leave, wherever the stream is."""
        self.response.close()
        self.connection.close()

    def text(self) -> str:
        """All content of the first choice; reads to the end."""
        for _ in self:
            pass
        deltas = [chunk["choices"][0]["delta"] for chunk in self.seen if chunk.get("choices")]
        return "".join(delta.get("content") or "" for delta in deltas)


def directive(**wishes: Any) -> list[dict[str, str]]:
    """Messages that tell the test upstream what to answer; see tests.upstream.plan.Plan."""
    return [{"role": "user", "content": json.dumps({"upstream": wishes}, ensure_ascii=False)}]


def chat(
    where: Stack | Gateway, caller: Caller | None, *, headers: dict[str, str] | None = None, **body: Any
) -> Reply:
    """A call that is not streamed; the model is test/one unless told otherwise."""
    return send(where, (caller.headers if caller else {}) | (headers or {}), {"model": "test/one"} | body)


def send(
    where: Stack | Gateway, headers: dict[str, str], body: Any, *, path: str = PATH, peer: str | None = None
) -> Reply:
    """POST a body, JSON unless it is bytes already; peer: the local address that it comes from."""
    connection = _ask(where, headers, body, path, peer)
    try:
        return _read(connection.getresponse())
    finally:
        connection.close()


def get(where: Stack | Gateway, path: str, caller: Caller | None = None) -> Reply:
    """GET a path."""
    connection = http.client.HTTPConnection("127.0.0.1", port_of(where), timeout=60)
    try:
        connection.request("GET", path, headers=caller.headers if caller else {})
        return _read(connection.getresponse())
    finally:
        connection.close()


def stream(where: Stack | Gateway, caller: Caller, *, path: str = PATH, **body: Any) -> Events:
    """A streamed call, read by iterating."""
    connection = _ask(where, caller.headers, {"model": "test/one", "stream": True} | body, path)
    response = connection.getresponse()
    return Events(response.status, _headers(response), response, connection)


def port_of(where: Stack | Gateway) -> int:
    """The port of a gateway, or of the stack's shared one."""
    return (where.gateway if isinstance(where, Stack) else where).port


def _ask(
    where: Stack | Gateway, headers: dict[str, str], body: Any, path: str, peer: str | None = None
) -> http.client.HTTPConnection:
    connection = http.client.HTTPConnection(
        "127.0.0.1", port_of(where), timeout=60, source_address=(peer, 0) if peer else None
    )
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    connection.request("POST", path, data, {"content-type": "application/json"} | headers)
    return connection


def _read(response: http.client.HTTPResponse) -> Reply:
    return Reply(response.status, _headers(response), response.read())


def _headers(response: http.client.HTTPResponse) -> dict[str, str]:
    return {name.lower(): value for name, value in response.getheaders()}
