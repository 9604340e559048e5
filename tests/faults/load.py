"""`python -m tests.faults.load PORT KEYS CALLS RECORDS`: open-loop load, a record for every call.

The first line of the records is when the load began, by the machine's monotonic clock.

A call is sent when it is due, however the calls before it fare, on a connection of its own; its times count
from when it was due.
"""

import asyncio
import json
import re
import socket
import struct
import sys
import time
from dataclasses import asdict
from pathlib import Path
from typing import IO

import httptools
import uvloop

from tests.faults.calls import WORD, Record, Spec, load_specs

PATIENCE_S = 100.0
KEPT = 256 * 1024  # of the end of a body; costs and error codes are looked for there
SLOW_BYTES_S = 1024
RESET = struct.pack("ii", 1, 0)
_TOKEN = f'"{WORD}"'.encode()
_COST = re.compile(rb'"cost_uzs":\s*"([0-9.]+)"')
_CODE = re.compile(rb'"code":\s*"([^"]+)"')


class Call(asyncio.Protocol):
    """One call on one connection, from connect to the last byte or whatever comes before it."""

    def __init__(self, spec: Spec, request: bytes, due: float) -> None:
        self.spec, self.request, self.due = spec, request, due
        self.over: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.parser = httptools.HttpResponseParser(self)
        self.headers: dict[bytes, bytes] = {}
        self.tail = bytearray()
        self.complete = self.left = False
        self.broken = ""
        self.status = self.bytes = 0
        self.first_ms = 0.0
        self.transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport  # type: ignore[assignment]
        self.transport.write(self.request)
        if self.spec.leave == "half":
            self.transport.write_eof()
        elif self.spec.leave and not self.spec.leave_after:
            self.leave()

    def data_received(self, data: bytes) -> None:
        self.bytes += len(data)
        self.first_ms = self.first_ms or self.elapsed_ms()
        try:
            self.parser.feed_data(data)
        except httptools.HttpParserError:
            self.end("garbage")
            return
        if (
            self.spec.leave in ("reset", "close")
            and self.bytes >= self.spec.leave_after
            and not self.complete
        ):
            self.leave()
        elif self.spec.slow and not self.complete:
            self.transport.pause_reading()
            asyncio.get_running_loop().call_later(len(data) / SLOW_BYTES_S, self.read_on)

    def read_on(self) -> None:
        if not self.transport.is_closing():
            self.transport.resume_reading()

    def leave(self) -> None:
        self.left = True
        if self.spec.leave == "reset":
            raw = self.transport.get_extra_info("socket")
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
        self.transport.abort()

    def on_header(self, name: bytes, value: bytes) -> None:
        self.headers[name.lower()] = value

    def on_headers_complete(self) -> None:
        self.status = self.parser.get_status_code()

    def on_body(self, body: bytes) -> None:
        self.tail += body
        del self.tail[:-KEPT]

    def on_message_complete(self) -> None:
        self.complete = True
        self.end("")

    def connection_lost(self, exc: Exception | None) -> None:
        self.end("left" if self.left else "cut")

    def end(self, why: str) -> None:
        if not self.over.done():
            self.broken = why
            self.over.set_result(None)
        self.transport.close()

    def elapsed_ms(self) -> float:
        return round((time.monotonic() - self.due) * 1000, 1)

    def record(self, broken: str = "") -> Record:
        """What is known of the call now; `broken` for one that never ended by itself."""
        done = b"data: [DONE]" in self.tail if self.spec.stream else self.complete
        cost = self.headers.get(b"x-cloudapi-cost-uzs", b"")
        if self.spec.stream and (found := _COST.findall(self.tail)):
            cost = found[-1]
        code = _CODE.findall(self.tail) if not done or self.status != 200 else []
        return Record(
            number=self.spec.number,
            at=self.spec.at,
            wallet=self.spec.wallet,
            stream=self.spec.stream,
            status=self.status,
            finished=self.status == 200 and done,
            broken=broken or self.broken,
            bytes=self.bytes,
            tokens=self.tail.count(_TOKEN) if self.spec.stream else 0,
            request_id=self.headers.get(b"x-request-id", b"").decode(),
            cost_micros=_micros(cost) if cost else None,
            code=code[-1].decode() if code else "",
            first_ms=self.first_ms,
            ms=self.elapsed_ms(),
        )


def _micros(text: bytes) -> int:
    whole, _, rest = text.decode().partition(".")
    return int(whole) * 1_000_000 + int(rest.ljust(6, "0"))


async def _call(spec: Spec, port: int, key: str, began: float) -> Record:
    due = began + spec.at
    call = Call(spec, _request(spec, key), due)
    try:
        await _connect(call, port)
    except OSError:
        return call.record("refused")
    try:
        await asyncio.wait_for(asyncio.shield(call.over), PATIENCE_S)
    except TimeoutError:
        call.transport.abort()
        return call.record("hung")
    return call.record()


async def _connect(call: Call, port: int) -> None:
    loop = asyncio.get_running_loop()
    if not call.spec.slow:
        await loop.create_connection(lambda: call, "127.0.0.1", port)
        return
    raw = socket.socket()
    raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    raw.setblocking(False)
    await loop.sock_connect(raw, ("127.0.0.1", port))
    await loop.create_connection(lambda: call, sock=raw)


def _request(spec: Spec, key: str) -> bytes:
    body = spec.body.encode()
    head = (
        "POST /v1/chat/completions HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: application/json\r\n"
        f"authorization: Bearer {key}\r\ncontent-length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


async def main(port: int, keys: list[str], calls: list[Spec], records: IO[str]) -> None:
    """All calls in their time; ends when the last one is over."""
    began = time.monotonic()
    records.write(f"{began}\n")
    records.flush()
    running: set[asyncio.Task[Record]] = set()

    def note(task: asyncio.Task[Record]) -> None:
        running.discard(task)
        records.write(json.dumps(asdict(task.result())) + "\n")
        records.flush()

    for spec in calls:
        await asyncio.sleep(max(0.0, began + spec.at - time.monotonic()))
        task = asyncio.create_task(_call(spec, port, keys[spec.wallet], began))
        running.add(task)
        task.add_done_callback(note)
    while running:
        await asyncio.wait(set(running))


if __name__ == "__main__":
    gate, key_file, call_file, record_file = sys.argv[1:]
    with Path(record_file).open("w", encoding="utf-8") as out:
        uvloop.run(main(int(gate), Path(key_file).read_text().split(), load_specs(Path(call_file)), out))
