"""Latency of calls that begin by the clock, from when each was due.

python -m benchmarks.openloop --rate 500 --seconds 30 [--wallets 1] [--workers 2]
"""

import argparse

import uvloop

from benchmarks import proc
from benchmarks.environment import fresh_database
from benchmarks.measure import charges
from benchmarks.sitting import Sitting, sitting
from benchmarks.steady import Latencies, Steady


def main(options: argparse.Namespace) -> None:
    """Measure, print, and compare the answers with the books."""
    with sitting(fresh_database(), workers=options.workers) as place:
        keys = place.keys[: options.wallets]
        print(f"{options.rate:g} calls/s, {options.workers} workers, {len(keys)} wallets")
        print(f"upstream alone: {_run(place.upstream_port, keys, options)}")
        _run(place.gateway.port, keys, options, seconds=2)  # connections, prepared statements, caches
        parts = {"gateway": place.gateway.process.pid, "postgresql": place.postgres_pid}
        before, used = charges(), {name: proc.cpu_s(pid) for name, pid in parts.items()}
        found = _run(place.gateway.port, keys, options)
        print(f"gateway: {found}")
        calls = len(found.due_ms)
        spent = {name: (proc.cpu_s(pid) - used[name]) * 1e6 / calls for name, pid in parts.items()}
        print("CPU µs/call: " + ", ".join(f"{name} {value:.0f}" for name, value in spent.items()))
        _check(place, charges() - before, found)


def _run(port: int, keys: list[str], options: argparse.Namespace, seconds: float = 0) -> Latencies:
    return uvloop.run(_steadily(port, keys, options.rate, seconds or options.seconds))


async def _steadily(port: int, keys: list[str], rate: float, seconds: float) -> Latencies:
    load = Steady(port, keys, rate)
    found = await load.run(seconds)
    load.close()
    return found


def _check(place: Sitting, charged: int, found: Latencies) -> None:
    assert not found.bad, f"{found.bad} calls failed:\n{place.gateway.told()}"
    assert charged == len(found.due_ms), f"{charged} charges for {len(found.due_ms)} answers"
    print(f"books: {charged} charges for {len(found.due_ms)} answers")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Open-loop latency")
    parser.add_argument("--rate", type=float, default=500)
    parser.add_argument("--seconds", type=float, default=20)
    parser.add_argument("--wallets", type=int, default=50)
    parser.add_argument("--workers", type=int, default=1)
    main(parser.parse_args())
