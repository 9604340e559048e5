"""Paced streams as their reader sees them: when each chunk came, against when it was due."""

import asyncio
import json
import re
import time
from array import array
from dataclasses import dataclass, field

STAMP = re.compile(rb'"content":"(\d+\.\d+) ')
STEPS_MS = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000)


@dataclass(slots=True)
class Lateness:
    """All chunks of a run."""

    ms: array[float] = field(default_factory=lambda: array("d"))
    complete: int = 0
    cut: int = 0

    def at(self, part: float) -> float:
        """A quantile in ms."""
        ordered = sorted(self.ms)
        return ordered[min(len(ordered) - 1, int(part * len(ordered)))]

    def histogram(self) -> str:
        """Chunks up to each step, and those later than the last."""
        counts, below = [], 0
        for step in STEPS_MS:
            count = sum(value <= step for value in self.ms)
            counts.append(f"≤{step} ms {count - below}")
            below = count
        return ", ".join([*counts, f"later {len(self.ms) - below}"])

    def __str__(self) -> str:
        quantiles = ", ".join(f"p{part * 100:g} {self.at(part):.1f}" for part in (0.5, 0.99, 0.999))
        over = sum(value > 100 for value in self.ms)
        return (
            f"{len(self.ms)} chunks of {self.complete} complete and {self.cut} cut streams; lateness in ms:"
            f" {quantiles}, max {max(self.ms):.1f}; {over} over 100 ms"
        )


class Reader(asyncio.Protocol):
    """One stream."""

    def __init__(self, request: bytes, lateness: Lateness) -> None:
        self._request, self._lateness = request, lateness
        self.over: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._rest = b""
        self._transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport  # type: ignore[assignment]
        self._transport.write(self._request)

    def data_received(self, data: bytes) -> None:
        now = time.monotonic()
        self._rest += data
        end = 0
        for match in STAMP.finditer(self._rest):
            self._lateness.ms.append((now - float(match[1])) * 1000)
            end = match.end()
        if b"data: [DONE]" in self._rest:
            self._lateness.complete += 1
            self._transport.close()
            self.over.done() or self.over.set_result(None)
        self._rest = self._rest[max(end, len(self._rest) - 64) :]

    def connection_lost(self, exc: Exception | None) -> None:
        if not self.over.done():
            self._lateness.cut += 1
            self.over.set_result(None)


def request(key: str, chunks: int, pace_ms: float) -> bytes:
    """One paced stream as bytes."""
    messages = [{"role": "user", "content": json.dumps({"chunks": chunks, "pace_ms": pace_ms})}]
    asked = {"model": "bench/paced", "stream": True, "messages": messages, "max_tokens": 16384}
    body = json.dumps(asked).encode()
    head = "POST /v1/chat/completions HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: application/json\r\n"
    return f"{head}authorization: Bearer {key}\r\ncontent-length: {len(body)}\r\n\r\n".encode() + body


async def read_all(port: int, keys: list[str], count: int, rate: float, seconds: float) -> Lateness:
    """`count` streams of `rate` chunks a second, begun evenly over two seconds, each `seconds` long."""
    lateness, readers = Lateness(), []
    began, loop = time.monotonic(), asyncio.get_running_loop()
    for number in range(count):
        await asyncio.sleep(max(0.0, began + 2 * number / count - time.monotonic()))
        asked = request(keys[number % len(keys)], int(rate * seconds), 1000 / rate)
        _, reader = await loop.create_connection(
            lambda asked=asked: Reader(asked, lateness), "127.0.0.1", port
        )
        readers.append(reader)
    await asyncio.gather(*(reader.over for reader in readers))
    return lateness
