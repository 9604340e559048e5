"""`python -m tests.faults.chaos CONFIG`: TCP and unix-socket links that can delay, stall, reset and cut.

CONFIG is a JSON file: {"control": path, "links": {name: {"listen": address, "target": address}}}, where an
address is a port of 127.0.0.1 or the path of a unix socket. The control socket takes one JSON object a line,
{"link": name, "rule": {…}} (see Rule), and answers with the link's counts.
"""

import asyncio
import contextlib
import json
import os
import signal
import socket
import struct
import sys
from dataclasses import asdict, dataclass, field
from pathlib import Path
from random import Random
from typing import Any, Self

import uvloop

RESET = struct.pack("ii", 1, 0)
BLOCK = 64 * 1024


@dataclass(slots=True, kw_only=True)
class Rule:
    """What happens on a link from now on; the default lets everything pass."""

    closed: bool = False  # new connections are reset at once
    stalled: bool = False  # nothing moves, on old connections either
    delay_ms: int = 0  # of each block that comes back
    rate: int = 0  # bytes per second that come back; 0: no limit
    kinds: list[str] = field(
        default_factory=list
    )  # of ends: reset, cut, stall, flip; one for each new connection
    share: float = 0.0  # of new connections that meet such an end
    after: int = 1  # it strikes at 1 … after bytes of what comes back
    canned: str = ""  # hex of bytes that answer the first block instead of the target
    kill_items: int = 0  # kill -9 the peer process when it sends this many items of a ledger batch
    seed: int = 0


@dataclass(slots=True)
class Link:
    """One listener and its connections."""

    name: str
    target: int | str
    rule: Rule = field(default_factory=Rule)
    random: Random = field(default_factory=Random)
    flowing: asyncio.Event = field(default_factory=asyncio.Event)
    open: set[asyncio.StreamWriter] = field(default_factory=set)
    counts: dict[str, int] = field(default_factory=dict)
    killed: list[int] = field(default_factory=list)
    changed: asyncio.Event = field(default_factory=asyncio.Event)

    def count(self, what: str) -> None:
        self.counts[what] = self.counts.get(what, 0) + 1

    def set(self, rule: Rule) -> Self:
        self.rule, self.random = rule, Random(rule.seed)
        self.changed.set()  # stalled connections end with the rule that stalled them
        self.changed = asyncio.Event()
        (self.flowing.clear if rule.stalled else self.flowing.set)()
        return self

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection from its beginning to its end."""
        self.count("connections")
        if self.rule.closed:
            _reset(writer)
            return
        await self.flowing.wait()
        end, after = self._fate()
        with contextlib.suppress(OSError, asyncio.CancelledError):
            if self.rule.canned:
                await reader.read(BLOCK)
                writer.write(bytes.fromhex(self.rule.canned))
                await writer.drain()
                writer.close()
                return
            there, back = await _connect(self.target)
            ways = [
                asyncio.ensure_future(self._forth(reader, back, writer)),
                asyncio.ensure_future(self._back(there, writer, end, after)),
            ]
            await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
            for way in ways:
                way.cancel()
            back.close()
        writer.close()

    def _fate(self) -> tuple[str, int]:
        if self.rule.kinds and self.random.random() < self.rule.share:
            return self.random.choice(self.rule.kinds), self.random.randint(1, self.rule.after)
        return "", 0

    async def _forth(
        self, reader: asyncio.StreamReader, back: asyncio.StreamWriter, writer: asyncio.StreamWriter
    ) -> None:
        while data := await reader.read(BLOCK):
            await self.flowing.wait()
            back.write(data)
            await back.drain()
            if 0 < self.rule.kill_items <= data.count(b'"org":'):
                self._kill(writer)

    def _kill(self, writer: asyncio.StreamWriter) -> None:
        """The batch is on its way to the server, its answer can't be back yet."""
        raw = writer.get_extra_info("socket")
        pid = struct.unpack("3i", raw.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12))[0]
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
            self.killed.append(pid)
            self.count("killed")

    async def _back(
        self, there: asyncio.StreamReader, writer: asyncio.StreamWriter, end: str, after: int
    ) -> None:
        passed = 0
        while data := await there.read(BLOCK):
            await self.flowing.wait()
            await self._slow_down(len(data))
            if end and passed + len(data) >= after:
                self.count(end)
                data = await self._strike(writer, data, after - passed, end)
                if end != "flip":
                    return
                end = ""
            passed += len(data)
            writer.write(data)
            await writer.drain()

    async def _slow_down(self, size: int) -> None:
        wait = self.rule.delay_ms / 1000 + (size / self.rule.rate if self.rule.rate else 0)
        if wait:
            await asyncio.sleep(wait)

    async def _strike(self, writer: asyncio.StreamWriter, data: bytes, keep: int, end: str) -> bytes:
        if end == "flip":
            at = max(0, keep - 1)
            return data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :]
        writer.write(data[:keep])
        await writer.drain()
        if end == "stall":
            await self.changed.wait()
        if end == "reset":
            await asyncio.sleep(0.02)  # lets what was written leave before the reset discards it
            _reset(writer)
        return b""


def _reset(writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):
        writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
    writer.transport.abort()


async def _connect(target: int | str) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    if isinstance(target, int):
        return await asyncio.open_connection("127.0.0.1", target)
    return await asyncio.open_unix_connection(target)


async def main(config: dict[str, Any]) -> None:
    """Serve the links until killed."""
    servers = []  # uvloop closes a server that nobody keeps
    links = {name: Link(name, link["target"]).set(Rule()) for name, link in config["links"].items()}
    for name, link in links.items():
        listen = config["links"][name]["listen"]
        if isinstance(listen, int):
            servers.append(await asyncio.start_server(link.serve, "127.0.0.1", listen, backlog=1024))
        else:
            servers.append(await asyncio.start_unix_server(link.serve, listen, backlog=1024))

    async def control(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while line := await reader.readline():
            wish = json.loads(line)
            link = links[wish["link"]]
            if "rule" in wish:
                link.set(Rule(**wish["rule"]))
            answer = {"counts": link.counts, "killed": link.killed, "rule": asdict(link.rule)}
            writer.write(json.dumps(answer).encode() + b"\n")
            await writer.drain()

    servers.append(await asyncio.start_unix_server(control, config["control"]))
    await asyncio.gather(*(server.serve_forever() for server in servers))


class Control:
    """The harness's side of the control socket."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def set(self, link: str, **rule: Any) -> dict[str, Any]:
        """From now on this rule holds on the link; without one everything passes. Answers the counts."""
        return self._ask({"link": link, "rule": rule})

    def read(self, link: str) -> dict[str, Any]:
        """The link's counts."""
        return self._ask({"link": link})

    def _ask(self, wish: dict[str, Any]) -> dict[str, Any]:
        with socket.socket(socket.AF_UNIX) as wire:
            wire.settimeout(10)
            wire.connect(str(self._path))
            wire.sendall(json.dumps(wish).encode() + b"\n")
            with wire.makefile("rb") as lines:
                answer: dict[str, Any] = json.loads(lines.readline())
        return answer


if __name__ == "__main__":
    uvloop.run(main(json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))))
