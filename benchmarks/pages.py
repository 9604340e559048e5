"""What the dashboard's reads cost on the log that benchmarks/rows.py made, through the code of the pages.

Prints the median of five runs in ms, the first one, and by which way PostgreSQL reads; `--plans`: the plans.
"""

import argparse
import re
import statistics
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

from django.apps import apps
from django.db import connection

from benchmarks.ready import database  # sets Django up, so before any model
from benchmarks.rows import FIRST_ORG, HUGE
from dashboard import activity, usage
from dashboard.activity import Filters
from dashboard.activity_files import jsonl
from dashboard.keys import fill_last_use
from dashboard.moments import TASHKENT, id_at, midnight, today
from dashboard.usage_chart import BY, stack
from proxy import quality

Organization: Any = apps.get_model("accounts", "Organization")

SMALL: Final = 500  # an organization with a few thousand calls
ROUNDS: Final = 5
GOAL_MS: Final = 100.0
_NODES: Final = re.compile(
    r"(Seq Scan|Sort|Incremental Sort|Bitmap Heap Scan|Index (?:Only )?Scan(?: Backward)?)"
    r"(?: using ([a-z_]+?)(?:_20\d\d_\d\d)?[a-z0-9_]*)?(?: on ([a-z_]+))?"
)


@dataclass(slots=True)
class Ran:
    """One read: how long each run took, and the statements of the last one."""

    name: str
    ms: list[float] = field(default_factory=list)
    statements: list[tuple[str, Any]] = field(default_factory=list)


@contextmanager
def noted(ran: Ran) -> Iterator[None]:
    """Keeps the statements that are run meanwhile."""
    ran.statements.clear()

    def keep(execute: Callable[..., Any], statement: str, params: Any, many: bool, context: Any) -> Any:
        ran.statements.append((statement, params))
        return execute(statement, params, many, context)

    with connection.execute_wrapper(keep):
        yield


def main() -> None:
    """Every read of both organizations."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--plans", action="store_true")
    asked = parser.parse_args()
    print(database())
    _sizes()
    slow = 0
    for who, org in (("huge", FIRST_ORG + HUGE), ("small", FIRST_ORG + SMALL)):
        for name, read in _reads(Organization(pk=org)).items():
            ran = _run(f"{who}: {name}", read)
            slow += statistics.median(ran.ms) >= GOAL_MS
            print(
                f"{ran.name:44} {statistics.median(ran.ms):8.1f} ms  first {ran.ms[0]:8.1f}  {_ways(ran)}",
                flush=True,
            )
            if asked.plans:
                print("\n".join(line for plan in _plans(ran) for line in plan))
    print(f"{slow} reads take {GOAL_MS:.0f} ms or more")


def _reads(org: Any) -> dict[str, Callable[[], object]]:
    common, rare = _models(org)
    key, project = _often(org, "key_id"), _often(org, "project_id")
    month = midnight(today()) - timedelta(days=30)
    long_ago = id_at(datetime.now(TASHKENT) - timedelta(days=200))
    some = activity.listed(org, Filters()).calls[-1].row.id.hex[:12]
    narrowed = {
        "list, first page": Filters(),
        "list, last 30 days": Filters(since=month),
        "list, common model": Filters(models=(common,)),
        "list, rare model": Filters(models=(rare,)),
        "list, two models": Filters(models=(common, rare)),
        "list, key": Filters(keys=(key,)),
        "list, project": Filters(projects=(project,)),
        "list, key and rare model": Filters(keys=(key,), models=(rare,)),
        "list, provider": Filters(endpoints=_served_by(org)),
        "list, key and provider": Filters(keys=(key,), endpoints=_served_by(org)),
        "list, errors": Filters(statuses=("error",)),
        "list, crashed and errors": Filters(statuses=("crashed", "error")),
        "list, crashed, rare model": Filters(statuses=("crashed",), models=(rare,)),
        "list, an id's beginning": Filters(text=some),
        "list, no such id": Filters(text="0190aaaaaaaa"),
    }
    found: dict[str, Callable[[], object]] = {
        name: lambda filters=filters: activity.listed(org, filters) for name, filters in narrowed.items()
    }
    found |= {
        "list, page of 200 days ago": lambda: activity.listed(org, Filters(), before=long_ago),
        "list, rare model 200 days ago": lambda: activity.listed(
            org, Filters(models=(rare,)), before=long_ago
        ),
        "today's sum": lambda: activity.spent_today(org),
        "keys' last use": lambda: fill_last_use(org, []),
        "models of 30 days": lambda: usage.models_used(org, month, None),
        "how they have done": quality.status,
        "export, first two thousand": lambda: next(jsonl(org, Filters())),
    }
    return found | _sums(org)


def _sums(org: Any) -> dict[str, Callable[[], object]]:
    """Figures and charts."""
    common, rare = _models(org)
    key, project, provider = _often(org, "key_id"), _often(org, "project_id"), _served_by(org)
    month, quarter = midnight(today()) - timedelta(days=30), midnight(today()) - timedelta(days=89)
    found: dict[str, Callable[[], object]] = {}
    spans = {"24 hours": datetime.now(TASHKENT) - timedelta(days=1), "30 days": month, "90 days": quarter}
    for span, since in spans.items():
        since = since.replace(minute=0, second=0, microsecond=0)
        found[f"totals, {span}"] = lambda since=since: usage.totals(org, Filters(since=since))
        found[f"chart, {span}"] = lambda since=since: usage.chart(org, Filters(since=since), "cost")
    found["chart, all time"] = lambda: usage.chart(org, Filters(), "cost")
    narrowed = {
        "90 days, one key": Filters(since=quarter, keys=(key,)),
        "90 days, one model": Filters(since=quarter, models=(rare,)),
        "all time": Filters(),
        "all time, one key": Filters(keys=(key,)),
        "all time, one project": Filters(projects=(project,)),
        "all time, one project's model": Filters(projects=(project,), models=(rare,)),
        "all time, a project's commonest model": Filters(projects=(project,), models=(common,)),
        "all time, a key's commonest model": Filters(keys=(key,), models=(common,)),
        "90 days, one provider": Filters(since=quarter, endpoints=provider),
        "all time, one provider": Filters(endpoints=provider),
        "all time, a key's provider": Filters(keys=(key,), endpoints=provider),
        "all time, a project's provider": Filters(projects=(project,), endpoints=provider),
    }
    for name, filters in narrowed.items():
        found[f"totals and chart, {name}"] = lambda filters=filters: usage.totals_and_chart(
            org, filters, "cost"
        )
    for span, since in {"30 days": month, "90 days": quarter, "all time": None}.items():
        for by in BY:
            found[f"usage by {by}, {span}"] = lambda by=by, since=since: stack(
                org, Filters(since=since), by=by, metric="cost", query=""
            )
    return found


def _run(name: str, read: Callable[[], object]) -> Ran:
    ran = Ran(name)
    for _ in range(ROUNDS):
        quality.cache.delete("status")
        with noted(ran):
            started = time.perf_counter()
            read()
            ran.ms.append(1000 * (time.perf_counter() - started))
    return ran


def _plans(ran: Ran) -> Iterator[list[str]]:
    for statement, params in ran.statements:
        if statement.lstrip().startswith(("SELECT", "WITH")):
            with connection.cursor() as cursor:
                cursor.execute(f"EXPLAIN {statement}", params)
                yield [line for [line] in cursor.fetchall()]


def _ways(ran: Ran) -> str:
    """By what the big tables are read, each way once, months together."""
    ways: Counter[str] = Counter()
    for plan in _plans(ran):
        for line in plan:
            found = _NODES.search(line)
            if found and ("Sort" in found[1] or re.search(r"proxy_request|usage_|quality_", line)):
                ways[" ".join(part for part in found.groups() if part)] += 1
    return ", ".join(f"{way} ×{n}" if n > 1 else way for way, n in ways.items())


def _models(org: Any) -> tuple[str, str]:
    """The model that is called most, and the one that is called least."""
    found = _column(
        "SELECT model FROM usage_day WHERE org_id = %s GROUP BY 1 ORDER BY sum(calls) DESC", org.pk
    )
    return found[0], found[-1]


def _often(org: Organization, column: str) -> int:
    """The median one by its calls."""
    query = f"SELECT {column} FROM usage_day WHERE org_id = %s GROUP BY 1 ORDER BY sum(calls)"
    found = _column(query, org.pk)
    return int(found[len(found) // 2])


def _served_by(org: Organization) -> tuple[int, ...]:
    """The endpoints of the provider that was called most, as the filter of the page names it."""
    query = """SELECT DISTINCT endpoint_id FROM usage_day WHERE org_id = %s AND endpoint_id %% 12 = (
                 SELECT endpoint_id %% 12 FROM usage_day WHERE org_id = %s GROUP BY 1
                  ORDER BY sum(calls) DESC LIMIT 1)"""
    return tuple(_column(query, org.pk, org.pk))


def _column(query: str, *params: Any) -> list[Any]:
    with connection.cursor() as cursor:
        cursor.execute(query, params)
        return [row[0] for row in cursor.fetchall()]


def _sizes() -> None:
    query = """SELECT format('%%s: %%s rows, %%s, with indexes %%s', what, sum(n), pg_size_pretty(sum(heap)),
                             pg_size_pretty(sum(whole)))
      FROM (SELECT regexp_replace(relname, '_20.*', '') AS what, reltuples::bigint AS n,
                   pg_table_size(oid) AS heap, pg_total_relation_size(oid) AS whole
              FROM pg_class WHERE relkind = 'r' AND relname ~ '^(proxy_request|usage_|quality_)') t
     GROUP BY what ORDER BY what"""
    print("\n".join(_column(query)))


if __name__ == "__main__":
    main()
