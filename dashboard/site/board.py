"""/status as values: what providers and models do now, and did on 90 days. Made once, for everybody."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from django.core.cache import cache
from django.db.models import Q, QuerySet
from django.utils import timezone

from dashboard.site.incidents import Incident
from dashboard.site.uptime import Uptime, by_model, by_provider, calendar, days_counted
from proxy.checkup import resting
from proxy.offers import catalog
from routing.choose import listed
from routing.snaps import Catalog, EndpointSnap

_KEPT_S: Final = 30
_NAME: Final = "status.board"
_PAST: Final = timedelta(days=90)


@dataclass(frozen=True, slots=True)
class Row:
    """state: up, degraded, down, unknown. uptime: None where nothing was asked in 90 days."""

    id: str
    name: str
    state: str
    uptime: Uptime | None


@dataclass(frozen=True, slots=True)
class Board:
    """`quiet`: how many models were asked nothing in 90 days; they have no row."""

    made_at: datetime
    providers: Sequence[Row]
    models: Sequence[Row]
    quiet: int


def board() -> Board:
    """What is known, no older than half a minute."""
    kept: Board | None = cache.get(_NAME)
    if kept is None:
        kept = _made()
        cache.set(_NAME, kept, _KEPT_S)
    return kept


def uptime_of(model: str) -> Uptime | None:
    """Of one model, by its id; None where nothing was asked in 90 days."""
    return next((row.uptime for row in board().models if row.id == model), None)


def incidents() -> QuerySet[Incident]:
    """Those that go on, and those of the last 90 days."""
    lately = Q(ended_at=None) | Q(ended_at__gte=timezone.now() - _PAST)
    return Incident.objects.filter(lately).prefetch_related("updates", "providers")


def overall(found: Board, open_incidents: Iterable[Incident]) -> str:
    """down or degraded by an operator's word, degraded where something rests, up where something answers.

    A provider that is away is no outage: calls go to the next one.
    """
    impacts = {one.impact for one in open_incidents}
    for impact in (Incident.Impact.DOWN, Incident.Impact.DEGRADED):
        if impact in impacts:
            return str(impact)
    states = {row.state for row in found.providers} | {row.state for row in found.models}
    return "degraded" if states & {"down", "degraded"} else "up" if "up" in states else "unknown"


def _made() -> Board:
    here, days, resting_now = catalog(), days_counted(), resting()
    endpoints = [one for model in here.models.values() for one in model.endpoints]
    providers = {one.id: one.provider.slug for one in endpoints}
    served = by_provider(days, providers)
    models = _models(here, by_model(days), resting_now)
    shown = [row for row in models if row.uptime is not None]
    return Board(timezone.now(), _providers(endpoints, served, resting_now), shown, len(models) - len(shown))


def _providers(
    endpoints: Iterable[EndpointSnap], served: dict[str, Uptime], resting_now: frozenset[int] | None
) -> list[Row]:
    """Those that take calls here, and those that did in 90 days."""
    by_slug: dict[str, list[EndpointSnap]] = {}
    for one in endpoints:
        by_slug.setdefault(one.provider.slug, []).append(one)
    rows = [
        _row_of(slug, found[0].provider.name, found, resting_now, served.get(slug))
        for slug, found in by_slug.items()
        if found[0].provider.available or slug in served
    ]
    return sorted(rows, key=lambda row: row.name.casefold())


def _models(here: Catalog, asked: dict[str, Uptime], resting_now: frozenset[int] | None) -> list[Row]:
    found = sorted((m for m in here.models.values() if listed(m)), key=lambda model: model.name.casefold())
    return [_row_of(m.slug, m.name, m.endpoints, resting_now, asked.get(m.slug)) for m in found]


def _row_of(
    name: str,
    shown: str,
    endpoints: Sequence[EndpointSnap],
    resting_now: frozenset[int] | None,
    asked: Uptime | None,
) -> Row:
    """Of what was never asked nobody knows whether it would answer."""
    return Row(name, shown, _state(endpoints, resting_now) if asked else "unknown", asked)


def _state(endpoints: Sequence[EndpointSnap], resting_now: frozenset[int] | None) -> str:
    """down: all that could answer are resting; unknown: none could, or nothing is known."""
    able = {one.id for one in endpoints if one.provider.available}
    if resting_now is None or not able:
        return "unknown"
    away = able & resting_now
    return "up" if not away else "down" if away == able else "degraded"


def as_json(found: Board, told: Sequence[Incident]) -> dict[str, Any]:
    """The board for programs; shares in per cent, null where nothing was asked."""
    going_on = [one for one in told if one.ended_at is None]
    return {
        "status": overall(found, going_on),
        "updated_at": found.made_at.isoformat(),
        "first_day": calendar()[0].isoformat(),
        "providers": [_row(row) for row in found.providers],
        "models": [_row(row) for row in found.models],
        "incidents": [_incident(one) for one in told],
    }


def _row(row: Row) -> dict[str, Any]:
    days = [None if bps is None else bps / 100 for bps in row.uptime.days] if row.uptime else []
    whole = row.uptime.whole if row.uptime else None
    share = None if whole is None else whole / 100
    return {"id": row.id, "name": row.name, "status": row.state, "answered_percent": share, "days": days}


def _incident(one: Incident) -> dict[str, Any]:
    return {
        "title": one.title,
        "impact": one.impact,
        "started_at": one.started_at.isoformat(),
        "ended_at": one.ended_at.isoformat() if one.ended_at else None,
        "providers": [provider.slug for provider in one.providers.all()],
        "updates": [
            {"at": said.at.isoformat(), "state": said.state, "text": said.text} for said in one.updates.all()
        ],
    }
