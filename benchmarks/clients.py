"""What slow and vanishing clients cost, and what they cost others.

    python -m benchmarks.clients [--scale 1.0]

Beside each kind of client, well-behaved ones make 50 whole calls a second; their p99 is compared with that
of the same load alone. Memory is the most that the worker had, less what it had before; "unsent" is the part
of it that waited in the worker's own buffers for these clients.
"""

import argparse
import asyncio
import json
import random
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from math import inf
from pathlib import Path

from benchmarks import lateness, proc
from benchmarks.environment import fresh_database
from benchmarks.hostile import Hostile, streamed
from benchmarks.measure import charges
from benchmarks.sitting import Sitting, sitting
from benchmarks.steady import Steady, quantile
from tests import embedded
from tests.factories import rows

RATE = 50.0
ALONE_S = 15.0
SLOW_S = 40.0
GOAL_KB, GOAL_P99, GOAL_CANCEL_S = 64, 2.0, 1.0


@dataclass(slots=True)
class Trial:
    """One sitting's hostile clients beside the steady others."""

    place: Sitting
    hostile: Hostile
    others: Steady
    folder: Path  # the worker's window, see benchmarks/watched.py
    alone_p99: float = 0.0

    async def alone(self) -> None:
        """What to compare with: once for the caches, once measured."""
        await self.others.run(3)
        found = await self.others.run(ALONE_S)
        self.alone_p99 = found.at(0.99)
        print(f"others alone: {found}")

    async def beside[Found](
        self, name: str, clients: list[Awaitable[Found]], seconds: float, *, alone_s: float = 0
    ) -> list[Found]:
        """Runs the clients, and the others for so long.

        alone_s: so long the clients have the worker to themselves, and that is when its memory counts.
        """
        (worker,) = self.place.gateway.workers()
        resident, most, unsent, used = proc.resident_kb(worker), 0, 0, proc.cpu_s(worker)
        running = asyncio.gather(*clients)
        steady = asyncio.create_task(_after(alone_s, self.others.run(seconds)))
        counted_until = time.monotonic() + (alone_s or inf)
        while not (running.done() and steady.done()):
            if time.monotonic() < counted_until:
                most = max(most, proc.resident_kb(worker))
                unsent = max(unsent, self._unsent_kb(worker))
            await asyncio.sleep(0.25)
        found = steady.result()
        each, ratio = (most - resident) / len(clients), found.at(0.99) / self.alone_p99
        spent = proc.cpu_s(worker) - used
        told = f"{each:.1f} KB of memory each ({_goal(each, GOAL_KB)} of {GOAL_KB})"
        waiting = f"{unsent / len(clients):.1f} KB of it unsent"
        print(f"{name}: {len(clients)} clients, {told}, {waiting}; gateway CPU {spent:.1f} s")
        told = f"p99 {ratio:.2f} × that alone ({_goal(ratio, GOAL_P99)} of {GOAL_P99:g})"
        print(f"{name}: others: {found}; {told}")
        return running.result()

    def _unsent_kb(self, worker: int) -> int:
        window = self.folder / f"{worker}.json"
        return int(json.loads(window.read_text())["unsent"]) // 1024 if window.exists() else 0

    def key(self, number: int) -> str:
        """The key of one client."""
        return self.place.keys[number % len(self.place.keys)]


def _goal(value: float, most: float) -> str:
    return f"goal {'met' if value <= most else 'MISSED'}"


async def _all(place: Sitting, folder: Path, options: argparse.Namespace) -> None:
    dice = random.Random(7)
    port = place.gateway.port
    trial = Trial(place, Hostile(port, dice), Steady(port, place.keys, RATE), folder)
    kinds: dict[str, Callable[[], Awaitable[None]]] = {
        "slow": lambda: _slow(trial, int(200 * options.scale)),
        "stuck": lambda: _stuck(trial, int(50 * options.scale)),
        "leaving": lambda: _leaving(trial, "leaving", int(500 * options.scale), half=False),
        "half": lambda: _leaving(trial, "half-closed", int(100 * options.scale), half=True),
        "slowloris": lambda: _slowloris(trial, int(500 * options.scale)),
    }
    await trial.alone()
    for kind in options.only or kinds:
        await kinds[kind]()
    await trial.alone()
    trial.others.close()


async def _slow(trial: Trial, count: int) -> None:
    """Their upstream paces 50 chunks a second, 14 times as much as they read, and costs next to no CPU."""
    until = time.monotonic() + ALONE_S + SLOW_S + 5
    asked = [lateness.request(trial.key(n), int(50 * (ALONE_S + SLOW_S)), 20) for n in range(count)]
    clients = [_after(n / 50, trial.hostile.reads_slowly(one, until)) for n, one in enumerate(asked)]
    got = await trial.beside("slow readers", clients, SLOW_S, alone_s=ALONE_S)
    rates = [bytes_read / (ALONE_S + SLOW_S) for bytes_read in got]
    print(f"slow readers: {min(rates):.0f} to {max(rates):.0f} bytes/s each, none cut off")


async def _stuck(trial: Trial, count: int) -> None:
    asked = [streamed(trial.key(n), "stuck", completion_tokens=600, large=True) for n in range(count)]
    cut = await trial.beside("stuck readers", [trial.hostile.reads_nothing(one) for one in asked], 40)
    print(f"stuck readers: cut off after {min(cut):.1f} to {max(cut):.1f} s")


async def _leaving(trial: Trial, name: str, count: int, *, half: bool) -> None:
    runs = [f"{name}-{number}" for number in range(count)]
    wishes = {"completion_tokens": 400, "chunk_ms": 20}
    clients = [
        _after(
            number / 50, trial.hostile.leaves(streamed(trial.key(number), run, **wishes), 20_000, half=half)
        )
        for number, run in enumerate(runs)
    ]
    left = await trial.beside(name, clients, count / 50 + 5)
    delays = []
    for run, at in zip(runs, left, strict=True):
        (entry,) = await asyncio.to_thread(trial.place.streamer.finished, run)
        assert entry["client_left"], f"{run} went on to its end"
        delays.append(entry["answered_at"] - at)
    goal = f"{_goal(max(delays), GOAL_CANCEL_S)} of {GOAL_CANCEL_S:g}"
    parts = ", ".join(f"p{part * 100:g} {quantile(delays, part):.3f}" for part in (0.5, 0.99, 1))
    print(f"{name}: seconds until the upstream was cancelled: {parts} ({goal})")


async def _after[Found](seconds: float, work: Awaitable[Found]) -> Found:
    await asyncio.sleep(seconds)
    return await work


async def _slowloris(trial: Trial, count: int) -> None:
    head = b"POST /v1/chat/completions HTTP/1.1\r\nhost: 127.0.0.1\r\nx-long: " + b"l" * 1000
    cut = await trial.beside("slowloris", [trial.hostile.never_asks(head) for _ in range(count)], 30)
    print(f"slowloris: cut off after {min(cut):.1f} to {max(cut):.1f} s")


def main(options: argparse.Namespace) -> None:
    """Measure and print; the books are checked at the end."""
    environment, folder = fresh_database(), embedded.session_folder() / "window"
    folder.mkdir()
    window = {"GUNICORN_CMD_ARGS": "--worker-class benchmarks.watched.Worker", "WATCH_DIR": str(folder)}
    with sitting(environment | window) as place:
        asyncio.run(_all(place, folder, options))  # uvloop minds sockets made elsewhere
        held = rows("SELECT coalesce(sum(held_micros), 0)::bigint AS n FROM wallet")[0]["n"]
        print(f"books: {charges()} charges, {held} micros held at the end")
        print(embedded.manage("check_ledger", env=environment).strip().splitlines()[-1])


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Slow and vanishing clients")
    parser.add_argument("--scale", type=float, default=1.0, help="part of the usual number of clients")
    parser.add_argument("--only", nargs="*", help="kinds: slow, stuck, leaving, half, slowloris")
    main(parser.parse_args())
