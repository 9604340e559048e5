"""HTTP/1.1 by hand: one connection, its requests, and a writer that can also misbehave."""

import asyncio
import socket
import struct
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from http import HTTPStatus

import httptools

Headers = tuple[tuple[str, str], ...]


@dataclass(slots=True)
class Request:
    """One request as it came in; header names in lower case."""

    method: str = ""
    target: str = ""
    headers: list[tuple[str, str]] = field(default_factory=list)
    body: bytes = b""

    @property
    def path(self) -> str:
        """The path without its query."""
        return self.target.partition("?")[0]

    def query(self, name: str) -> str:
        """One query parameter, undecoded: the names that tests use need no escapes."""
        for part in self.target.partition("?")[2].split("&"):
            key, _, value = part.partition("=")
            if key == name:
                return value
        return ""


class Gone(ConnectionError):
    """The client left before the answer was complete."""


class Wire:
    """Writes one answer, counts its bytes, knows whether the client is still there."""

    def __init__(self, transport: asyncio.Transport, writable: asyncio.Event) -> None:
        self._transport = transport
        self._writable = writable
        self._chunked = False
        self.bytes = 0
        self.status = 0

    @property
    def gone(self) -> bool:
        """The client has left."""
        return self._transport.is_closing()

    async def head(self, status: int, headers: Headers = (), *, length: int | None = None) -> None:
        """Status line and headers; without a length the body is chunked."""
        self.status, self._chunked = status, length is None
        framing = ("transfer-encoding", "chunked") if length is None else ("content-length", str(length))
        lines = [f"HTTP/1.1 {status} {HTTPStatus(status).phrase if status != 529 else 'Overloaded'}"]
        lines += [f"{name}: {value}" for name, value in (*headers, framing)]
        await self._write("\r\n".join(lines).encode() + b"\r\n\r\n")

    async def body(self, data: bytes, *, bytewise: bool = False) -> None:
        """A piece of the body."""
        for piece in [data[i : i + 1] for i in range(len(data))] if bytewise else [data]:
            await self._write(b"%x\r\n%b\r\n" % (len(piece), piece) if self._chunked else piece)
            if bytewise:
                await asyncio.sleep(0)

    async def end(self) -> None:
        """The proper end of the body."""
        if self._chunked:
            await self._write(b"0\r\n\r\n")

    def close(self) -> None:
        """End the connection in order, whatever was promised."""
        self._transport.close()

    def reset(self) -> None:
        """End the connection by a TCP reset."""
        raw = self._transport.get_extra_info("socket")
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._transport.abort()

    async def _write(self, data: bytes) -> None:
        if self.gone:
            raise Gone
        await self._writable.wait()
        self._transport.write(data)
        self.bytes += len(data)


Handler = Callable[[Request, Wire], Awaitable[None]]


class Connection(asyncio.Protocol):
    """Parses requests and answers them one after the other; a client that leaves cancels its answer."""

    def __init__(self, handler: Handler) -> None:
        self._handler = handler
        self._parser = httptools.HttpRequestParser(self)
        self._request = Request()
        self._waiting: list[Request] = []
        self._task: asyncio.Task[None] | None = None
        self._writable = asyncio.Event()
        self._writable.set()
        self._transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport) or hasattr(transport, "write")
        self._transport = transport  # type: ignore[assignment]

    def connection_lost(self, exc: Exception | None) -> None:
        self._writable.set()
        if self._task:
            self._task.cancel()

    def pause_writing(self) -> None:
        self._writable.clear()

    def resume_writing(self) -> None:
        self._writable.set()

    def data_received(self, data: bytes) -> None:
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserError:
            self._transport.close()

    def on_message_begin(self) -> None:
        self._request = Request()

    def on_url(self, url: bytes) -> None:
        self._request.target += url.decode("latin-1")

    def on_header(self, name: bytes, value: bytes) -> None:
        self._request.headers.append((name.decode("latin-1").lower(), value.decode("latin-1")))

    def on_body(self, body: bytes) -> None:
        self._request.body += body

    def on_message_complete(self) -> None:
        self._request.method = self._parser.get_method().decode()
        self._waiting.append(self._request)
        if self._task is None:
            self._task = asyncio.ensure_future(self._serve())

    async def _serve(self) -> None:
        while self._waiting:
            await self._handler(self._waiting.pop(0), Wire(self._transport, self._writable))
        self._task = None
