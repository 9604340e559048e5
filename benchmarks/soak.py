"""Mixed load for long: does anything grow that shouldn't?

    python -m benchmarks.soak --minutes 30 --rate 20

Streams, whole calls, refusals, upstream failures, clients that leave at any byte and clients that read
slowly. Every ten seconds memory, tasks, descriptors and connections of the worker are written down; flat
means that the last third of the run has no more of anything than the first third after the warm-up.
"""

import argparse
import asyncio
import json
import random
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Any

import psycopg
import uvloop

from benchmarks import proc
from benchmarks.environment import fresh_database
from benchmarks.sitting import Sitting, sitting
from benchmarks.steady import request
from tests import embedded

EVERY_S = 10.0
WARM_UP = 0.2  # of the run
# Names of what is sampled, with the growth that is none: a part of it, and so much more.
GROWTH = {
    "rss_kb": (0.05, 4096),
    "tasks": (0.25, 10),
    "descriptors": (0.25, 10),
    "clients": (0.25, 10),
    "upstreams": (0.25, 10),
    "postgres": (0.0, 2),
}
FAULTS = (
    *("500", "429", "400", "reset", "cut", "cut_json"),
    *("truncated", "malformed_chunk", "error_event"),
)
Sample = dict[str, float]


@dataclass(slots=True)
class Mix:
    """The calls of a soak, drawn from one seed."""

    place: Sitting
    dice: random.Random
    outcomes: Counter[str] = field(default_factory=Counter)

    async def one(self) -> None:
        """One call of some kind, to its end or to where its client leaves."""
        kinds: list[tuple[Callable[[], Awaitable[str]], int]] = [
            (self._whole, 35), (self._stream, 35), (self._leaves, 12), (self._refused, 8), (self._fails, 8),
            (self._slow, 2),
        ]  # fmt: skip
        (kind,) = self.dice.choices([kind for kind, _ in kinds], [weight for _, weight in kinds])
        try:
            self.outcomes[f"{kind.__name__.strip('_')} {await kind()}"] += 1
        except (OSError, asyncio.IncompleteReadError) as error:
            self.outcomes[f"{kind.__name__.strip('_')} {type(error).__name__}"] += 1

    async def _whole(self) -> str:
        return await self._status({"model": "bench/model"})

    async def _stream(self) -> str:
        wishes = {"completion_tokens": self.dice.randrange(5, 60), "chunk_ms": self.dice.randrange(5, 50)}
        return await self._status({"model": "bench/stream", "stream": True}, **wishes)

    async def _leaves(self) -> str:
        body = {"model": "bench/stream", "stream": self.dice.random() < 0.7}
        reader, writer = await self._ask(body, completion_tokens=40, chunk_ms=20)
        await reader.read(1 if self.dice.random() < 0.2 else self.dice.randrange(1, 8000))
        writer.transport.abort() if self.dice.random() < 0.5 else writer.close()
        return "left"

    async def _refused(self) -> str:
        return await self._status(
            self.dice.choice([{"model": "no/such"}, {"model": 7}, {"model": "bench/model", "n": 0}])
        )

    async def _fails(self) -> str:
        faults = [
            "500",
            "429",
            "400",
            "reset",
            "cut",
            "cut_json",
            "truncated",
            "malformed_chunk",
            "error_event",
        ]
        body = {"model": "bench/stream", "stream": self.dice.random() < 0.5}
        return await self._status(body, fault=self.dice.choice(faults), completion_tokens=8)

    async def _slow(self) -> str:
        reader, writer = await self._ask({"model": "bench/stream", "stream": True}, completion_tokens=200)
        got = 0
        while data := await reader.read(1024):
            got += len(data)
            await asyncio.sleep(0.1)
        writer.close()
        return "read"

    async def _status(self, body: dict[str, Any], **wishes: Any) -> str:
        reader, writer = await self._ask(body, **wishes)
        said = await reader.read()
        writer.close()
        return said[9:12].decode() or "nothing"

    async def _ask(
        self, body: dict[str, Any], **wishes: Any
    ) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        messages = [{"role": "user", "content": json.dumps({"upstream": wishes})}]
        asked = request(self.dice.choice(self.place.keys), json.dumps({"messages": messages} | body))
        asked = asked.replace(b"\r\n", b"\r\nconnection: close\r\n", 1)
        reader, writer = await asyncio.open_connection("127.0.0.1", self.place.gateway.port, limit=4096)
        writer.write(asked)
        return reader, writer


def main(options: argparse.Namespace) -> None:
    """Run, print the samples as they come, then what grew. AssertionError if something did."""
    environment = fresh_database()
    folder = embedded.session_folder()
    window = {"GUNICORN_CMD_ARGS": "--worker-class benchmarks.watched.Worker", "WATCH_DIR": str(folder)}
    with sitting(environment | window) as place:
        mix = Mix(place, random.Random(options.seed))
        print(f"seed {options.seed}, {options.rate:g} calls/s for {options.minutes:g} minutes")
        samples = uvloop.run(_soak(mix, folder, options.rate, options.minutes * 60))
        print(f"calls: {sum(mix.outcomes.values())}: {dict(sorted(mix.outcomes.items()))}")
        print(embedded.manage("check_ledger", env=environment).strip())
        grown = _report(samples)
    assert not grown, f"not flat: {', '.join(grown)}"


async def _soak(mix: Mix, folder: Path, rate: float, seconds: float) -> list[Sample]:
    samples: list[Sample] = []
    began, number, calls = time.monotonic(), 0, set()
    while (now := time.monotonic()) < began + seconds:
        if now >= began + EVERY_S * (len(samples) + 1):
            samples.append(await asyncio.to_thread(_sample, mix.place, folder))
            line = ", ".join(f"{name} {value:g}" for name, value in samples[-1].items())
            print(f"{now - began:6.0f} s  {line}", flush=True)
        while number < (time.monotonic() - began) * rate:
            call = asyncio.create_task(mix.one())
            calls.add(call)
            call.add_done_callback(calls.discard)
            number += 1
        await asyncio.sleep(0.01)
    await asyncio.wait(calls, timeout=60)
    await asyncio.sleep(20)  # kept-alive connections to upstreams end after 15 s
    print(f"idle again: {await asyncio.to_thread(_sample, mix.place, folder)}", flush=True)
    return samples


def _sample(place: Sitting, folder: Path) -> Sample:
    (worker,) = place.gateway.workers()
    counts = json.loads((folder / f"{worker}.json").read_text())
    with psycopg.connect(embedded.servers().superuser_url()) as connection:
        query = "SELECT count(*) FROM pg_stat_activity WHERE usename = 'cloudapi_gateway'"
        ((sessions,),) = connection.execute(query).fetchall()
    return {
        "rss_kb": proc.resident_kb(worker),
        "tasks": counts["tasks"],
        "descriptors": len(list(Path(f"/proc/{worker}/fd").iterdir())),
        "clients": counts["doors"],
        "upstreams": _connections_to(place.upstream_ports),
        "postgres": sessions,
    }


def _connections_to(ports: tuple[int, ...]) -> int:
    ends = tuple(f":{port:04X}" for port in ports)
    lines = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    return sum(line[2].endswith(ends) and line[3] == "01" for line in lines)


def _report(samples: list[Sample]) -> list[str]:
    """Prints first and last third of each figure; the names of those that grew."""
    warm = samples[int(len(samples) * WARM_UP) :]
    third = max(1, len(warm) // 3)
    grown = []
    print(f"{'':12} {'first third':>12} {'last third':>12} {'most':>12}")
    for name, (part, more) in GROWTH.items():
        first, last = (median(one[name] for one in some) for some in (warm[:third], warm[-third:]))
        flat = last <= first * (1 + part) + more
        verdict = "flat" if flat else "GROWS"
        print(f"{name:12} {first:12g} {last:12g} {max(one[name] for one in samples):12g}  {verdict}")
        grown += [] if flat else [name]
    return grown


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Mixed load for long")
    parser.add_argument("--minutes", type=float, default=30)
    parser.add_argument("--rate", type=float, default=20, help="calls per second")
    parser.add_argument("--seed", type=int, default=1)
    main(parser.parse_args())
