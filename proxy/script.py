"""One Lua script on Redis: arguments in, its reply out, one at a time on a connection of its own.

The limiter needs nothing else. redis-py spends five times as long on a command as its own parser does
(docs/performance.md), so here are that parser and a transport. Protocol: RESP2, redis.io protocol-spec.
"""

import asyncio
import ssl
from collections.abc import Sequence
from typing import Any, Final
from urllib.parse import parse_qs, unquote, urlsplit

import hiredis

Argument = str | int | bytes
_MISSING: Final = "NOSCRIPT"


class Refused(OSError):
    """Redis answered with an error."""


class Wire(asyncio.Protocol):
    """A connection; replies come in the order of their commands."""

    def __init__(self) -> None:
        self._transport: asyncio.Transport
        self._reader = hiredis.Reader()
        self._waiting: list[asyncio.Future[Any]] = []
        self.closed = False

    def send(self, *command: Argument) -> asyncio.Future[Any]:
        reply: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self._waiting.append(reply)
        self._transport.write(hiredis.pack_command(command))  # type: ignore[arg-type]
        return reply

    def end(self) -> None:
        self._transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport  # type: ignore[assignment]

    def data_received(self, data: bytes) -> None:
        try:
            self._reader.feed(data)
            while (reply := self._reader.gets()) is not False:
                self._tell(reply)
        except (hiredis.ProtocolError, IndexError):
            self._transport.abort()

    def _tell(self, reply: Any) -> None:
        waiting = self._waiting.pop(0)
        if waiting.done():
            return
        if isinstance(reply, hiredis.ReplyError):
            waiting.set_exception(Refused(str(reply)))
        else:
            waiting.set_result(reply)

    def connection_lost(self, error: Exception | None) -> None:
        self.closed = True
        for waiting in self._waiting:
            if not waiting.done():
                waiting.set_exception(ConnectionResetError("Redis closed the connection"))


class Script:
    """`await call(arguments, timeout_s)`; connects by itself, and again after any failure."""

    def __init__(self, url: str, source: str) -> None:
        self._url = urlsplit(url)
        self._source = source
        self._sha = b""
        self._wire: Wire | None = None

    async def call(self, arguments: Sequence[Argument], timeout_s: float) -> Any:
        """The reply. Raises OSError, TimeoutError among them; a late reply is never taken for another's."""
        try:
            wire = self._wire
            if wire is None or wire.closed:
                async with asyncio.timeout(timeout_s):
                    wire = self._wire = await self._connect()
            try:
                return await _in_time(wire.send(b"EVALSHA", self._sha, 0, *arguments), timeout_s)
            except Refused as error:
                if not str(error).startswith(_MISSING):
                    raise
            # FLUSHALL or a restart: the script is gone, the connection is not.
            await _in_time(wire.send(b"SCRIPT", b"LOAD", self._source), timeout_s)
            return await _in_time(wire.send(b"EVALSHA", self._sha, 0, *arguments), timeout_s)
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        wire, self._wire = self._wire, None
        if wire is not None and not wire.closed:
            wire.end()

    async def _connect(self) -> Wire:
        loop, url = asyncio.get_running_loop(), self._url
        if url.scheme == "unix":
            _, wire = await loop.create_unix_connection(Wire, unquote(url.path))
        else:
            tls = ssl.create_default_context() if url.scheme == "rediss" else None
            _, wire = await loop.create_connection(Wire, url.hostname or "", url.port or 6379, ssl=tls)
        try:
            if url.password:
                names = [unquote(url.username)] if url.username else []
                await wire.send(b"AUTH", *names, unquote(url.password))
            if number := _database(url.path if url.scheme != "unix" else "", url.query):
                await wire.send(b"SELECT", number)
            self._sha = await wire.send(b"SCRIPT", b"LOAD", self._source)
        except BaseException:
            wire.end()
            raise
        return wire


def _database(path: str, query: str) -> int:
    """redis-py's two ways to name a database: redis://host/3 and ?db=3."""
    named = parse_qs(query).get("db", [path.strip("/") or "0"])[0]
    return int(named)


async def _in_time(reply: asyncio.Future[Any], timeout_s: float) -> Any:
    loop = asyncio.get_running_loop()
    # A busy loop is no absent Redis: what came in meanwhile is read before anybody gives up.
    timer = loop.call_later(timeout_s, lambda: loop.call_later(timeout_s / 10, _expire, reply))
    try:
        return await reply
    finally:
        timer.cancel()


def _expire(reply: asyncio.Future[Any]) -> None:
    if not reply.done():
        reply.set_exception(TimeoutError("Redis takes too long"))
