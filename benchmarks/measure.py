"""The story of one sitting: direct and through the gateway, then streams, then the books."""

import argparse
from collections.abc import Callable

from benchmarks import load, proc
from benchmarks.load import Result
from benchmarks.sitting import Sitting, sitting
from benchmarks.streams import hold_streams
from tests.factories import rows
from tests.processes import until

CONNECTIONS = (1, 32, 128)
EXACT = 2000


def measure(options: argparse.Namespace, environment: dict[str, str]) -> None:
    """Print the figures, the ones that others read last. AssertionError if the books don't agree."""
    with sitting(environment) as place:
        print(f"upstream: {place.upstream_name}; load: {load.tool()}; one gateway worker, all steps on")
        load.press(place.gateway.port, place.keys, 32, 2)  # connections, prepared statements, caches
        direct = {count: _direct(place, count, options.seconds) for count in CONNECTIONS}
        through = {count: _through(place, count, options.seconds) for count in CONNECTIONS}
        _exact(place)
        hold_streams(place, options.streams)
        added = through[1].p50_ms - direct[1].p50_ms
        print(f"added by the gateway at 1 connection: p50 {added:.2f} ms")
        for count, result in through.items():
            print(f"gateway c={count}: {result.rate:.0f} req/s p50 {result.p50_ms:.2f} ms")


def _direct(place: Sitting, connections: int, seconds: float) -> Result:
    result = load.press(place.upstream_port, place.keys, connections, seconds)
    print(f"direct  c={connections:<3} {result}")
    return result


def _through(place: Sitting, connections: int, seconds: float) -> Result:
    """A run with the CPU of each part per request, and the books of exactly this run."""
    (worker,) = place.gateway.workers()
    parts = {"gateway": worker, "postgresql": place.postgres_pid, "valkey": place.valkey_pid}
    before, used = charges(), {name: proc.cpu_s(pid) for name, pid in parts.items()}
    result = load.press(place.gateway.port, place.keys, connections, seconds)
    spent = {name: (proc.cpu_s(pid) - used[name]) * 1e6 / result.ok for name, pid in parts.items()}
    print(f"gateway c={connections:<3} {result}   CPU µs/req: {_figures(spent, '{:.0f}'.format)}")
    committed = charges() - before
    # At its end wrk drops the calls in flight, so up to one more per connection may have been charged.
    assert result.ok <= committed <= result.ok + connections, f"{committed} charges for {result.ok} answers"
    assert not result.bad, f"{result.bad} answers were bad"
    return result


def _figures(values: dict[str, float], form: Callable[[float], str]) -> str:
    return ", ".join(f"{name} {form(value)}" for name, value in values.items())


def _exact(place: Sitting) -> None:
    """A counted number of calls: as many charges, requests and micros, not one more or less."""
    before, micros = charges(), spent_micros()
    result = load.send_exactly(place.gateway.port, place.keys, 64, EXACT)
    committed, spent = charges() - before, spent_micros() - micros
    assert result.ok == committed == EXACT, f"{committed} charges for {result.ok} answers"
    cost = 24 * 31_500 + 14 * 126_000  # tokens of the canned answer at $2.50 and $10.00, 12,000 UZS, 5 %
    assert spent == EXACT * cost, f"{spent} micros instead of {EXACT * cost}"
    print(f"books: {EXACT} calls, {committed} committed charges of {cost} micros each, {spent} in all")


def charges() -> int:
    """Calls that were charged so far, as the ledger has them, once none is running."""
    until(lambda: not rows("SELECT FROM hold WHERE state = 0"), "the end of all calls")
    query = "SELECT count(*) AS n FROM hold WHERE state = 1"
    counted = rows("SELECT count(*) AS n FROM transfer WHERE kind = 3")[0]["n"]
    assert counted == rows(query)[0]["n"], "captured holds and charges differ"
    return int(counted)


def spent_micros() -> int:
    """What all charges took so far."""
    query = "SELECT coalesce(sum(amount_micros), 0)::bigint AS n FROM transfer WHERE kind = 3"
    return int(rows(query)[0]["n"])
