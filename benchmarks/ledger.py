"""What reserve and settle cost PostgreSQL, by batch size, on one wallet and on a thousand.

    python -m benchmarks.ledger

Starts a database of its own. Wall time is seen by one waiting client over the unix socket, commits included;
CPU is that of its PostgreSQL backend for reserve and settle together, from /proc. Both are per call and mean
little beside other load on the machine.
"""

import asyncio
import os
import time
from dataclasses import dataclass
from pathlib import Path

import psycopg

from billing import holds
from billing.holds import Reserve, Settle
from billing.ids import new_op_id
from tests import embedded

DATABASE = "bench_ledger"
FIRST_ORG, WALLETS = 1000, 1000
BATCHES = (1, 16, 64, 256)
CALLS = 4000  # of each measurement
TICK_S = 1 / os.sysconf("SC_CLK_TCK")
QUOTE = {
    "c": 12,
    "f": 3,
    "m": 1,
    "endpoint": 55,
    "prices": {"input": 29_487_200_000, "output": 117_948_800_000, "cached_input": 14_743_600_000},
}


@dataclass(frozen=True, slots=True)
class Measured:
    """Milliseconds per call."""

    reserve: float
    settle: float
    cpu: float


def main() -> None:
    """Measure and print."""
    embedded.clone(DATABASE)
    asyncio.run(_measure_all())


async def _measure_all() -> None:
    url = embedded.servers().database_url(DATABASE)
    async with await psycopg.AsyncConnection.connect(url, autocommit=True) as conn:
        for capped in (False, True):
            await _wallets(conn, capped=capped)
            for wallets in (1, WALLETS):
                for size in BATCHES:
                    await _run(conn, size, wallets, rounds=max(4, WALLETS // size if wallets > 1 else 50))
                    found = await _run(conn, size, wallets, rounds=CALLS // size)
                    print(
                        f"{wallets:5} wallets, {'5 caps' if capped else 'no cap'}, batch {size:4}:"
                        f" reserve {found.reserve:.3f} + settle {found.settle:.3f} ms,"
                        f" PostgreSQL CPU {found.cpu:.3f} ms per call"
                    )


async def _wallets(conn: holds.Connection, *, capped: bool) -> None:
    bounds = (FIRST_ORG, FIRST_ORG + WALLETS)
    await conn.execute(
        "INSERT INTO wallet (org_id, paid_micros) SELECT g, 4000000000000000000"
        " FROM generate_series(%s::bigint, %s) g ON CONFLICT DO NOTHING",
        bounds,
    )
    if capped:
        await conn.execute(
            "INSERT INTO cap SELECT s, g, 4000000000000000000"
            " FROM generate_series(%s::bigint, %s) g, generate_series(1, 5) s",
            bounds,
        )
    await conn.execute("VACUUM ANALYZE")


async def _run(conn: holds.Connection, size: int, wallets: int, rounds: int) -> Measured:
    reserving = settling = 0.0
    cpu = _cpu_s(conn.info.backend_pid)
    for n in range(rounds):
        calls = [_call(FIRST_ORG + (n * size + i) % wallets) for i in range(size)]
        ends = [
            Settle(id=call.id, org=call.org, project=call.project, key=call.key, op="capture", cost=5_000)
            for call in calls
        ]
        started = time.perf_counter()
        verdicts = await holds.reserve(conn, calls)
        reserved = time.perf_counter()
        settled = await holds.settle(conn, ends)
        settling += time.perf_counter() - reserved
        reserving += reserved - started
        assert all(v.v == "ok" for v in verdicts) and all(s.state == "captured" for s in settled)
    per_call = 1000 / (rounds * size)
    spent = _cpu_s(conn.info.backend_pid) - cpu
    return Measured(reserving * per_call, settling * per_call, spent * per_call)


def _call(org: int) -> Reserve:
    return Reserve(
        id=new_op_id(), org=org, project=org, key=org, out_min=256, out_max=16_384, ttl_s=960, owner=1,
        quote=QUOTE, candidates=((1_000, 2_000_000), (3_000, 4_000_000), (2_000, 3_000_000)),
    )  # fmt: skip


def _cpu_s(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) * TICK_S


if __name__ == "__main__":
    main()
