"""How the endpoints have been doing, for the pages: the counts that all gateway workers keep in Redis
(vitals.py).

Redis may be away or have forgotten: then nothing is known, and the pages say so.
"""

import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any, Final

from django.conf import settings
from redis import Redis
from redis.exceptions import RedisError

from proxy.vitals import REST_KEY, SLOT_S, counts_key, hour_key
from routing.health import Tally

_TIMEOUT_S: Final = 0.2
_HOURS: Final = 24


@dataclass(frozen=True, slots=True)
class Checkup:
    """One endpoint over the last 5 minutes (to 10), hour and day. resting: why it is left alone now."""

    lately: Tally = field(default_factory=Tally)
    hour: Tally = field(default_factory=Tally)
    day: Tally = field(default_factory=Tally)
    resting: str = ""

    @property
    def is_known(self) -> bool:
        return bool(self.day.calls or self.hour.calls or self.resting)


@cache
def _redis() -> "Redis":
    return Redis.from_url(
        settings.REDIS_URL,
        socket_timeout=_TIMEOUT_S,
        socket_connect_timeout=_TIMEOUT_S,
        decode_responses=True,
    )


def checkups(endpoints: Iterable[int]) -> dict[int, Checkup]:
    """By endpoint id; an endpoint that nothing is known of is there too."""
    wanted = list(endpoints)
    try:
        rests = _rests()
        counts = _counts(wanted)
    except (RedisError, OSError):
        return {endpoint: Checkup() for endpoint in wanted}
    found = {}
    for place, endpoint in enumerate(wanted):
        slots, hours = counts[place]
        found[endpoint] = Checkup(_sum(slots[:2]), _sum(slots), _sum(hours), rests.get(endpoint, ("", 0))[0])
    return found


def bring_back(endpoint: int) -> None:
    """Ends an endpoint's rest: every worker hears of it within 2 s. Raises RedisError."""
    _redis().hdel(REST_KEY, str(endpoint))


def _rests() -> dict[int, tuple[str, int]]:
    """Endpoint → (reason, until in Unix milliseconds)."""
    found = {}
    for endpoint, text in _hash(_redis().hgetall(REST_KEY)).items():
        until, _, reason = text.split(" ", 2)
        found[int(endpoint)] = reason, int(until)
    return found


def _counts(endpoints: list[int]) -> list[tuple[list[Mapping[str, str]], list[Mapping[str, str]]]]:
    """For each endpoint its slots of the last hour and its hours of the last day, newest first."""
    now = int(time.time())
    slots = [now // SLOT_S - back for back in range(3600 // SLOT_S)]
    hours = [now // 3600 - back for back in range(_HOURS)]
    pipeline = _redis().pipeline(transaction=False)
    for endpoint in endpoints:
        for slot in slots:
            pipeline.hgetall(counts_key(endpoint, slot))
        for hour in hours:
            pipeline.hgetall(hour_key(endpoint, hour))
    answers = iter(pipeline.execute())
    return [([_hash(next(answers)) for _ in slots], [_hash(next(answers)) for _ in hours]) for _ in endpoints]


def _hash(answer: Any) -> dict[str, str]:
    return dict(answer)


def _sum(rows: Iterable[Mapping[str, str]]) -> Tally:
    tally = Tally()
    for row in rows:
        tally.add({name: int(count) for name, count in row.items()})
    return tally
