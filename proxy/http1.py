"""HTTP/1.1 to providers: kept-alive connections, one call at a time on each, answers as bytes as they come.

A general client was a quarter of the gateway's CPU per call (docs/performance.md). A call needs little of it:
post a body of known length, then read status, headers and body with back-pressure. llhttp does the parsing;
redirects, cookies, compression and proxies of the environment are left out on purpose. RFC 9112.
"""

import asyncio
import socket
import ssl
import time
from collections import deque
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

import httptools

CONNECT_S: Final = 3.0
# Providers close idle connections after 5 s (uvicorn) to minutes; what was used lately is used first.
KEEP_S: Final = 15.0
# Nobody gives up a connection that was idle for less: if it breaks, something else happened to it.
GIVEN_UP_AFTER_S: Final = 2.0
GIVEN_UP_TOLD_S: Final = 1.0  # the word that it was, is on its way already or comes with the next round trip
HEAD_MAX: Final = 64 * 1024
# So much is read at once …
BUFFER_MAX: Final = 8 * 1024
# … and reading stops while so much waits for us: memory of a call stays bounded however fast its provider is.
# Half of it, since what is read loses its framing: whole buffers would always let a second one in.
WAITING_MAX: Final = BUFFER_MAX // 2
# … and so much in the kernel, instead of the megabytes that it would let a provider send ahead.
RECEIVE_MAX: Final = 256 * 1024
# Bytes are parsed as soon as they are read, so all connections may read into the same place.
_RECEIVED: Final = memoryview(bytearray(BUFFER_MAX))


class Unreachable(ConnectionError):
    """No connection, or no TLS on it, within 3 s."""


class Reset(ConnectionError):
    """The connection ended before the answer's head was whole."""


class Cut(ConnectionError):
    """The connection ended inside the answer's body."""


class Malformed(ConnectionError):
    """What came is no HTTP, or its head is over 64 KB."""


@dataclass(frozen=True, slots=True)
class Target:
    """A URL to ask: where to connect, and the head of each request up to the body's length."""

    host: str
    port: int
    tls: bool
    head: bytes

    @classmethod
    def of(cls, url: str, headers: dict[str, str], method: str = "POST") -> "Target":
        """Raises ValueError for a URL that isn't http(s) and for a control character in a header."""
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError("an upstream's address must be an http or https URL")
        path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        lines = [f"{method} {path} HTTP/1.1", f"host: {parts.netloc.rpartition('@')[2]}"]
        lines += [f"{name}: {value}" for name, value in headers.items()]
        if any(not line.isprintable() for line in lines):
            raise ValueError("an upstream's address or credential has a control character")
        tls = parts.scheme == "https"
        head = "\r\n".join([*lines, "content-length: "]).encode("latin-1")
        return cls(parts.hostname, parts.port or (443 if tls else 80), tls, head)

    @property
    def origin(self) -> tuple[str, int, bool]:
        return self.host, self.port, self.tls


class Answer:
    """One answer on its way: status and headers (lower case) are complete, the body is read bit by bit."""

    __slots__ = ("_connection", "_parts", "_size", "ended", "error", "headers", "status")

    def __init__(self, connection: "Connection") -> None:
        self._connection: Connection | None = connection
        self._parts: list[bytes] = []
        self._size = 0
        self.status = 0
        self.headers: dict[bytes, bytes] = {}
        self.ended = False
        self.error: ConnectionError | None = None

    @property
    def has_news(self) -> bool:
        """Whether whoever reads need not wait: bytes, the end, an error, or a status that says enough."""
        return bool(self._parts) or self.ended or self.error is not None or self.status not in (0, 200)

    @property
    def at_end(self) -> bool:
        """Nothing is left to be read."""
        return self.ended and not self._parts

    def take(self, data: bytes) -> None:
        """The connection's: bytes of the body came."""
        self._parts.append(data)
        self._size += len(data)

    @property
    def full(self) -> bool:
        return self._size >= WAITING_MAX

    async def read(self) -> bytes:
        """What came since the last time, at least a byte; empty at the end. Raises Cut or Malformed."""
        while not self._parts:
            if self.error is not None:
                raise self.error
            if self.ended or self._connection is None:
                return b""
            await self._connection.news()
        data = self._parts[0] if len(self._parts) == 1 else b"".join(self._parts)
        self._parts.clear()
        if self.full and self._connection is not None:
            self._connection.go_on()
        self._size = 0
        return data

    def close(self) -> None:
        """Gives the connection back if the answer is over, ends it otherwise; the second time, nothing."""
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.leave(reusable=self.ended and self.error is None)


class Connection(asyncio.BufferedProtocol):
    """A TCP or TLS connection and the answer that is on it now."""

    def __init__(self, pool: "Pool", origin: tuple[str, int, bool]) -> None:
        self._pool = pool
        self.origin = origin
        self.idle_since = 0.0
        self.closed = False
        self._transport: asyncio.Transport
        self._parser: httptools.HttpResponseParser | None = None
        self._reading: Answer | None = None  # whose bytes come now
        self._waiter: asyncio.Future[None] | None = None
        self._head_size = 0
        self._ends_with_connection = False
        self._stays = False

    async def ask(self, head: bytes, body: bytes) -> Answer:
        """Sends one request; the answer with its status and first bytes. Raises Reset, Cut or Malformed."""
        answer = self._reading = Answer(self)
        self._head_size = 0
        self._stays = False
        try:
            self._transport.writelines((head, b"%d\r\n\r\n" % len(body), body))
            if self.closed:
                self._fail(Reset())
            while not answer.has_news:
                await self.news()
        except BaseException:
            answer.close()
            raise
        if answer.error is not None and not answer.status:
            answer.close()
            raise answer.error
        return answer

    async def news(self) -> None:
        """Waits until the answer has changed."""
        waiter = self._waiter = asyncio.get_running_loop().create_future()
        await waiter

    def go_on(self) -> None:
        """The reader has caught up."""
        if not self.closed:
            self._transport.resume_reading()

    def leave(self, *, reusable: bool) -> None:
        """Nobody wants the answer any more."""
        self._reading = None
        if reusable and self._stays and not self.closed:
            self.go_on()  # who leaves a full answer behind leaves a connection that isn't read
            self._pool.keep(self)
        elif not self.closed:
            self._transport.abort()

    def end(self) -> None:
        self._transport.abort()

    # asyncio calls these

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport  # type: ignore[assignment]
        self._parser = httptools.HttpResponseParser(self)
        raw = transport.get_extra_info("socket")
        if raw is not None:
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_MAX)

    def get_buffer(self, sizehint: int) -> memoryview:
        return _RECEIVED

    def buffer_updated(self, nbytes: int) -> None:
        answer, parser = self._reading, self._parser
        if answer is None or parser is None:
            self._transport.abort()  # bytes that nobody asked for: whose answer they are can't be known
            return
        if not answer.status:
            self._head_size += nbytes
        try:
            parser.feed_data(_RECEIVED[:nbytes])
        except httptools.HttpParserError:
            self._fail(Malformed())
        if not answer.status and self._head_size > HEAD_MAX:
            self._fail(Malformed())
        if answer.full:
            self._transport.pause_reading()
        if answer.has_news:
            self._wake()

    def connection_lost(self, error: Exception | None) -> None:
        self.closed = True
        self._parser = None  # it refers to us
        self._pool.forget(self)
        answer = self._reading
        if answer is None:
            return
        if self._ends_with_connection and answer.status and error is None:
            answer.ended = True
            self._wake()
        else:
            self._fail(Cut() if answer.status else Reset())

    # llhttp calls these

    def on_message_begin(self) -> None:
        if self._reading is None:
            self._stays = False  # a second answer to one request

    def on_header(self, name: bytes, value: bytes) -> None:
        if self._reading is not None:
            self._reading.headers[name.lower()] = value

    def on_headers_complete(self) -> None:
        answer, parser = self._reading, self._parser
        if answer is None or parser is None:
            return
        status = parser.get_status_code()
        if status < 200:
            answer.headers.clear()  # 100 Continue, 103 Early Hints: the answer is still to come
            return
        answer.status = status
        headers = answer.headers
        bounded = b"content-length" in headers or b"chunked" in headers.get(b"transfer-encoding", b"").lower()
        self._ends_with_connection = not bounded

    def on_body(self, data: bytes) -> None:
        if self._reading is not None:
            self._reading.take(data)

    def on_message_complete(self) -> None:
        answer = self._reading
        if answer is None or not answer.status or self._parser is None:
            return
        answer.ended = True
        self._reading = None
        self._stays = self._parser.should_keep_alive()

    def _fail(self, error: ConnectionError) -> None:
        if self._reading is not None and self._reading.error is None:
            self._reading.error = error
        if not self.closed:
            self._transport.abort()
        self._wake()

    def _wake(self) -> None:
        waiter, self._waiter = self._waiter, None
        if waiter is not None and not waiter.done():
            waiter.set_result(None)


class Pool:
    """All connections to providers."""

    def __init__(self, tls: ssl.SSLContext | None = None) -> None:
        self._tls = tls or ssl.create_default_context()
        self._idle: dict[tuple[str, int, bool], deque[Connection]] = {}

    async def post(self, target: Target, body: bytes) -> Answer:
        """An answer's status and first bytes. Raises Unreachable, Reset, Cut or Malformed.

        A kept connection may have been closed by the provider just now, before it read anything of ours: then
        the request is sent once more, on a new one. Only then: a request that may have been read may be
        billed, so the caller must hear of it.
        """
        kept = self._kept(target.origin)
        if kept is not None:
            sent = time.monotonic()
            idle_s = sent - kept.idle_since
            try:
                return await kept.ask(target.head, body)
            except Reset:
                if idle_s < GIVEN_UP_AFTER_S or time.monotonic() - sent > GIVEN_UP_TOLD_S:
                    raise
        connection = await self._connect(target.origin)
        return await connection.ask(target.head, body)

    def _kept(self, origin: tuple[str, int, bool]) -> Connection | None:
        idle = self._idle.get(origin)
        if not idle:
            return None
        connection = idle.pop()
        if time.monotonic() - connection.idle_since < KEEP_S:
            return connection
        connection.end()
        return None

    async def _connect(self, origin: tuple[str, int, bool]) -> Connection:
        host, port, tls = origin
        try:
            async with asyncio.timeout(CONNECT_S):
                _, connection = await asyncio.get_running_loop().create_connection(
                    lambda: Connection(self, origin), host, port, ssl=self._tls if tls else None
                )
        except (OSError, TimeoutError, UnicodeError) as error:
            raise Unreachable(type(error).__name__) from None
        return connection

    def keep(self, connection: Connection) -> None:
        """The connection's: its answer is over, it may serve the next call."""
        connection.idle_since = time.monotonic()
        self._idle.setdefault(connection.origin, deque()).append(connection)

    def tidy(self) -> None:
        """Ends what nobody has used for 15 s; to be called now and then."""
        past = time.monotonic() - KEEP_S
        for idle in self._idle.values():
            while idle and idle[0].idle_since < past:
                idle.popleft().end()

    def forget(self, connection: Connection) -> None:
        """The connection's: it is closed."""
        idle = self._idle.get(connection.origin)
        if idle is not None and connection in idle:
            idle.remove(connection)

    def close(self) -> None:
        for idle in self._idle.values():
            for connection in list(idle):
                connection.end()
