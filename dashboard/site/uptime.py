"""How well models and providers answered, day by day: real calls and probes, out of the log's roll-ups.

A closed day is read once and kept; today and yesterday, which may still get late rows, for a minute.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from django.core.cache import cache
from django.db import connection

from dashboard.moments import today

DAYS: Final = 90
_CLOSED_S: Final = 7 * 24 * 3600
_OPEN_S: Final = 60
_GOOD_BPS: Final = 9_900
_FAIR_BPS: Final = 9_500

# Of attempts: n all, e those that failed by the endpoint's own fault. Endpoint 0: calls as their
# callers saw them, after any failover.
_COUNTS: Final = """
SELECT (start AT TIME ZONE 'Asia/Tashkent')::date, model, endpoint_id,
       coalesce(sum(count) FILTER (WHERE name = 'n'), 0)::bigint,
       coalesce(sum(count) FILTER (WHERE name = 'e'), 0)::bigint
  FROM quality_day
 WHERE start >= %s::timestamp AT TIME ZONE 'Asia/Tashkent' AND name IN ('n', 'e')
 GROUP BY 1, 2, 3
"""

# (model, endpoint) → (attempts, failures)
type Day = dict[tuple[str, int], tuple[int, int]]


@dataclass(frozen=True, slots=True)
class Uptime:
    """Shares in basis points, cut, so that 100 % is said of nothing that failed. None: no attempts."""

    days: tuple[int | None, ...]  # oldest first, today last
    whole: int | None

    @property
    def grades(self) -> list[int]:
        """For the bars: 0 no attempts, 1 bad, 2 fair, 3 good."""
        return [
            0 if bps is None else 3 if bps >= _GOOD_BPS else 2 if bps >= _FAIR_BPS else 1 for bps in self.days
        ]

    @property
    def silent_days(self) -> int:
        return self.days.count(None)


def calendar() -> list[date]:
    """The days that are shown, oldest first, in Tashkent."""
    now = today()
    return [now - timedelta(days=back) for back in range(DAYS - 1, -1, -1)]


def days_counted() -> list[Day]:
    """The counts of each day of the calendar."""
    days = calendar()
    kept: dict[str, Day] = cache.get_many([_key(day) for day in days])
    missing = [day for day in days if _key(day) not in kept]
    if missing:
        read = _read(missing[0])
        fresh = {_key(day): read.get(day, {}) for day in missing}
        closed = {_key(day): fresh[_key(day)] for day in missing if day < days[-2]}
        cache.set_many(closed, _CLOSED_S)
        cache.set_many({name: fresh[name] for name in fresh if name not in closed}, _OPEN_S)
        kept |= fresh
    return [kept[_key(day)] for day in days]


def _key(day: date) -> str:
    return f"uptime.{day.isoformat()}"


def _read(first: date) -> dict[date, Day]:
    found: dict[date, Day] = {}
    with connection.cursor() as cursor:
        cursor.execute(_COUNTS, [first])
        for day, model, endpoint, attempts, failures in cursor.fetchall():
            found.setdefault(day, {})[model, endpoint] = (attempts, failures)
    return found


def by_model(days: Iterable[Day]) -> dict[str, Uptime]:
    """How its callers were answered: what a failover cured is no failure."""
    return _summed(days, lambda model, endpoint: None if endpoint else model)


def by_provider(days: Iterable[Day], providers: Mapping[int, str]) -> dict[str, Uptime]:
    """How what was asked of each went. providers: endpoint → its provider; others are left out."""
    return _summed(days, lambda model, endpoint: providers.get(endpoint))


def _summed(days: Iterable[Day], owner: Callable[[str, int], str | None]) -> dict[str, Uptime]:
    """By what a model's endpoint counts for; None: for nothing."""
    sums: dict[str, list[list[int]]] = {}
    for number, day in enumerate(days):
        for (model, endpoint), (attempts, failures) in day.items():
            name = owner(model, endpoint)
            if name is not None:
                counts = sums.setdefault(name, [[0, 0] for _ in range(DAYS)])[number]
                counts[0] += attempts
                counts[1] += failures
    return {name: _uptime(counts) for name, counts in sums.items()}


def _uptime(counts: list[list[int]]) -> Uptime:
    whole = [sum(column) for column in zip(*counts, strict=True)]
    return Uptime(tuple(_share(*pair) for pair in counts), _share(*whole))


def _share(attempts: int, failures: int) -> int | None:
    return None if attempts <= 0 else 10_000 * (attempts - failures) // attempts
