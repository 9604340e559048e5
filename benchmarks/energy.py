"""What drawing a chart costs with 90 days of prices of 10 models at 6 sites, a point every 5 minutes.

python -m benchmarks.energy [--days 90] [--models 10] [--sites 6] [--rounds 20]

A price changes at each tick here, which is the most there can be. Times are those of one server thread: from
the request to the whole answer, through Django and PostgreSQL. CPU is that of both, the figure to trust on a
machine that does something else as well.
"""

import argparse
import time
from collections.abc import Sequence
from datetime import date
from statistics import median

from django.db import connection
from django.test import Client

from benchmarks import proc
from benchmarks.environment import fresh_database  # sets Django up, so before any model
from billing.rates import set_manual_rate, set_markup
from proxy import offers
from routing.models import CostVersion, Endpoint, SitePrice
from tests.energy import make_model, make_site

STEP_S = 300
_COSTS = """
INSERT INTO routing_costversion
       (endpoint_id, components, above_input, energy, from_sync, valid_from, created_at)
SELECT e.id, jsonb_build_object('input', price / 5, 'cached_input', price / 20, 'output', price), '[]',
       jsonb_build_object('site', 's', 'node', 'n', 'lmp', '40.123456', 'smoothed', '41.5',
           'delivered', '66.5', 'joules', '1.215', 'energy_nano', price - 1027500000,
           'fixed_nano', 1027500000, 'state', 'fresh', 'hash', repeat('0', 64)), false, at, at
  FROM generate_series(now() - make_interval(days => %(days)s), now(), interval '5 minutes') at,
       routing_endpoint e,
       LATERAL (SELECT 1027500000 + (20000000 + 8000000 * sin(extract(epoch FROM at) / 13750 + e.id))::bigint
                       / 100000 * 100000 AS price) p
 WHERE e.markup_kind = 'hosted' ORDER BY at
"""
_TICKS = """
INSERT INTO routing_siteprice (site_id, at, smoothed_usd, delivered_usd, state, drained)
SELECT d.id, at, 41.5, 66.5, CASE WHEN extract(hour FROM at) = 7 THEN 'hold' ELSE 'fresh' END, false
  FROM generate_series(now() - make_interval(days => %(days)s), now(), interval '5 minutes') at,
       routing_datacentre d ORDER BY at
"""


def main(options: argparse.Namespace) -> None:
    """Fill a database of its own, then ask for each window of each model in turn."""
    models = _filled(options)
    print(f"{options.days} days, {options.sites} sites × {options.models} models: {_counts()}")
    client = Client(SERVER_NAME="localhost")
    for window in ("4h", "24h", "7d"):
        paths = [f"/v1/models/{slug}/price-history?window={window}" for slug in models]
        _tell(f"price-history {window}", _timed(client, paths, options.rounds))
    _tell("energy/sites", _timed(client, ["/v1/energy/sites"], options.rounds))
    _tell("the catalog's snapshot", [_snapshot_ms() for _ in range(options.rounds)])


def _filled(options: argparse.Namespace) -> list[str]:
    set_manual_rate(12_000_000_000, date(2026, 1, 1), "bench", "bench", confirmed=True)
    set_markup("hosted", 1000, "bench", "bench")
    models = [make_model(f"bench/m{number}", f"Bench {number}") for number in range(options.models)]
    sites = [make_site(f"s{number}", models[0]) for number in range(options.sites)]
    Endpoint.objects.bulk_create(
        Endpoint(model=model, provider=site.centre.provider, upstream_name=model.slug, markup_kind="hosted")
        for model in models[1:]
        for site in sites
    )
    with connection.cursor() as cursor:
        cursor.execute(_COSTS, {"days": options.days})
        cursor.execute(_TICKS, {"days": options.days})
        cursor.execute("VACUUM ANALYZE routing_costversion, routing_siteprice, routing_endpoint")
    return [model.slug for model in models]


def _timed(client: Client, paths: Sequence[str], rounds: int) -> list[float]:
    """Milliseconds of each answer after the first of each path."""
    found = []
    for turn in range(rounds + len(paths)):
        if turn == len(paths):
            began_cpu = _cpu_s()
        began = time.perf_counter()
        answer = client.get(paths[turn % len(paths)])
        spent = (time.perf_counter() - began) * 1000
        assert answer.status_code == 200, answer.content
        if turn >= len(paths):
            found.append(spent)
    print(f"{(_cpu_s() - began_cpu) * 1000 / rounds:6.1f} ms CPU, ", end="")
    return found


def _cpu_s() -> float:
    """Seconds that this process and its backend have used."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        return time.process_time() + proc.cpu_s(cursor.fetchone()[0])


def _snapshot_ms() -> float:
    offers._held.clear()
    began = time.perf_counter()
    offers.catalog()
    return (time.perf_counter() - began) * 1000


def _counts() -> str:
    return f"{CostVersion.objects.count():,} costs, {SitePrice.objects.count():,} ticks"


def _tell(what: str, times: list[float]) -> None:
    print(f"{what:24} median {median(times):6.1f} ms, least {min(times):6.1f}, most {max(times):6.1f}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Charts of energy-indexed prices")
    parser.add_argument("--days", type=int, default=90)
    parser.add_argument("--models", type=int, default=10)
    parser.add_argument("--sites", type=int, default=6)
    parser.add_argument("--rounds", type=int, default=20)
    fresh_database()
    main(parser.parse_args())
