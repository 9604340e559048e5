"""Who serves a model, and how well lately, for its public page: figures of real traffic and probes."""

from dataclasses import dataclass

from django.db.models import Q
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from proxy.checkup import Checkup, checkups
from routing.health import Tally
from routing.models import Endpoint
from routing.snaps import EndpointSnap, ModelSnap
from routing.strategies import ordered


@dataclass(frozen=True, slots=True)
class Period:
    """What one endpoint did over some time; None where too few calls tell."""

    name: str | Promise
    calls: int
    ttft_ms: int | None
    ttft_p95_ms: int | None
    token_rate: int | None
    answered_percent: float | None


@dataclass(frozen=True, slots=True)
class Served:
    """One provider of a model. state: up, away or paused, never why. Without periods: no calls yet."""

    name: str
    state: str
    periods: tuple[Period, ...] = ()


def providers(model: ModelSnap) -> list[Served]:
    """Who serves this model, in the order in which they are asked; then those that operators have paused."""
    paused = _paused(model)
    endpoints = [one for one in ordered(model.endpoints, ()) if one.id not in paused]
    known = checkups(endpoint.id for endpoint in endpoints)
    return [_served(endpoint, known[endpoint.id]) for endpoint in endpoints] + [
        Served(name, "paused") for name in paused.values()
    ]


def _paused(model: ModelSnap) -> dict[int, str]:
    """Endpoint → its provider's name."""
    off = Q(paused_at__isnull=False) | Q(provider__paused_at__isnull=False)
    rows = Endpoint.objects.filter(off, model_id=model.pk, retired_at=None, active=True)
    return dict(rows.values_list("pk", "provider__name"))


def _served(endpoint: EndpointSnap, found: Checkup) -> Served:
    up = endpoint.provider.available and not found.resting
    windows = (_("5 minutes"), found.lately), (_("1 hour"), found.hour), (_("24 hours"), found.day)
    periods = tuple(_period(name, tally) for name, tally in windows) if found.day.calls else ()
    return Served(endpoint.provider.name, "up" if up else "away", periods)


def _period(name: str | Promise, tally: Tally) -> Period:
    return Period(
        name=name,
        calls=tally.calls,
        ttft_ms=_whole(tally.ttft_ms()),
        ttft_p95_ms=_whole(tally.ttft_ms(0.95)),
        token_rate=_whole(tally.token_rate()),
        answered_percent=tally.success_percent,
    )


def _whole(figure: float | None) -> int | None:
    return None if figure is None else round(figure)
