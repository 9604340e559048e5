"""An upstream that streams by the clock: each chunk says when it was due, so that lateness can be measured.

`python -m benchmarks.pacer PORT`. The last message of a request is JSON: {"chunks": 500, "pace_ms": 20}. One
round per millisecond writes what is due, for a few µs a chunk, so that it isn't what is measured.
"""

import asyncio
import heapq
import json
import sys
import time

import uvloop

from benchmarks.upstream import request_size

HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n"
BEFORE = (
    b'data: {"id":"chatcmpl-bench","object":"chat.completion.chunk","created":1700000000,"model":"bench",'
    b'"service_tier":"default","system_fingerprint":"fp_bench","choices":[{"index":0,"delta":{"content":"'
)
AFTER = b'"},"logprobs":null,"finish_reason":null}],"usage":null}\n\n'
STOP = BEFORE + b'"},"logprobs":null,"finish_reason":"stop"}],"usage":null}\n\n'
END = b"data: [DONE]\n\n"


def usage(chunks: int) -> bytes:
    """The chunk that ends a stream of so many tokens."""
    counts = {"prompt_tokens": 24, "completion_tokens": chunks, "total_tokens": 24 + chunks}
    frame = {"id": "chatcmpl-bench", "object": "chat.completion.chunk", "created": 1_700_000_000}
    return b"data: %b\n\n" % json.dumps(frame | {"model": "bench", "choices": [], "usage": counts}).encode()


def framed(data: bytes) -> bytes:
    """One chunk of HTTP."""
    return b"%x\r\n%b\r\n" % (len(data), data)


class Paced(asyncio.Protocol):
    """One connection; its streams come one after the other."""

    def __init__(self, wheel: "Wheel") -> None:
        self._wheel = wheel
        self._held = b""
        self.transport: asyncio.Transport
        self.left = self.told = 0
        self.pace_s = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport  # type: ignore[assignment]

    def data_received(self, data: bytes) -> None:
        self._held += data
        if (size := request_size(self._held)) and len(self._held) >= size:
            body = json.loads(self._held.partition(b"\r\n\r\n")[2])
            self._held = self._held[size:]
            wishes = json.loads(body["messages"][-1]["content"])
            self.left = self.told = wishes["chunks"]
            self.pace_s = wishes["pace_ms"] / 1000
            self.transport.write(HEAD)
            self._wheel.put(time.monotonic() + self.pace_s, self)

    def tell(self, due: float) -> bool:
        """Writes the chunk that was due then; whether there are more."""
        if self.transport.is_closing():
            return False
        if self.left:
            self.left -= 1
            self.transport.write(framed(b"%b%.6f %b" % (BEFORE, due, AFTER)))
            return True
        ends = framed(STOP) + framed(usage(self.told)) + framed(END) + b"0\r\n\r\n"
        self.transport.write(ends)
        return False


class Wheel:
    """What is due when, over all connections."""

    def __init__(self) -> None:
        self._due: list[tuple[float, int, Paced]] = []

    def put(self, due: float, stream: Paced) -> None:
        heapq.heappush(self._due, (due, id(stream), stream))

    async def turn(self) -> None:
        """Writes everything at its time; never ends."""
        while True:
            now = time.monotonic()
            while self._due and self._due[0][0] <= now:
                due, _, stream = heapq.heappop(self._due)
                if stream.tell(due):
                    self.put(due + stream.pace_s, stream)
            await asyncio.sleep(0.001)


async def main(port: int) -> None:
    """Serve until killed."""
    wheel = Wheel()
    server = await asyncio.get_running_loop().create_server(
        lambda: Paced(wheel), "127.0.0.1", port, backlog=2048
    )
    async with server:
        await wheel.turn()


if __name__ == "__main__":
    uvloop.run(main(int(sys.argv[1])))
