"""Requests on raw connections to a gateway: each must be answered or refused in time, and never by a 5xx."""

import asyncio
import json
import re
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from random import Random

from tests.fuzz.requests import Request, request

CONNECTIONS = 48
DEADLINE_S = 20.0
SILENCE_S = 0.25
STATUS = re.compile(rb"HTTP/1\.1 (\d{3}) ")
JSON_KEYS = {"type", "error", "request_id"}


class Ended(Exception):
    """The server closed the connection."""


@dataclass(slots=True)
class Report:
    """What came back. `failures`: case number and what was wrong with it."""

    statuses: Counter[int] = field(default_factory=Counter)
    cases: int = 0
    failures: list[tuple[int, str]] = field(default_factory=list)

    def blame(self, case: int, what: str) -> None:
        self.failures.append((case, what))


class Line:
    """A connection that is opened again whenever the server has had enough of it."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._reader: asyncio.StreamReader | None = None
        self._writer: asyncio.StreamWriter | None = None

    async def send(self, data: bytes) -> None:
        """Sends all; an earlier answer may make the server stop listening."""
        if self._writer is None or self._writer.is_closing() or self.reader.at_eof():
            await self.close()
            self._reader, self._writer = await asyncio.open_connection("127.0.0.1", self._port, limit=2**22)
        with suppress(ConnectionError):
            self._writer.write(data)
            await self._writer.drain()

    @property
    def reader(self) -> asyncio.StreamReader:
        assert self._reader is not None
        return self._reader

    async def answer(self, *, bodyless: bool) -> tuple[int, dict[bytes, bytes], bytes]:
        """The next whole answer. Raises Ended."""
        while True:
            try:
                head = await self.reader.readuntil(b"\r\n\r\n")
                status, headers = _read_head(head)
                if status >= 200:
                    body = b"" if bodyless or status in (204, 304) else await self._body(headers)
                    return status, headers, body
            except (asyncio.IncompleteReadError, ConnectionError):
                raise Ended from None

    async def _body(self, headers: dict[bytes, bytes]) -> bytes:
        if b"content-length" in headers:
            return await self.reader.readexactly(int(headers[b"content-length"]))
        parts = []
        while size := int(await self.reader.readline() or b"0", 16):
            parts.append(await self.reader.readexactly(size))
            await self.reader.readexactly(2)
        await self.reader.readline()
        return b"".join(parts)

    async def rest(self) -> bytes:
        """What the server says to something that may be no request, until it closes."""
        parts = []
        with suppress(ConnectionError, TimeoutError):
            while data := await asyncio.wait_for(self.reader.read(65536), SILENCE_S):
                parts.append(data)
        if not self.reader.at_eof() and self._writer is not None:
            with suppress(ConnectionError, OSError):
                self._writer.write_eof()
            with suppress(ConnectionError):
                while data := await self.reader.read(65536):
                    parts.append(data)
        await self.close()
        return b"".join(parts)

    async def close(self) -> None:
        writer, self._writer = self._writer, None
        if writer is not None:
            writer.close()
            with suppress(ConnectionError, OSError):
                await writer.wait_closed()


def _read_head(head: bytes) -> tuple[int, dict[bytes, bytes]]:
    first, *lines = head[:-4].split(b"\r\n")
    pairs = (line.partition(b":") for line in lines)
    return int(first.split(b" ")[1]), {name.lower(): value.strip() for name, _, value in pairs}


async def attack(port: int, keys: list[str], seed: str, count: int) -> Report:
    """`count` spoilt requests over connections that are kept while they serve."""
    report = Report()
    cases = iter(range(count))
    async with asyncio.TaskGroup() as group:
        for _ in range(CONNECTIONS):
            group.create_task(_work(port, keys, seed, cases, report))
    return report


async def _work(port: int, keys: list[str], seed: str, cases: Iterator[int], report: Report) -> None:
    line = Line(port)
    for case in cases:
        sent = request(Random(f"{seed}-{case}"), keys)
        report.cases += 1
        try:
            async with asyncio.timeout(DEADLINE_S):
                await line.send(sent.data)
                await (_framed if sent.framed else _unframed)(line, sent, case, report)
        except TimeoutError:
            report.blame(case, "no answer and no end")
            await line.close()
        except Ended:
            report.blame(case, "the connection ended without an answer")
            await line.close()
    await line.close()


async def _framed(line: Line, sent: Request, case: int, report: Report) -> None:
    """Still one HTTP request: one answer, in the envelope if it is an error of the API."""
    status, headers, body = await line.answer(bodyless=sent.data.startswith(b"HEAD "))
    report.statuses[status] += 1
    if status >= 500:
        report.blame(case, f"{status}: {body[:200]!r}")
    elif status >= 400 and sent.data.split(b" ", 2)[1].startswith((b"/v1", b"/api")):
        if not _is_envelope(body, headers):
            report.blame(case, f"{status} is no envelope: {body[:200]!r}")
    elif headers.get(b"content-type", b"").startswith(b"text/event-stream") and b"[DONE]" not in body:
        report.blame(case, f"a stream without its end: {body[-200:]!r}")
    if headers.get(b"connection") == b"close":
        await line.close()


async def _unframed(line: Line, sent: Request, case: int, report: Report) -> None:
    """Anything: whatever comes back, it ends, and none of it is our fault."""
    for match in STATUS.finditer(await line.rest()):
        status = int(match[1])
        report.statuses[status] += 1
        if status >= 500:
            report.blame(case, f"{status} to bytes")


def _is_envelope(body: bytes, headers: dict[bytes, bytes]) -> bool:
    try:
        return set(json.loads(body)) == JSON_KEYS and headers[b"content-type"] == b"application/json"
    except (ValueError, KeyError, TypeError):
        return False
