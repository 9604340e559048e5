"""What a call's reserve and its end, settled and logged, cost PostgreSQL, by size of batch and wallets.

    python -m benchmarks.ledger

Starts a database of its own. Wall time is seen by one waiting client over the unix socket, commits included;
CPU is that of its PostgreSQL backend. Both are medians, as the first batches of a connection make its plans;
wall time means little beside other load on the machine.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from typing import Any

import orjson
import psycopg

from billing.holds import Reserve
from billing.ids import new_op_id
from tests import embedded

DATABASE = "bench_ledger"
FIRST_ORG, WALLETS = 1000, 1000
BATCHES = (1, 8, 64, 256)
CALLS = 4000  # of each measurement
WARM = 20  # batches before it
QUOTE = {
    "c": 12,
    "f": 3,
    "m": 1,
    "endpoint": 55,
    "prices": {"input": 29_487_200_000, "output": 117_948_800_000, "cached_input": 14_743_600_000},
}


# The rest of a request row (proxy/sql/request.sql), as a call with one attempt has it.
ROW: dict[str, Any] = {
    "model": "openai/gpt-4o-mini",
    "asked": "gpt-4o-mini",
    "endpoint_id": 55,
    "provider": "openai",
    "kind": "chat",
    "stream": True,
    "sandbox": False,
    "free": False,
    "status": "ok",
    "http_status": 200,
    "error_code": "",
    "finish_reason": "stop",
    "attempts": [{"endpoint": 55, "provider": "openai", "status": 200, "ms": 12, "outcome": "ok"}],
    "route": [],
    **dict.fromkeys(("cached_tokens", "cache_write_tokens", "cache_write_1h_tokens", "reasoning_tokens"), 0),
    **dict.fromkeys(("images", "seconds", "characters"), 0),
    "input_tokens": 12,
    "output_tokens": 20,
    "estimated": False,
    "price_micros": 5_000,
    "hold_micros": 20_000,
    "provider_cost_nano": 4_000,
    "owed_elsewhere": None,
    "cost_version": 12,
    "fx_rate": 3,
    "markup": 1,
    "micros_per_usd": 12_000_000_000,
    "fx_date": "2026-11-01",
    "markup_bps": 500,
    "fx_margin": None,
    "fx_margin_bps": 0,
    "prices": QUOTE["prices"],
    "latency_ms": 200,
    "ttft_ms": 40,
}


@dataclass(frozen=True, slots=True)
class Spent:
    """Milliseconds per call: by the clock, and of PostgreSQL's processor."""

    wall: float
    cpu: float


def main() -> None:
    """Measure and print."""
    embedded.clone(DATABASE)
    with psycopg.connect(embedded.servers().database_url(DATABASE), autocommit=True) as conn:
        for capped in (False, True):
            _wallets(conn, capped=capped)
            for wallets in (1, WALLETS):
                for size in BATCHES:
                    reserve, end = _run(conn, size, wallets)
                    print(
                        f"{wallets:5} wallets, {'5 caps' if capped else 'no cap'}, batch {size:4}:"
                        f" reserve {reserve.wall:.3f} ms, CPU {reserve.cpu:.3f};"
                        f" end {end.wall:.3f} ms, CPU {end.cpu:.3f}",
                        flush=True,
                    )


def _wallets(conn: psycopg.Connection[Any], *, capped: bool) -> None:
    bounds = (FIRST_ORG, FIRST_ORG + WALLETS)
    conn.execute(
        "INSERT INTO wallet (org_id, paid_micros) SELECT g, 4000000000000000000"
        " FROM generate_series(%s::bigint, %s) g ON CONFLICT DO NOTHING",
        bounds,
    )
    if capped:
        conn.execute(
            "INSERT INTO cap SELECT s, g, 4000000000000000000"
            " FROM generate_series(%s::bigint, %s) g, generate_series(1, 5) s",
            bounds,
        )
    conn.execute("VACUUM ANALYZE")


def _run(conn: psycopg.Connection[Any], size: int, wallets: int) -> tuple[Spent, Spent]:
    reserved, ended = [], []
    for n in range(WARM + CALLS // size):
        calls = [_call(FIRST_ORG + (n * size + i) % wallets) for i in range(size)]
        verdicts, spent = _ask(conn, "reserve_batch", calls)
        reserved.append(spent)
        answers, spent = _ask(conn, "record_batch", [_end(call) for call in calls])
        ended.append(spent)
        assert all(v["v"] == "ok" for v in verdicts) and all(a["state"] == "captured" for a in answers)
    return _median(reserved[WARM:]), _median(ended[WARM:])


def _ask(
    conn: psycopg.Connection[Any], function: str, items: Sequence[object]
) -> tuple[list[dict[str, Any]], Spent]:
    given = orjson.dumps(items).decode()
    cpu, started = _cpu_ms(conn.info.backend_pid), time.perf_counter()
    [answer] = conn.execute(f"SELECT {function}(%s::json)::text", [given], prepare=True).fetchone() or [""]  # type: ignore[arg-type]
    wall = (time.perf_counter() - started) * 1000
    spent = Spent(wall / len(items), (_cpu_ms(conn.info.backend_pid) - cpu) / len(items))
    return orjson.loads(answer), spent


def _median(found: Sequence[Spent]) -> Spent:
    return Spent(median(one.wall for one in found), median(one.cpu for one in found))


def _call(org: int) -> Reserve:
    return Reserve(
        id=new_op_id(), org=org, project=org, key=org, out_min=256, out_max=16_384, ttl_s=960, owner=1,
        quote=QUOTE, candidates=((1_000, 2_000_000), (3_000, 4_000_000), (2_000, 3_000_000)),
    )  # fmt: skip


def _end(call: Reserve) -> dict[str, Any]:
    whose = {"id": call.id, "org": call.org, "project": call.project, "key": call.key, "builtin": False}
    row = {"org_id": call.org, "project_id": call.project, "key_id": call.key, "at": datetime.now(UTC)}
    return {**whose, "op": "capture", "cost": 5_000, "free_back": False, **row, **ROW}


def _cpu_ms(pid: int) -> float:
    """What the process has run. /proc/PID/stat would count whole hundredths of a second."""
    return int(Path(f"/proc/{pid}/schedstat").read_text().split()[0]) / 1_000_000


if __name__ == "__main__":
    main()
