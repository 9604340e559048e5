"""A request log of realistic size, made set by set: what the dashboard's queries cost at 20 million rows is
measured on it by benchmarks/pages.py, and what a long export takes by benchmarks/exports.py.

    python -m benchmarks.rows [--rows 20000000] [--folder var/bench]
    python -m benchmarks.rows --export [--rows 7200000] [--folder var/bench]
    python -m benchmarks.rows --tabs [--rows 1000000] [--folder var/bench]
    python -m benchmarks.rows --served [--rows 1000000] [--folder var/bench]

2,000 organizations over 13 months, ever more calls a day; one of them makes three calls of ten. Months are
filled before they are attached, so that each index is built once. For the export there are two organizations,
of which the second one makes seven calls of ten. The folder keeps the rows for the next run; `--served` is
benchmarks/served.py on whatever rows there are.
"""

import argparse
import os
import subprocess
import sys
import time
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any, Final, LiteralString

import psycopg
from psycopg import sql

from deploy.local.servers import start
from tests import embedded
from tests.embedded import ROOT

DATABASE: Final = "bench_rows"
DAYS: Final = 395
ORGANIZATIONS: Final = 2_000
HUGE: Final = 1  # the organization with three calls of ten
EXPORTED: Final = 2  # the second one
SERVED: Final = 1_000_000  # rows of a log whose pages must be served at once
FIRST_ORG: Final = 1_000_000  # ids far from those that migrations make
TAIL_ROWS: Final = 3_000  # after the last run of the roll-ups: a minute at 50 calls a second

_FAST: Final = {"fsync": "off", "full_page_writes": "off", "synchronous_commit": "off", "max_wal_size": "8GB"}
_MEMORY: Final = {"maintenance_work_mem": "1GB", "work_mem": "256MB", "shared_buffers": "2GB"}
SETTINGS: Final = _FAST | _MEMORY | {"autovacuum": "off", "max_parallel_workers_per_gather": "0"}

# One day. u…: uniform draws. A small organization has up to four keys, the huge one two hundred in twenty
# projects; each key calls three models, and squares make few organizations and models have most calls.
_DAY: Final = """
INSERT INTO {table} (
    id, at, org_id, project_id, key_id, model, asked, endpoint_id, provider, kind, stream, sandbox, free,
    status, http_status, error_code, finish_reason, attempts, input_tokens, cached_tokens, cache_write_tokens,
    output_tokens, reasoning_tokens, estimated, price_micros, cost_micros, hold_micros, provider_cost_nano,
    cost_version, fx_rate, markup, micros_per_usd, fx_date, markup_bps, prices, latency_ms, ttft_ms)
SELECT (lpad(to_hex(ms), 12, '0') || '7' || substr(noise, 16, 19) || '00')::uuid, to_timestamp(ms / 1000.0),
       %(first)s + org, (%(first)s + org) * 20 + key %% 20, (%(first)s + org) * 200 + key,
       'vendor-' || model %% 9 || '/model-' || model, 'Model ' || model, endpoint,
       'provider-' || endpoint %% 12, CASE WHEN streams THEN 'chat' ELSE 'embedding' END, streams, false,
       false, status, CASE status WHEN 'ok' THEN 200 WHEN 'error' THEN 502 ELSE 499 END,
       CASE status WHEN 'error' THEN 'upstream_error' ELSE '' END,
       CASE status WHEN 'ok' THEN 'stop' ELSE '' END,
       jsonb_build_array(jsonb_build_object(
           'endpoint', endpoint, 'provider', 'provider-' || endpoint %% 12, 'ms', latency, 'credential', 3,
           'status', CASE status WHEN 'error' THEN 502 ELSE 200 END,
           'error', CASE status WHEN 'error' THEN 'http_502' END)),
       input, input / 4, 0, output, 0, false, cost, cost, 3 * cost, cost * 70, 12, 3, 1, 12000000000, %(day)s,
       2500, '{{"input": {{"base": 23589760000, "final": 29487200000}}, "output": {{"base": 94359040000,
       "final": 117948800000}}, "cached_input": {{"base": 11794880000, "final": 14743600000}}}}', latency,
       CASE WHEN streams THEN least(latency, 150 + (900 * u4 * u4)::int) END
  FROM (SELECT m.*, model * 3 + floor(3 * u4 * u4)::int AS endpoint, model %% 10 <> 9 AND u3 < 0.7 AS streams
          FROM (SELECT k.*, floor(60 * power((org * 13 + key * 5 + floor(3 * u3 * u3)::int * 17) %% 60 / 60.0,
                                             2))::int AS model
                  FROM (SELECT o.*, CASE org WHEN %(huge)s THEN floor(200 * u2)
                                             ELSE floor((1 + org %% 4) * u2 * u2) END::int AS key
                          FROM ({draws}) o) k) m) calls
"""
_DRAWS: Final = """
SELECT ms, noise, u1, u2, u3, u4,
       CASE WHEN u1 < 0.3 THEN %(huge)s ELSE 2 + floor(%(orgs)s * power((u1 - 0.3) / 0.7, 3)) END::int AS org,
       CASE WHEN u5 < 0.025 THEN 'error' WHEN u5 < 0.039 THEN 'cancelled' WHEN u5 < 0.04 THEN 'crashed'
            ELSE 'ok' END AS status,
       50 + (4000 * u5 * u5)::bigint AS input, 10 + (1500 * u4 * u4)::bigint AS output,
       200 + (9000 * u4 * u4)::int AS latency, 20000 + (3000000 * u4 * u5)::bigint AS cost
  FROM (SELECT %(began)s + 86400000 * n / %(rows)s AS ms, gen_random_uuid()::text AS noise, random() AS u1,
               random() AS u2, random() AS u3, random() AS u4, random() AS u5
          FROM generate_series(0::bigint, %(rows)s - 1) n) drawn
"""


@dataclass(frozen=True, slots=True)
class Day:
    day: date
    rows: int

    @property
    def began_ms(self) -> int:
        return int(datetime.combine(self.day, datetime.min.time(), UTC).timestamp() * 1000)


def days(total: int, until: date) -> list[Day]:
    """So many rows over 13 months up to that day, at the end three times as many a day as at first."""
    weights = [DAYS + 2 * n for n in range(DAYS)]
    scale = total / sum(weights)
    return [Day(until - timedelta(days=DAYS - 1 - n), int(w * scale)) for n, w in enumerate(weights)]


def fill_log(conn: psycopg.Connection[Any], total: int, organizations: int) -> None:
    """The log alone, up to yesterday."""
    span = days(total, datetime.now(UTC).date() - timedelta(days=1))
    months = sorted({one.day.replace(day=1) for one in span})
    started = time.monotonic()
    for month in months:
        _month(conn, month, [one for one in span if one.day.replace(day=1) == month], organizations)
    print(f"{total:,} rows in {time.monotonic() - started:.0f} s, indexes included", flush=True)
    conn.execute("UPDATE partitioned SET from_month = %s WHERE parent = 'proxy_request'", [months[0]])
    _timed(conn, "vacuum", "VACUUM (ANALYZE) proxy_request")


def fill_roll_ups(conn: psycopg.Connection[Any]) -> None:
    """All of the log's roll-ups, and calls of today that these don't have yet."""
    _timed(conn, "roll-ups anew", "SELECT rebuild_usage()")
    _timed(
        conn,
        "vacuum of roll-ups",
        "VACUUM (ANALYZE) usage_minute, usage_hour, usage_day, usage_model_hour, usage_model_day,"
        " usage_total_hour, usage_total_day, usage_project_day, usage_key_day, usage_endpoint_day,"
        " quality_hour, quality_day",
    )
    _insert(conn, "proxy_request", Day(datetime.now(UTC).date(), TAIL_ROWS), ORGANIZATIONS)
    conn.execute("ANALYZE proxy_request")


def _timed(conn: psycopg.Connection[Any], what: str, statement: LiteralString) -> None:
    started = time.monotonic()
    conn.execute(statement)
    print(f"{what}: {time.monotonic() - started:.0f} s", flush=True)


def _month(conn: psycopg.Connection[Any], month: date, of: list[Day], organizations: int) -> None:
    """A month as add_month() makes it, but filled before it is attached."""
    name = f"proxy_request_{month:%Y_%m}"
    found = conn.execute("SELECT to_regclass(%s) IS NOT NULL", [name]).fetchone()
    if found is not None and found[0]:
        statement = sql.SQL("ALTER TABLE proxy_request DETACH PARTITION {}; DROP TABLE {}")
        conn.execute(statement.format(sql.Identifier(name), sql.Identifier(name)))
    like = "CREATE TABLE {} (LIKE proxy_request INCLUDING DEFAULTS INCLUDING CONSTRAINTS INCLUDING STORAGE)"
    conn.execute(sql.SQL(like).format(sql.Identifier(name)))
    for one in of:
        _insert(conn, name, one, organizations)
    attach = "ALTER TABLE proxy_request ATTACH PARTITION {} FOR VALUES FROM ({}) TO ({})"
    after = (month + timedelta(days=31)).replace(day=1)
    bounds = (
        conn.execute("SELECT month_bound(%s)::text, month_bound(%s)::text", [month, after]).fetchone() or ()
    )
    conn.execute(sql.SQL(attach).format(sql.Identifier(name), *map(sql.Literal, bounds)))
    print(f"{name}: {sum(one.rows for one in of):,}", flush=True)


def _insert(conn: psycopg.Connection[Any], table: str, one: Day, organizations: int) -> None:
    values = {"first": FIRST_ORG, "orgs": organizations - 2, "huge": HUGE, "day": one.day, "rows": one.rows}
    conn.execute(
        sql.SQL(_DAY).format(table=sql.Identifier(table), draws=sql.SQL(_DRAWS)),
        values | {"began": one.began_ms},
    )


def main() -> None:
    """Make the rows unless the folder has them, then measure what reads them."""
    parser = argparse.ArgumentParser(description="A request log of realistic size, and what it costs to read")
    parser.add_argument("--rows", type=int)
    parser.add_argument("--export", action="store_true", help="of two organizations, the larger one's calls")
    parser.add_argument("--served", action="store_true", help="each page of the dashboard as it is answered")
    parser.add_argument("--tabs", action="store_true", help="what open tabs cost, see benchmarks/tabs.py")
    parser.add_argument("--folder", type=Path, default=ROOT / "var" / "bench", help="of the servers' data")
    asked = parser.parse_args()
    with start(asked.folder, postgres_settings=SETTINGS, database=DATABASE) as servers:
        environment = {
            "DJANGO_SETTINGS_MODULE": "cloudapi.settings",
            "DATABASE_URL": servers.database_url(DATABASE),
            "GATEWAY_DATABASE_URL": servers.gateway_database_url(DATABASE),
            "REDIS_URL": servers.redis_url(),
        }
        embedded.manage("migrate", "--no-input", "--skip-checks", "-v0", env=environment)
        with psycopg.connect(servers.database_url(DATABASE), autocommit=True) as conn:
            if conn.execute("SELECT FROM proxy_request LIMIT 1").fetchone() is None:
                if asked.export:
                    fill_log(conn, asked.rows or 7_200_000, EXPORTED)
                else:
                    fill_log(conn, asked.rows or (SERVED if asked.served else 20_000_000), ORGANIZATIONS)
                    fill_roll_ups(conn)
        # A process of its own: Django reads its settings once, and these servers are known only now.
        named = {"exports": asked.export, "served": asked.served, "tabs": asked.tabs}
        reader = next((name for name, wanted in named.items() if wanted), "pages")
        command = [sys.executable, "-m", f"benchmarks.{reader}"]
        subprocess.run(command, env=os.environ | environment, check=True, cwd=ROOT)


if __name__ == "__main__":
    main()
