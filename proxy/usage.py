"""Sums of one organization's calls out of the roll-ups and what came after them: exact to the micro.

The tables and what keeps them are in sql/usage.sql. Minutes are kept for 2 days, hours for 90, Tashkent days
for good. Amounts are micros (10⁻⁶ UZS). A call counts where its id was made, as in lists.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from math import exp2
from typing import Any, Final

from django.db import connection
from django.utils import timezone

from accounts.values import value

DIMENSIONS: Final = {
    "project": "project_id",
    "key": "key_id",
    "model": "model",
    "endpoint": "endpoint_id",
    "kind": "kind",
    "status": "status",
}
COUNTS: Final = (
    *(
        "calls",
        "input_tokens",
        "cached_tokens",
        "cache_write_tokens",
        "cache_write_1h_tokens",
        "output_tokens",
    ),
    *("reasoning_tokens", "images", "seconds", "characters", "price_micros", "cost_micros"),
    *("latency_ms", "ttft_ms", "ttft_calls", "rate_tokens", "rate_ms"),
)
# Tables of fewer dimensions, the smallest first: which ones of DIMENSIONS they tell, and by which steps.
_NARROW: Final = {
    "total": ({"status"}, {"hour", "day"}),
    "project": ({"project", "status"}, {"day"}),
    "key": ({"project", "key"}, {"day"}),
    "endpoint": ({"endpoint", "status"}, {"day"}),
    "model": ({"model", "kind", "status"}, {"hour", "day"}),
}
_BUCKETS: Final = 16  # usage_bucket() in sql/usage.sql: below 16 ms, then each twice as far
_FIRST_MS: Final = 16.0


class Step(StrEnum):
    """How finely sums are kept and cut."""

    MINUTE = "minute"
    HOUR = "hour"
    DAY = "day"


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """Which calls to add up, and how to cut the sums.

    Calls from `since` on and before `until`, both at the beginning of a step. by: names of DIMENSIONS. only:
    for a dimension, the values that count. steps: each step on its own; months: joined into Tashkent's, for
    largest() alone. counts: what is added up, of COUNTS; the rest stays 0.
    """

    org: int
    since: datetime
    until: datetime
    step: Step = Step.DAY
    by: Sequence[str] = ()
    only: Mapping[str, Collection[int | str]] = field(default_factory=dict)
    steps: bool = False
    months: bool = False
    counts: Sequence[str] = COUNTS
    histograms: bool = False


@value(frozen=True, kw_only=True)
class Sums:
    """at: the step, if steps were asked for. of: the values of `by`, in its order. Times are sums of ms."""

    at: datetime | None = None
    of: tuple[Any, ...] = ()
    calls: int = 0
    input_tokens: int = 0
    cached_tokens: int = 0
    cache_write_tokens: int = 0
    cache_write_1h_tokens: int = 0
    output_tokens: int = 0
    reasoning_tokens: int = 0
    images: int = 0
    seconds: int = 0
    characters: int = 0
    price_micros: int = 0
    cost_micros: int = 0
    latency_ms: int = 0
    ttft_ms: int = 0
    ttft_calls: int = 0
    rate_tokens: int = 0
    rate_ms: int = 0
    latency: tuple[int, ...] = ()  # calls by bucket, if histograms were asked for: see quantile_ms()
    ttft: tuple[int, ...] = ()

    @property
    def mean_latency_ms(self) -> float | None:
        return self.latency_ms / self.calls if self.calls else None

    @property
    def mean_ttft_ms(self) -> float | None:
        return self.ttft_ms / self.ttft_calls if self.ttft_calls else None

    @property
    def token_rate(self) -> float | None:
        """Output tokens a second of all streams together, after their first token."""
        return 1000 * self.rate_tokens / self.rate_ms if self.rate_ms > 0 else None


@dataclass(frozen=True, slots=True)
class Largest:
    """values: the largest ones, that one first. others: how many more there are, in sums those of None."""

    values: Sequence[Any]
    others: int
    sums: Sequence[Sums]


def finest(since: datetime) -> Step:
    """The finest step that is still kept of that moment."""
    today = timezone.localtime(timezone.now()).replace(hour=0, minute=0, second=0, microsecond=0)
    if since >= today - timedelta(days=2):
        return Step.MINUTE
    return Step.HOUR if since >= today - timedelta(days=90) else Step.DAY


def first_day(org: int) -> datetime | None:
    """The first day that the roll-ups have calls of; None before there are any."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT min(start) FROM usage_total_day WHERE org_id = %s", [org])
        first: datetime | None = cursor.fetchone()[0]
    return first


def total(asked: Asked) -> Sums:
    """Everything asked for in one; zeros if there were no calls."""
    return next(iter(sums(asked)), Sums())


def sums(asked: Asked) -> Iterator[Sums]:
    """One for each step and combination of values that has calls, in order of the step, then of cost."""
    with connection.cursor() as cursor:
        cursor.execute(*_query(asked))
        for row in cursor.fetchall():
            yield _read(asked, row)


def sums_together(*several: Asked) -> list[list[Sums]]:
    """sums() of each in one statement and so of one moment, what came after the roll-ups being read once.

    They must be of one organization. Within each, by step; combinations of values come in any order.
    """
    org = {one.org for one in several}
    assert len(org) == 1
    parts, values = [], dict[str, Any](org=org.pop())
    for place, asked in enumerate(several):
        part, found = _together(place, asked)
        parts.append(part)
        values |= found
    query = f"WITH tail AS MATERIALIZED (SELECT * FROM usage_tail(%(org)s)) {' UNION ALL '.join(parts)}"
    answers: list[list[Sums]] = [[] for _ in several]
    with connection.cursor() as cursor:
        cursor.execute(query, values)
        for place, at, row in cursor.fetchall():
            answers[place].append(_read(several[place], ([at] if several[place].steps else []) + row))
    return answers


def largest(asked: Asked, measure: Sequence[str], most: int) -> Largest:
    """sums() by step and the one dimension asked for, of at most so many values and of all others together.

    How large a value is, these counts together say over the whole range.
    """
    [column] = [DIMENSIONS[name] for name in asked.by]
    each, values = _source(asked, "tail")
    every, more = _source(replace(asked, by=()), "tail", "_every")
    counts = ", ".join(f"sum({count})::bigint" for count in asked.counts)
    size = " + ".join(f"sum({count})" for count in measure)
    start = "usage_start(start, 'month')" if asked.months else "start"
    # What the others have is the rest of all: of most values only the sum that ranks them is read.
    query = f"""
        WITH tail AS MATERIALIZED (SELECT * FROM usage_tail(%(org)s)),
        ranks AS MATERIALIZED (
            SELECT {column}, row_number() OVER (ORDER BY {size} DESC, {column}::text COLLATE "C") AS rank
              FROM ({each}) u GROUP BY 1 HAVING sum(calls) <> 0)
        SELECT (SELECT count(*) FROM ranks), rank, {start} AS start, {column}, {counts}
          FROM ({each}) u JOIN ranks USING ({column})
         WHERE {column} = ANY (ARRAY(SELECT {column} FROM ranks WHERE rank <= %(most)s))
         GROUP BY 2, 3, 4
         UNION ALL
        SELECT (SELECT count(*) FROM ranks), NULL, {start}, NULL, {counts} FROM ({every}) u GROUP BY 3
         ORDER BY start, rank NULLS LAST"""
    with connection.cursor() as cursor:
        cursor.execute(query, values | more | {"org": asked.org, "most": most})
        rows = cursor.fetchall()
    places = {row[1]: row[3] for row in rows if row[1] is not None}
    others = max(rows[0][0] - most, 0) if rows else 0
    return Largest(
        [places[place] for place in sorted(places)], others, _with_rest(asked, [row[2:] for row in rows])
    )


def _with_rest(asked: Asked, rows: Iterable[Sequence[Any]]) -> list[Sums]:
    """Each step's values as they are, and after them what its whole, the value None, has more than these."""
    found: list[Sums] = []
    seen = [0] * len(asked.counts)
    for at, value_of, *counts in rows:
        if value_of is not None:
            seen = [one + more for one, more in zip(seen, counts, strict=True)]
        else:
            counts = [whole - one for whole, one in zip(counts, seen, strict=True)]
            seen = [0] * len(asked.counts)
        if any(counts):
            found.append(_read(asked, [at, value_of, *counts]))
    return found


def added(several: Iterable[Sums]) -> Sums:
    """All of these in one, of no step and no values; zeros without any."""
    found = list(several)
    counts: dict[str, Any] = {name: sum(getattr(one, name) for one in found) for name in COUNTS}
    for name in ("latency", "ttft"):
        counts[name] = tuple(map(sum, zip(*(getattr(one, name) for one in found), strict=True)))
    return Sums(**counts)


def quantile_ms(counts: Sequence[int], share: float) -> float | None:
    """The time below which this share of calls lies, to about a third of it; None without calls."""
    calls = sum(counts)
    if calls <= 0:
        return None
    wanted, seen = share * calls, 0
    for place, count in enumerate(counts):
        if count > 0 and seen + count >= wanted:
            return _FIRST_MS * exp2(place - 1 + (wanted - seen) / count)
        seen += count
    return _FIRST_MS * exp2(_BUCKETS - 1)


def _query(asked: Asked) -> tuple[str, dict[str, Any]]:
    """The roll-ups and their tail are read in one statement, and so of one moment."""
    groups = _groups(asked)
    source, values = _source(asked, "usage_tail(%(org)s)")
    places = ", ".join(str(n + 1) for n in range(len(groups)))
    query = (
        f"SELECT {', '.join(groups + _counts(asked))} FROM ({source}) u"
        + (f" GROUP BY {places}" if groups else "")
        + " HAVING sum(calls) <> 0 ORDER BY "
        + ("1, " if asked.steps else "")
        + "sum(cost_micros) DESC"
    )
    return query, values | {"org": asked.org}


def _together(place: int, asked: Asked) -> tuple[str, dict[str, Any]]:
    """One of several: its number, the step, and everything else as JSON, as each has columns of its own."""
    by = [DIMENSIONS[n] for n in asked.by]
    source, values = _source(asked, "tail", f"_{place}")
    groups = _groups(asked)
    step = "start" if asked.steps else "NULL::timestamptz"
    return (
        f"(SELECT {place}, {step}, json_build_array({', '.join(by + _counts(asked))}) FROM ({source}) u"
        + (f" GROUP BY {', '.join(groups)}" if groups else "")
        + " HAVING sum(calls) <> 0 ORDER BY 2)"
    ), values


def _groups(asked: Asked) -> list[str]:
    return (["start"] if asked.steps else []) + [DIMENSIONS[n] for n in asked.by]


def _source(asked: Asked, tail: str, mark: str = "") -> tuple[str, dict[str, Any]]:
    """The rows to add up, those of the tail cut as the roll-up's are; the marked names of their values."""
    where, values = _narrowed(asked, mark)
    columns = ", ".join(
        (
            *(DIMENSIONS[name] for name in asked.by),
            *dict.fromkeys((*asked.counts, "calls", "cost_micros")),
            *(("latency", "ttft") if asked.histograms else ()),
        )
    )
    return (
        f"SELECT start, {columns} FROM {_table(asked)} WHERE org_id = %(org)s AND {where}"
        f" UNION ALL SELECT usage_start(start, '{asked.step}'), {columns} FROM {tail} WHERE {where}"
    ), values


def _counts(asked: Asked) -> list[str]:
    counts = [f"coalesce(sum({name}), 0)::bigint" for name in asked.counts]
    if asked.histograms:
        counts += [
            f"coalesce(sum({name}[{place + 1}]), 0)::bigint"
            for name in ("latency", "ttft")
            for place in range(_BUCKETS)
        ]
    return counts


def _narrowed(asked: Asked, mark: str = "") -> tuple[str, dict[str, Any]]:
    """The condition, and its values by names that end so."""
    values: dict[str, Any] = {f"since{mark}": asked.since, f"until{mark}": asked.until}
    where = [f"start >= %(since{mark})s", f"start < %(until{mark})s"]
    for name, wanted in asked.only.items():
        where.append(f"{DIMENSIONS[name]} = ANY(%({name}{mark})s)")
        values[f"{name}{mark}"] = list(wanted)
    return " AND ".join(where), values


def _table(asked: Asked) -> str:
    """The smallest one that can tell."""
    told = {*asked.by, *asked.only}
    for name, (dimensions, steps) in _NARROW.items():
        if told <= dimensions and asked.step in steps:
            return f"usage_{name}_{asked.step}"
    return f"usage_{asked.step}"


def _read(asked: Asked, row: Sequence[Any]) -> Sums:
    head, dims = int(asked.steps), len(asked.by)
    counts = dict(zip(asked.counts, row[head + dims :], strict=False))
    more: dict[str, Any] = {}
    if asked.histograms:
        found = row[head + dims + len(asked.counts) :]
        more = {"latency": tuple(found[:_BUCKETS]), "ttft": tuple(found[_BUCKETS:])}
    return Sums(at=row[0] if asked.steps else None, of=tuple(row[head : head + dims]), **counts, **more)
