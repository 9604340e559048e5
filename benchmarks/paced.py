"""Many streams at once and how late their chunks are: direct, through a bare relay, through the gateway.

python -m benchmarks.paced --streams 500 --rate 50 --seconds 20
"""

import argparse
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

import uvloop

from benchmarks import proc
from benchmarks.environment import fresh_database
from benchmarks.lateness import Lateness, read_all
from benchmarks.sitting import Sitting, sitting
from deploy.local.process import spawn, stop
from tests import embedded
from tests.processes import free_port, listens, until


def main(options: argparse.Namespace) -> None:
    """Measure and print."""
    with sitting(fresh_database(), workers=options.workers) as place:
        print(f"{options.streams} streams of {options.rate:g} chunks/s for {options.seconds:g} s")
        if not options.only:
            _report("direct", place, place.pacer_port, 0, options)
            with _relay(place.pacer_port) as (port, pid):
                _report("bare relay", place, port, pid, options)
        _report("gateway", place, place.gateway.port, place.gateway.process.pid, options)


@contextmanager
def _relay(upstream_port: int) -> Iterator[tuple[int, int]]:
    port = free_port()
    command = [sys.executable, "-m", "benchmarks.relay", str(port), str(upstream_port)]
    process = spawn(command, embedded.session_folder() / "relay.log", cwd=embedded.ROOT)
    try:
        until(lambda: listens(port), "the relay")
        yield port, process.pid
    finally:
        stop(process, 15, 5)


def _report(name: str, place: Sitting, port: int, pid: int, options: argparse.Namespace) -> Lateness:
    used, began = proc.cpu_s(pid) if pid else 0.0, time.perf_counter()
    found = uvloop.run(read_all(port, place.keys, options.streams, options.rate, options.seconds))
    seconds = time.perf_counter() - began
    print(f"{name}: {found}")
    print(f"{name}: {found.histogram()}")
    if pid:
        spent = proc.cpu_s(pid) - used
        print(f"{name}: CPU {spent / seconds:.0%} of one, {spent * 1e6 / len(found.ms):.1f} µs per chunk")
    return found


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Lateness of chunks in many streams")
    parser.add_argument("--streams", type=int, default=500)
    parser.add_argument("--rate", type=float, default=50, help="chunks per second and stream")
    parser.add_argument("--seconds", type=float, default=20)
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--only", action="store_true", help="the gateway alone")
    main(parser.parse_args())
