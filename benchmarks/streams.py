"""Streams held open at once: chunks per second, memory and CPU of the gateway per stream."""

import asyncio
import json
import time

import uvloop

from benchmarks import proc
from benchmarks.sitting import Sitting

CHUNKS, PACE_MS = 60, 100


def hold_streams(place: Sitting, count: int) -> None:
    """Open `count` streams of ten chunks a second each and hold them all to their end."""
    (worker,) = place.gateway.workers()
    memory, cpu = proc.resident_kb(worker), proc.cpu_s(worker)
    began = time.perf_counter()
    chunks, complete, peak = uvloop.run(_hold(place, count, worker))
    seconds = time.perf_counter() - began
    busy = (proc.cpu_s(worker) - cpu) / seconds
    most, each, rate = 1000 / PACE_MS * count, (peak - memory) / count, chunks / seconds
    print(f"streams: {complete} of {count} held to the end, {rate:.0f} chunks/s of {most:.0f} at most")
    print(f"streams: {each:.0f} KB of memory per stream, gateway CPU {busy:.0%}")
    assert complete == count, f"{count - complete} streams were cut"


async def _hold(place: Sitting, count: int, worker: int) -> tuple[int, int, int]:
    """Chunks that came, streams that ended with [DONE], and the worker's largest memory in KB."""
    streams = [asyncio.create_task(_stream(place, number)) for number in range(count)]
    peak = 0
    while not all(stream.done() for stream in streams):
        peak = max(peak, proc.resident_kb(worker))
        await asyncio.sleep(0.25)
    results = [stream.result() for stream in streams]
    return sum(chunks for chunks, _ in results), sum(done for _, done in results), peak


async def _stream(place: Sitting, number: int) -> tuple[int, bool]:
    wishes = {"upstream": {"completion_tokens": CHUNKS, "chunk_ms": PACE_MS}}
    messages = [{"role": "user", "content": json.dumps(wishes)}]
    body = json.dumps({"model": "bench/stream", "stream": True, "messages": messages}).encode()
    key = place.keys[number % len(place.keys)]
    head = "POST /v1/chat/completions HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: application/json\r\n"
    reader, writer = await asyncio.open_connection("127.0.0.1", place.gateway.port)
    writer.write(f"{head}authorization: Bearer {key}\r\ncontent-length: {len(body)}\r\n\r\n".encode() + body)
    chunks, done = 0, False
    while not done and (line := await reader.readline()):
        chunks += line.startswith(b"data: {")
        done = line.startswith(b"data: [DONE]")
    writer.close()
    return chunks, done
