"""Each endpoint's state in a word, for operators: what catalog, switch and traffic say of it."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from redis.exceptions import RedisError

from proxy.checkup import Checkup, read
from proxy.offers import catalog
from routing.models import Endpoint
from routing.snaps import EndpointSnap

STATES: Final[dict[str, Promise]] = {
    "resting": _("resting"),
    "half_open": _("rest is over, the next call decides"),
    "serving": _("serving"),
    "idle": _("no calls lately"),
    "off": _("switched off"),
    "unavailable": _("no credential or address"),
    "unpriced": _("no price"),
}


@dataclass(frozen=True, slots=True)
class Glance:
    """state: one of STATES."""

    state: str = "idle"
    seen: Checkup = field(default_factory=Checkup)

    @property
    def until(self) -> datetime | None:
        """When its rest is over."""
        return self.seen.until if self.state == "resting" else None


@dataclass(frozen=True, slots=True)
class Survey:
    """All endpoints at once. known: Redis has answered."""

    known: bool
    of: dict[int, Glance]


def survey(rows: Iterable[Endpoint]) -> Survey:
    """One round trip to Redis for all of them; `provider` must be loaded."""
    rows = list(rows)
    here = {one.id: one for model in catalog().models.values() for one in model.endpoints}
    try:
        seen, known = read(row.pk for row in rows), True
    except (RedisError, OSError):
        seen, known = {}, False
    glances = {}
    for row in rows:
        checkup = seen.get(row.pk, Checkup())
        glances[row.pk] = Glance(_state(row, here.get(row.pk), checkup), checkup)
    return Survey(known, glances)


def _state(row: Endpoint, snap: EndpointSnap | None, seen: Checkup) -> str:
    if not (row.is_on and row.provider.is_on):
        return "off"
    if snap is None:
        return "unpriced"
    if not snap.provider.available:
        return "unavailable"
    if seen.resting:
        return "half_open" if seen.half_open else "resting"
    return "serving" if seen.hour.calls else "idle"
