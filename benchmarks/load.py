"""Load: wrk where it is installed, else a bare asyncio client; both keep each connection busy."""

import asyncio
import json
import shutil
import subprocess
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import uvloop

from benchmarks.reply import PATH, REQUEST

# Requests are built in init: only there wrk knows the Host.
LUA = """
local requests, bodies, turn = {}, {}, 0
init = function()
  for body in io.lines("%(bodies)s") do bodies[#bodies + 1] = body end
  for key in io.lines("%(keys)s") do
    local headers = {["Content-Type"] = "application/json", ["Authorization"] = "Bearer " .. key}
    requests[#requests + 1] = wrk.format("POST", "%(path)s", headers, bodies[#requests %% #bodies + 1])
  end
end
request = function() turn = turn %% #requests + 1; return requests[turn] end
done = function(summary, latency)
  local errors = summary.errors
  io.write(string.format(
    'RESULT {"ok": %%d, "bad": %%d, "seconds": %%.6f, "p50_ms": %%.3f, "p99_ms": %%.3f}\\n',
    summary.requests - errors.status, errors.status + errors.connect + errors.read + errors.timeout,
    summary.duration / 1e6, latency:percentile(50) / 1000, latency:percentile(99) / 1000))
end
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """One run of load."""

    ok: int
    bad: int
    seconds: float
    p50_ms: float
    p99_ms: float

    @property
    def rate(self) -> float:
        """Good answers per second."""
        return self.ok / self.seconds

    def __str__(self) -> str:
        bad = f", {self.bad} BAD" if self.bad else ""
        return f"{self.rate:8.0f} req/s   p50 {self.p50_ms:7.2f} ms   p99 {self.p99_ms:7.2f} ms{bad}"


def tool() -> str:
    """What makes the load on this machine."""
    return "wrk" if shutil.which("wrk") else "asyncio client (wrk is not installed; it may be the bottleneck)"


def press(
    port: int, keys: Sequence[str], connections: int, seconds: float, bodies: Sequence[str] = (REQUEST,)
) -> Result:
    """Load for some seconds, the keys in turn, each with its body (the bodies in turn, one line each)."""
    if shutil.which("wrk"):
        return _wrk(port, keys, connections, seconds, bodies)
    asked = [_request(key, bodies[turn % len(bodies)]) for turn, key in enumerate(keys)]
    return uvloop.run(_own(port, asked, connections, until_s=seconds))


def send_exactly(port: int, keys: Sequence[str], connections: int, count: int) -> Result:
    """So many calls and not one more, each waited for."""
    return uvloop.run(_own(port, [_request(key, REQUEST) for key in keys], connections, calls=count))


def _wrk(port: int, keys: Sequence[str], connections: int, seconds: float, bodies: Sequence[str]) -> Result:
    with tempfile.TemporaryDirectory() as folder:
        key_file, body_file, script = Path(folder, "keys"), Path(folder, "bodies"), Path(folder, "load.lua")
        key_file.write_text("\n".join(keys) + "\n")
        body_file.write_text("\n".join(bodies) + "\n")
        script.write_text(LUA % {"keys": key_file, "path": PATH, "bodies": body_file})
        command = ["wrk", "-t1", f"-c{connections}", f"-d{seconds:g}s", "--timeout", "30s", "-s", str(script)]
        done = subprocess.run(
            [*command, f"http://127.0.0.1:{port}"], capture_output=True, text=True, check=True
        )
    line = next(line for line in done.stdout.splitlines() if line.startswith("RESULT "))
    return Result(**json.loads(line.removeprefix("RESULT ")))


async def _own(
    port: int, asked: Sequence[bytes], connections: int, *, calls: int = 0, until_s: float = 0
) -> Result:
    began = time.perf_counter()
    tickets = iter(range(calls)) if calls else iter(lambda: time.perf_counter() > began + until_s, True)
    latencies: list[float] = []
    bad = await asyncio.gather(*(_busy(port, asked, tickets, latencies) for _ in range(connections)))
    seconds = time.perf_counter() - began
    latencies.sort()
    p50, p99 = (latencies[int(len(latencies) * part)] * 1000 for part in (0.5, 0.99))
    return Result(ok=len(latencies), bad=sum(bad), seconds=seconds, p50_ms=p50, p99_ms=p99)


async def _busy(port: int, asked: Sequence[bytes], tickets: object, latencies: list[float]) -> int:
    """One connection; how many answers were no 200."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    bad = 0
    for turn, _ in enumerate(tickets):  # type: ignore[call-overload]
        began = time.perf_counter()
        writer.write(asked[turn % len(asked)])
        if await _is_good(reader):
            latencies.append(time.perf_counter() - began)
        else:
            bad += 1
    writer.close()
    return bad


def _request(key: str, body: str) -> bytes:
    data = body.encode()
    head = f"POST {PATH} HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: application/json\r\n"
    return f"{head}authorization: Bearer {key}\r\ncontent-length: {len(data)}\r\n\r\n".encode() + data


async def _is_good(reader: asyncio.StreamReader) -> bool:
    head = await reader.readuntil(b"\r\n\r\n")
    _, _, length = head.lower().partition(b"content-length:")
    await reader.readexactly(int(length.split(b"\r\n")[0]))
    return head.startswith(b"HTTP/1.1 200")
