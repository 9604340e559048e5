"""How models and their endpoints have done over an hour, a day and 90 days, out of roll-ups (sql/usage.sql).

Redis knows the last hour better (vitals.py) and may forget everything; this stays, and is a minute late.
Gateways are told of it for endpoints that have been idle for an hour.
A failure is the endpoint's own: what it refuses because a caller is at fault doesn't count, nor does a crash
of ours.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from django.core.cache import cache
from django.db import connection

from proxy.checkup import redis
from proxy.offers import catalog
from routing import choose
from routing.health import DAY_KEY, LEAST_CALLS, Tally
from routing.snaps import ModelSnap
from routing.strategies import Figures

KEPT_S: Final = 600  # it is told anew each minute


@dataclass(frozen=True, slots=True)
class Window:
    """So far back, out of the tables of this step."""

    back: str
    step: str


WINDOWS: Final[Mapping[str, Window]] = {
    "1h": Window("1 hour", "minute"),
    "24h": Window("24 hours", "hour"),
    "90d": Window("90 days", "day"),
}
# One row for each endpoint: its counts as an object, so that few rows travel. The clock is volatile: in a
# SELECT of its own it is asked once, and an index finds the rest.
_COUNTS: Final = """
SELECT model, endpoint_id, json_object_agg(name, n)
  FROM (SELECT model, endpoint_id, name, sum(count)::bigint AS n FROM quality_{step}
         WHERE start >= (SELECT usage_start(billing_now(), '{step}') - interval '{back}')
         GROUP BY 1, 2, 3) counts
 GROUP BY 1, 2
"""


@dataclass(frozen=True, slots=True)
class Quality:
    """calls, errors: as callers saw it, after any failover. endpoints: by id, what was tried at each."""

    calls: int = 0
    errors: int = 0
    endpoints: dict[int, Tally] = field(default_factory=dict)

    @property
    def whole(self) -> Tally:
        """The model with the times of all its endpoints."""
        total = Tally(self.calls, self.errors)
        for tally in self.endpoints.values():
            total.ttft += tally.ttft
            total.rate += tally.rate
            total.latency += tally.latency
        return total


def qualities(window: Window) -> dict[str, Quality]:
    """By model."""
    found: dict[str, dict[int, Tally]] = {}
    with connection.cursor() as cursor:
        cursor.execute(_COUNTS.format(step=window.step, back=window.back))
        for model, endpoint, counts in cursor.fetchall():
            tally = found.setdefault(model, {})[endpoint] = Tally()
            tally.add({name: max(0, count) for name, count in counts.items()})
    return {model: _quality(tallies) for model, tallies in found.items()}


def _quality(tallies: dict[int, Tally]) -> Quality:
    seen = tallies.pop(0, Tally())
    return Quality(seen.calls, seen.errors, tallies)


def figures(found: Mapping[str, Quality]) -> dict[int, Figures]:
    """By endpoint, for a choice between them while Redis knows nothing of the last hour."""
    return {
        endpoint: Figures(tally.ttft_ms(), tally.token_rate(), 0, tally.ttft_ms(0.95))
        for quality in found.values()
        for endpoint, tally in quality.endpoints.items()
    }


def refresh() -> None:
    """Each minute: what `GET /v1/status` says, what gateways expect of idle endpoints. Raises RedisError."""
    windows = {name: qualities(window) for name, window in WINDOWS.items()}
    cache.set("status", _status(windows), KEPT_S)
    _tell_gateways(figures(windows["24h"]))


def status() -> dict[str, Any]:
    """What `GET /v1/status` says; nobody who asks waits for it to be summed, but the first."""
    found: dict[str, Any] | None = cache.get("status")
    if found is None:
        found = _status({name: qualities(window) for name, window in WINDOWS.items()})
        cache.set("status", found, KEPT_S)
    return found


def _tell_gateways(known: Mapping[int, Figures]) -> None:
    told: dict[Any, Any] = {
        str(endpoint): f"{one.ttft_ms or 0:.1f} {one.ttft_p95_ms or 0:.1f} {one.token_rate or 0:.1f}"
        for endpoint, one in known.items()
        if one.ttft_ms is not None or one.token_rate is not None
    }
    pipeline = redis().pipeline()
    pipeline.delete(DAY_KEY)
    if told:
        pipeline.hset(DAY_KEY, mapping=told)
    pipeline.execute()


def _status(windows: Mapping[str, Mapping[str, Quality]]) -> dict[str, Any]:
    here = catalog().models
    shown = [here[slug] for slug in sorted(here) if choose.listed(here[slug])]
    return {"object": "list", "data": [_model(model, windows) for model in shown]}


def _model(model: ModelSnap, windows: Mapping[str, Mapping[str, Quality]]) -> dict[str, Any]:
    of = {name: found.get(model.slug, Quality()) for name, found in windows.items()}
    return {
        "id": model.slug,
        "windows": {name: told(quality.whole) for name, quality in of.items()},
        "endpoints": [
            {
                "provider": endpoint.provider.slug,
                "windows": {name: told(q.endpoints.get(endpoint.id, Tally())) for name, q in of.items()},
            }
            for endpoint in model.endpoints
        ],
    }


def told(tally: Tally) -> dict[str, Any]:
    """As JSON; null where fewer than five calls tell anything. How many there are is nobody's business."""
    known = tally.calls >= LEAST_CALLS
    return {
        "error_percent": round(100 * tally.errors / tally.calls, 2) if known else None,
        "ttft_ms": _pair(tally.ttft_ms(), tally.ttft_ms(0.95)),
        "latency_ms": _pair(tally.latency_ms(), tally.latency_ms(0.95)),
        "tokens_per_second": None if (rate := tally.token_rate()) is None else round(rate, 1),
    }


def _pair(*quantiles: float | None) -> dict[str, int] | None:
    known: Iterable[int] = [round(value) for value in quantiles if value is not None]
    return dict(zip(("p50", "p95"), known, strict=True)) if known else None
