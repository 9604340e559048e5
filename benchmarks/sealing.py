"""What the sealed content log costs: the same calls with it on and off in turn, and a record by itself.

python -m benchmarks.sealing [--seconds 4] [--rounds 5] [--connections 128] [--rate 0]

All 50 projects log, which is the worst case. CPU is read when what waited is written too. With --rate calls
begin by the clock, so that both make the same number of them.
"""

import argparse
import time
from collections.abc import Callable
from os import urandom
from statistics import median

import psycopg
import uvloop
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from benchmarks import load, proc
from benchmarks.environment import ENVIRONMENT, fresh_database

# isort: split
from accounts.logkeys import turn_off, turn_on
from accounts.models import Project
from benchmarks.load import Result
from benchmarks.reply import REQUEST
from benchmarks.sitting import Sitting, sitting
from benchmarks.steady import Steady
from billing.ids import new_op_id
from proxy.contents.sealing import Envelope, SealKey
from tests.live.client import send
from tests.processes import until

CPU = ("gateway", "PostgreSQL", "sealer")
SIZE, TIMES = 10_000, 2_000  # bytes, records


def main(options: argparse.Namespace) -> None:
    """Print both, and what one is of the other."""
    _tell_record()
    found: dict[bool, list[tuple[Result, list[float]]]] = {False: [], True: []}
    with sitting(fresh_database()) as place:
        for turn in range(options.rounds + 1):
            for on in (False, True) if turn % 2 else (True, False):
                _switch(place, on=on)
                run = _run(place, options)
                if turn:  # the first round only warms up
                    found[on].append(run)
        _tell_kept()
    for on, runs in found.items():
        rates = ", ".join(f"{result.rate:.0f}" for result, _ in runs)
        spent = [f"{name} {median(cpu[at] for _, cpu in runs):.0f} µs" for at, name in enumerate(CPU)]
        print(
            f"log {'on ' if on else 'off'}  {median(r.rate for r, _ in runs):.0f} req/s ({rates}), "
            f"p50 {median(r.p50_ms for r, _ in runs):.1f} ({', '.join(f'{r.p50_ms:.1f}' for r, _ in runs)}), "
            f"p99 {median(r.p99_ms for r, _ in runs):.1f} ms, "
            f"CPU per call: {', '.join(spent)}"
        )
    # Neighbours in time compare best, as the machine's own speed moves from minute to minute.
    ratios = [on.rate / off.rate for (off, _), (on, _) in zip(found[False], found[True], strict=True)]
    told = ", ".join(f"{ratio:.3f}" for ratio in ratios)
    print(f"on ÷ off: req/s {median(ratios):.3f} ({told})")


def _run(place: Sitting, options: argparse.Namespace) -> tuple[Result, list[float]]:
    """One run and the CPU of each process in µs per call."""
    used = _used(place)
    if options.rate:
        result = uvloop.run(_steadily(place, options))
    else:
        result = load.press(place.gateway.port, place.keys, options.connections, options.seconds)
    assert not result.bad, f"{result.bad} answers were bad"
    time.sleep(2)
    return result, [(now - was) * 1e6 / result.ok for now, was in zip(_used(place), used, strict=True)]


def _used(place: Sitting) -> list[float]:
    """Seconds of CPU so far, of each in CPU: the sealer is the gateway worker's only child."""
    (worker,) = place.gateway.workers()
    sealer = sum(proc.cpu_s(pid) for pid in proc.tree(worker)[1:])
    return [proc.cpu_s(worker) - sealer, proc.cpu_s(place.postgres_pid), sealer]


async def _steadily(place: Sitting, options: argparse.Namespace) -> Result:
    steady = Steady(place.gateway.port, place.keys, options.rate)
    found = await steady.run(options.seconds)
    steady.close()
    p50, p99 = found.at(0.5), found.at(0.99)
    return Result(ok=len(found.due_ms), bad=found.bad, seconds=options.seconds, p50_ms=p50, p99_ms=p99)


def _switch(place: Sitting, *, on: bool) -> None:
    for project in Project.objects.filter(organization__in=place.organizations):
        if on:
            turn_on(project, X25519PrivateKey.generate().public_key().public_bytes_raw())
        else:
            turn_off(project)
    until(lambda: all(_logs(place, key) is on for key in place.keys), "the switch")


def _logs(place: Sitting, key: str) -> bool:
    reply = send(place.gateway, {"authorization": f"Bearer {key}"}, REQUEST.encode())
    return "x-cloudapi-content-log" in reply.headers


def _tell_kept() -> None:
    with psycopg.connect(ENVIRONMENT["DATABASE_URL"]) as connection:
        query = (
            "SELECT count(*) FILTER (WHERE lost = ''), count(*) FILTER (WHERE lost <> '') FROM proxy_content"
        )
        kept, lost = connection.execute(query).fetchone() or (0, 0)
    print(f"content of {kept} calls was kept, of {lost} lost")


def _tell_record() -> None:
    public = X25519PrivateKey.generate().public_key().public_bytes_raw()
    key = SealKey(1, "lk_" + "0" * 32, "proj_" + "0" * 32, public)
    content, call = urandom(SIZE), str(new_op_id())
    shared = Envelope(key)
    ways: dict[str, Callable[[], bytes]] = {
        "in an envelope of its own": lambda: Envelope(key).seal(call, 1, content),
        "in a shared one": lambda: shared.seal(call, 1, content),
    }
    for name, seal in ways.items():
        print(f"a record of {SIZE} bytes {name}: {min(_timed(seal) for _ in range(5)):.1f} µs")


def _timed(seal: Callable[[], bytes]) -> float:
    """Microseconds a time."""
    began = time.perf_counter()
    for _ in range(TIMES):
        seal()
    return (time.perf_counter() - began) * 1e6 / TIMES


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="The sealed content log, on and off")
    parser.add_argument("--seconds", type=float, default=4)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--connections", type=int, default=128)
    parser.add_argument(
        "--rate", type=float, default=0, help="calls a second by the clock; 0: as fast as it goes"
    )
    main(parser.parse_args())
