"""Which endpoints a job probes, and when: those that nobody has called for a while, and those whose rest is
over, so that no customer has to find out whether they are back.

Each endpoint is claimed in Redis before it is asked, so any number of workers may run this. What a probe
finds reaches Redis through the gateway that made the call, never from here: where our own gateway is away,
no endpoint is blamed.
"""

import logging
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from threading import Event
from typing import Final

from django.conf import settings
from redis.exceptions import RedisError

from proxy.checkup import Checkup, read, redis
from proxy.offers import catalog
from proxy.probe import QUESTIONS, Finding, ask
from proxy.probe_key import probe_key
from routing import choose
from routing.snaps import Catalog, EndpointSnap, ModelSnap

log = logging.getLogger(__name__)

PROBES_MAX: Final = 20  # a run, hence a minute
AT_ONCE: Final = 4
CLAIM_S: Final = 50  # a resting endpoint is asked once a minute at most
_CLAIM: Final = "hl:claim:{}"


@dataclass(frozen=True, slots=True)
class Target:
    model: ModelSnap
    endpoint: EndpointSnap
    claim_s: int


def run() -> int:
    """Probes what is due; how many were asked. While Redis is away nobody knows who is idle: none then."""
    if not settings.PROBE_IDLE_S:
        return 0
    try:
        return probe(due(catalog(), datetime.now(UTC)))
    except (RedisError, OSError) as error:
        log.warning("no probes: %s", type(error).__name__)
        return 0


def probe(targets: Iterable[Target]) -> int:
    """Asks those of them that nobody else asks now; how many. Raises RedisError or OSError."""
    ours = list(_claimed(targets))
    if not ours:
        return 0
    key, stop = probe_key(), Event()
    with ThreadPoolExecutor(AT_ONCE) as pool:
        found = list(pool.map(lambda target: _probed(target, key, stop), ours))
    return sum(one is not None for one in found)


def due(here: Catalog, now: datetime) -> list[Target]:
    """Whom to ask, those that rest first, then who has waited longest. Raises RedisError or OSError."""
    known = {endpoint.id: (model, endpoint) for model, endpoint in _probed_by_us(here)}
    seen = read(known)
    wanted = [pk for pk in known if _is_due(seen[pk], now)]
    wanted.sort(key=lambda pk: _urgency(seen[pk]))
    return [Target(*known[pk], claim_s=_claim_s(seen[pk])) for pk in wanted]


def _probed_by_us(here: Catalog) -> Iterator[tuple[ModelSnap, EndpointSnap]]:
    """Endpoints that can serve and cost next to nothing to ask, at providers that know us."""
    for model in here.models.values():
        question = QUESTIONS.get(model.modality)
        if question is None or not question.cheap or not choose.listed(model):
            continue
        for endpoint in model.endpoints:
            provider = endpoint.provider
            welcome = provider.secret is not None or provider.hosted or settings.PROBE_KEYLESS
            if provider.available and welcome:
                yield model, endpoint


def _is_due(seen: Checkup, now: datetime) -> bool:
    if seen.resting:
        return seen.half_open
    return seen.called_at is None or now - seen.called_at >= timedelta(seconds=settings.PROBE_IDLE_S)


def _urgency(seen: Checkup) -> tuple[bool, float]:
    return not seen.resting, seen.called_at.timestamp() if seen.called_at else 0.0


def _claim_s(seen: Checkup) -> int:
    """Whoever refuses a probe as wrong counts no call and would look idle for ever: not before its time."""
    return CLAIM_S if seen.resting else max(CLAIM_S, settings.PROBE_IDLE_S)


def _claimed(targets: Iterable[Target]) -> Iterator[Target]:
    """Those that are ours to ask now, so many as a run may ask."""
    taken = 0
    for target in targets:
        if taken == PROBES_MAX:
            return
        if redis().set(_CLAIM.format(target.endpoint.id), "1", nx=True, ex=target.claim_s):
            taken += 1
            yield target


def _probed(target: Target, key: str, stop: Event) -> Finding | None:
    """None where it wasn't asked, because what failed before is ours and would fail again."""
    if stop.is_set():
        return None
    found = ask(target.model, target.endpoint, key)
    told: Mapping[str, object] = {"endpoint": target.endpoint.id, "status": found.status}
    if found.is_ours:
        stop.set()
        log.warning("probes are stopped: %s %s, before any endpoint was asked", found.status, found.error)
    elif not found.answered:
        log.warning("probe of endpoint %(endpoint)s: %(status)s", told)
    return found
