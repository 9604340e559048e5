"""How the endpoints have been doing, for the pages: the counts that all gateway workers keep in Redis
(vitals.py), read in one round trip however many endpoints there are.

Redis may be away or have forgotten: then nothing is known, and the pages say so.
"""

import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache
from typing import Any, Final

from django.conf import settings
from redis import Redis
from redis.exceptions import RedisError

from proxy.vitals import REST_KEY, SLOT_S, counts_of
from routing.health import Tally

_TIMEOUT_S: Final = 0.5

# ARGV: slot, hour, then endpoints. Answers the clock in ms and, for each endpoint, its rest, when it was last
# called and last answered, and its counts of the last two slots, the last 12, and the last 24 hours.
READ: Final = """
local clock = redis.call('TIME')
local now = tonumber(clock[1]) * 1000 + math.floor(tonumber(clock[2]) / 1000)
local slot, hour = tonumber(ARGV[1]), tonumber(ARGV[2])
local function add(key, ...)
  local counts = redis.call('HGETALL', key)
  for _, sum in ipairs({...}) do
    for i = 1, #counts, 2 do sum[counts[i]] = (sum[counts[i]] or 0) + tonumber(counts[i + 1]) end
  end
end
local function flat(sum)
  local out = {}
  for name, count in pairs(sum) do out[#out + 1] = name; out[#out + 1] = count end
  return out
end
local told = {}
for i = 3, #ARGV do
  local id, lately, hours, day = ARGV[i], {}, {}, {}
  for back = 0, 11 do
    local key = 'hl:' .. id .. ':' .. string.format('%d', slot - back)
    if back < 2 then add(key, lately, hours) else add(key, hours) end
  end
  for back = 0, 23 do add('hl:' .. id .. ':h' .. string.format('%d', hour - back), day) end
  told[#told + 1] = {
    redis.call('HGET', 'hl:rest', id), redis.call('HGET', 'hl:called', id),
    redis.call('HGET', 'hl:answered', id), flat(lately), flat(hours), flat(day),
  }
end
return {now, told}
"""


@dataclass(frozen=True, slots=True)
class Checkup:
    """One endpoint over the last 5 minutes (to 10), hour and day.

    resting: why it is left alone; until: when that is over; half_open: it is over, and the next call decides.
    """

    lately: Tally = field(default_factory=Tally)
    hour: Tally = field(default_factory=Tally)
    day: Tally = field(default_factory=Tally)
    resting: str = ""
    until: datetime | None = None
    half_open: bool = False
    called_at: datetime | None = None
    answered_at: datetime | None = None

    @property
    def is_known(self) -> bool:
        return bool(self.day.calls or self.hour.calls or self.resting)


@cache
def redis() -> "Redis":
    """The store of health, asked by pages and jobs."""
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
        return read(wanted)
    except (RedisError, OSError):
        return {endpoint: Checkup() for endpoint in wanted}


def read(endpoints: Iterable[int]) -> dict[int, Checkup]:
    """See checkups(). Raises RedisError or OSError while Redis is away."""
    wanted = list(endpoints)
    if not wanted:
        return {}
    now = int(time.time())
    arguments = [now // SLOT_S, now // 3600, *wanted]
    answer: Any = redis().register_script(READ)(args=arguments)
    clock_ms, rows = answer
    return {endpoint: _checkup(row, int(clock_ms)) for endpoint, row in zip(wanted, rows, strict=True)}


def resting() -> frozenset[int] | None:
    """The endpoints that are left alone now; None while Redis is away and nothing is known."""
    try:
        return frozenset(int(endpoint) for endpoint in redis().hkeys(REST_KEY))
    except (RedisError, OSError):
        return None


def bring_back(endpoint: int) -> None:
    """Ends an endpoint's rest: every worker hears of it within 2 s. Raises RedisError."""
    redis().hdel(REST_KEY, str(endpoint))


def _checkup(row: list[Any], clock_ms: int) -> Checkup:
    rest, called, answered, *counts = row
    lately, hour, day = map(_tally, counts)
    until_ms, _, reason = (rest or "0 0 ").split(" ", 2)
    return Checkup(
        lately=lately,
        hour=hour,
        day=day,
        resting=reason,
        until=_moment(until_ms) if rest else None,
        half_open=bool(rest) and int(until_ms) <= clock_ms,
        called_at=_moment(called),
        answered_at=_moment(answered),
    )


def _tally(flat: list[Any]) -> Tally:
    tally = Tally()
    tally.add(counts_of(flat))
    return tally


def _moment(unix_ms: str | None) -> datetime | None:
    return datetime.fromtimestamp(int(unix_ms) // 1000, UTC) if unix_ms else None
