"""Open-loop load: calls begin when they are due, whether or not earlier ones are over.

Latency counts from the due time, so that a stall of the gateway is seen by all calls that it held up, not
only by the one that met it (no coordinated omission).
"""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

from benchmarks.reply import PATH, REQUEST


@dataclass(slots=True)
class Latencies:
    """Milliseconds from when calls were due (`due_ms`) and from when they were sent (`sent_ms`)."""

    due_ms: list[float] = field(default_factory=list)
    sent_ms: list[float] = field(default_factory=list)
    bad: int = 0

    def at(self, part: float) -> float:
        """A quantile from the due time."""
        return quantile(self.due_ms, part)

    def __str__(self) -> str:
        parts = (0.5, 0.9, 0.99, 0.999, 1)
        figures = ", ".join(f"p{part * 100:g} {self.at(part):.1f}" for part in parts)
        bad = f", {self.bad} BAD" if self.bad else ""
        sent = quantile(self.sent_ms, 0.99)
        return f"{len(self.due_ms)} calls, ms: {figures} (p99 from sending {sent:.1f}){bad}"


def quantile(values: Sequence[float], part: float) -> float:
    """The value below which this part of all lies; 0 without values."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(part * len(ordered)))] if ordered else 0.0


class Line(asyncio.Protocol):
    """A kept-alive connection with one call on it at a time."""

    def __init__(self) -> None:
        self._held = b""
        self._size = 0
        self._over: asyncio.Future[bool] | None = None
        self.transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport  # type: ignore[assignment]

    def ask(self, request: bytes) -> asyncio.Future[bool]:
        """Whether the answer was a 200."""
        self._over = asyncio.get_running_loop().create_future()
        self._held, self._size = b"", 0
        self.transport.write(request)
        return self._over

    def data_received(self, data: bytes) -> None:
        self._held += data
        if not self._size:
            head, end, _ = self._held.partition(b"\r\n\r\n")
            if not end:
                return
            length = head.lower().partition(b"content-length:")[2].split(b"\r\n")[0]
            self._size = len(head) + 4 + int(length or 0)
        if len(self._held) >= self._size and self._over is not None and not self._over.done():
            self._over.set_result(self._held.startswith(b"HTTP/1.1 200"))

    def connection_lost(self, exc: Exception | None) -> None:
        if self._over is not None and not self._over.done():
            self._over.set_result(False)


class Steady:
    """Whole calls at a rate, the keys in turn, on as many connections as it takes."""

    def __init__(
        self, port: int, keys: Sequence[str], rate: float, bodies: Sequence[str] = (REQUEST,)
    ) -> None:
        self._port, self._rate = port, rate
        self._requests = [request(key, bodies[turn % len(bodies)]) for turn, key in enumerate(keys)]
        self._idle: list[Line] = []
        self.latencies = Latencies()

    async def run(self, seconds: float) -> Latencies:
        """All calls of so many seconds, to the end of the last; their latencies alone."""
        found = self.latencies = Latencies()
        began, calls = time.perf_counter(), set()
        for number in range(int(self._rate * seconds)):
            due = began + number / self._rate
            if (wait := due - time.perf_counter()) > 0:
                await asyncio.sleep(wait)
            call = asyncio.create_task(self._call(due, self._requests[number % len(self._requests)]))
            calls.add(call)
            call.add_done_callback(calls.discard)
        if calls:
            await asyncio.wait(calls)
        return found

    async def _call(self, due: float, asked: bytes) -> None:
        found = self.latencies
        self._idle = [line for line in self._idle if not line.transport.is_closing()]
        line = self._idle.pop() if self._idle else await self._connect()
        if line is None:
            found.bad += 1
            return
        sent = time.perf_counter()
        good = await line.ask(asked)
        now = time.perf_counter()
        if good:
            found.due_ms.append((now - due) * 1000)
            found.sent_ms.append((now - sent) * 1000)
        else:
            found.bad += 1
        if not line.transport.is_closing():
            self._idle.append(line)

    async def _connect(self) -> Line | None:
        try:
            _, line = await asyncio.get_running_loop().create_connection(Line, "127.0.0.1", self._port)
        except OSError:
            return None
        return line

    def close(self) -> None:
        """Ends the connections."""
        for line in self._idle:
            line.transport.close()


def request(key: str, body: str = REQUEST) -> bytes:
    """A call as bytes."""
    data = body.encode()
    head = f"POST {PATH} HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: application/json\r\n"
    return f"{head}authorization: Bearer {key}\r\ncontent-length: {len(data)}\r\n\r\n".encode() + data
