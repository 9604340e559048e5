"""How the endpoints are doing, as this worker knows it: its own calls at once, other workers' every 2 s.

A call never waits for any of this: it reads plain values. Counts, rests and probes travel to Redis and back
in one script per beat. Redis may forget everything: then each worker knows what it has seen itself.
"""

import asyncio
import contextlib
import logging
import time
from collections import Counter, deque
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from proxy.script import Script
from routing.energy.load import LOAD_KEY, LOAD_S
from routing.health import DAY_KEY, Breaker, Rest, Tally, fields
from routing.snaps import SiteSnap
from routing.strategies import NOTHING, Figures

log = logging.getLogger(__name__)

SLOT_S: Final = 300
FIGURES_S: Final = 10.0
HOUR_READ_S: Final = 60.0
SLOTS_AN_HOUR: Final = 12
_TIMEOUT_S: Final = 1.0
_PROBE_MS: Final = 10_000
_READ_S: Final = 300.0
_READERS_MAX: Final = 20_000

# Slots of 5 minutes are kept for 75, hours for 25. ARGV: slot, hour, then five lists, each with its length
# before it: (endpoint, field, count), endpoints that answered, (endpoint, ms, level, reason), recovered
# endpoints, wanted probes.
# Answers (endpoint, ms left, level, reason) of every rest, the probes that are granted, and (site, ms) of how
# long one waits at a site of ours by its own word, if that is no older than LOAD_MS.
BEAT: Final = (
    """
local clock = redis.call('TIME')
local now = tonumber(clock[1]) * 1000 + math.floor(tonumber(clock[2]) / 1000)
local slot, hour, at = ARGV[1], ARGV[2], 3
local function take() at = at + 1; return ARGV[at - 1] end
for _ = 1, tonumber(take()) do
  local id, name, count = take(), take(), take()
  for key, ttl in pairs({['hl:' .. id .. ':' .. slot] = 4500, ['hl:' .. id .. ':h' .. hour] = 90000}) do
    redis.call('HINCRBY', key, name, count)
    redis.call('EXPIRE', key, ttl)
  end
  redis.call('SADD', 'hl:seen:' .. slot, id)
  redis.call('EXPIRE', 'hl:seen:' .. slot, 4500)
  if name == 'n' then redis.call('HSET', 'hl:called', id, now) end
end
for _ = 1, tonumber(take()) do redis.call('HSET', 'hl:answered', take(), now) end
redis.call('EXPIRE', 'hl:called', 691200)
redis.call('EXPIRE', 'hl:answered', 691200)
for _ = 1, tonumber(take()) do
  local id, ms, level, reason = take(), tonumber(take()), take(), take()
  redis.call('HSET', 'hl:rest', id, string.format('%d %d %s', now + ms, level, reason))
end
for _ = 1, tonumber(take()) do redis.call('HDEL', 'hl:rest', take()) end
local granted = {}
for _ = 1, tonumber(take()) do
  local id = take()
  if redis.call('SET', 'hl:probe:' .. id, '1', 'NX', 'PX', PROBE_MS) then granted[#granted + 1] = id end
end
local rests, all = {}, redis.call('HGETALL', 'hl:rest')
for i = 1, #all, 2 do
  local till, level, reason = string.match(all[i + 1], '^(%d+) (%d+) (.*)$')
  rests[#rests + 1] = {all[i], tonumber(till) - now, tonumber(level), reason}
end
local waits, loads = {}, redis.call('HGETALL', 'LOAD_KEY')
for i = 1, #loads, 2 do
  local at, ms = string.match(loads[i + 1], '^(%d+) (%d+)$')
  if at and now - tonumber(at) < LOAD_MS then waits[#waits + 1] = {loads[i], tonumber(ms)} end
end
return {rests, granted, waits}
""".replace("PROBE_MS", str(_PROBE_MS))
    .replace("LOAD_KEY", LOAD_KEY)
    .replace("LOAD_MS", str(int(LOAD_S * 1000)))
)

# ARGV: slots. Answers (endpoint, its counts as a flat list) for each slot that has any.
READ: Final = """
local out = {}
for i = 1, #ARGV do
  for _, id in ipairs(redis.call('SMEMBERS', 'hl:seen:' .. ARGV[i])) do
    out[#out + 1] = {id, redis.call('HGETALL', 'hl:' .. id .. ':' .. ARGV[i])}
  end
end
return out
"""


# Answers endpoint and figures in turn: its last day by the log.
DAY: Final = f"return redis.call('HGETALL', '{DAY_KEY}')"
REST_KEY: Final = "hl:rest"


class Vitals:
    """Figures and rests of all endpoints."""

    def __init__(self, redis_url: str, rest_s: float) -> None:
        """rest_s: seconds of the first rest; 0: no endpoint ever rests."""
        self._rest_s = rest_s
        self._beat_script = Script(redis_url, BEAT)
        self._read_script = Script(redis_url, READ)
        self._day_script = Script(redis_url, DAY)
        self._breakers: dict[int, Breaker] = {}
        self._rests: dict[
            int, tuple[float, str]
        ] = {}  # endpoint → (until, reason); over but still here: half-open
        self._permits: set[int] = set()
        self._loads: Counter[int] = Counter()
        self._medians: dict[int, Figures] = {}
        self._counts: Counter[tuple[int, str]] = Counter()
        self._new_rests: dict[int, Rest] = {}
        self._recovered: set[int] = set()
        self._figures_due = self._hour_due = 0.0
        self._hour: dict[int, Tally] = {}  # without the last ten minutes
        self._day: dict[int, Figures] = {}
        self._readers: dict[int, tuple[float, int]] = {}  # prefix → (until, endpoint)
        self._waits: dict[int, int] = {}  # site → ms
        self._queue: deque[asyncio.Future[None]] = deque()  # calls that wait for a place at a site
        self.workers = 1  # that share the places of a site

    # what calls read

    def figures(self, endpoint: int) -> Figures:
        """Medians of the last minutes over all workers, and our own load."""
        known = self._medians.get(endpoint, NOTHING)
        load = self._loads.get(endpoint, 0)
        return known if load == known.load else replace(known, load=load)

    def resting(self, endpoint: int) -> str:
        """Why the endpoint is left alone now; empty if it isn't, or if this call may be its probe."""
        found = self._rests.get(endpoint)
        if found is None or endpoint in self._permits:
            return ""
        return found[1]

    def reader(self, prefix: int) -> int:
        """The endpoint of ours that has read a prompt with this beginning in the last five minutes, or 0."""
        until, endpoint = self._readers.get(prefix, (0.0, 0))
        return endpoint if until > time.monotonic() else 0

    def full(self, site: SiteSnap) -> str:
        """Why a site of ours takes no more calls now; empty if it does. Our share of its places is as large
        as any other worker's."""
        here = sum(self._loads.get(endpoint, 0) for endpoint in site.endpoints)
        if here * self.workers >= site.in_flight_max:
            return "site_full"
        return "site_queue" if self._waits.get(site.id, 0) > site.queue_budget_ms else ""

    @property
    def all_well(self) -> bool:
        """No endpoint rests: nobody needs to look."""
        return not self._rests

    # what calls tell

    def began(self, endpoint: int, *, probe: bool = False) -> None:
        """A call is on its way; a permit is used up. probe: sent on purpose, so it needs no permit."""
        self._loads[endpoint] += 1
        if endpoint in self._permits or (probe and endpoint in self._rests):
            self._permits.discard(endpoint)
            self._breaker(endpoint).half_open = True

    def left(self, endpoint: int) -> None:
        """The call is no longer on its way."""
        self._loads[endpoint] -= 1
        if self._loads[endpoint] <= 0:
            del self._loads[endpoint]
        while self._queue:
            waiting = self._queue.popleft()
            if not waiting.done():
                waiting.set_result(None)
                break

    async def place(self, seconds: float) -> None:
        """Returns when a call has left its endpoint and it is this one's turn, or after so long."""
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._queue.append(turn)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await turn

    def succeeded(self, endpoint: int, ttft_ms: float | None, token_rate: float | None) -> None:
        self._count(endpoint, failed=False, ttft_ms=ttft_ms, token_rate=token_rate)
        breaker = self._breakers.get(endpoint)
        if breaker is not None and breaker.succeeded(time.monotonic()):
            log.warning("endpoint %s answers again", endpoint)
            self._rests.pop(endpoint, None)
            self._new_rests.pop(endpoint, None)
            self._recovered.add(endpoint)

    def has_read(self, prefix: int, endpoint: int) -> None:
        """Providers keep what they have read for about five minutes, ever anew."""
        if len(self._readers) >= _READERS_MAX:
            self._readers.clear()
        self._readers[prefix] = time.monotonic() + _READ_S, endpoint

    def failed(self, endpoint: int, reason: str, status: int | None, retry_after_s: float = 0) -> None:
        """A failure that is the endpoint's, never a caller's mistake."""
        self._count(endpoint, failed=True)
        rest = self._breaker(endpoint).failed(time.monotonic(), reason, status, retry_after_s)
        if rest is None or not self._rest_s:
            return
        log.error("endpoint %s rests for %.0f s: %s", endpoint, rest.seconds, rest.reason)
        self._rests[endpoint] = time.monotonic() + rest.seconds, rest.reason
        self._new_rests[endpoint] = rest
        self._recovered.discard(endpoint)

    def _breaker(self, endpoint: int) -> Breaker:
        return self._breakers.setdefault(endpoint, Breaker(self._rest_s))

    def _count(self, endpoint: int, **outcome: Any) -> None:
        for name in fields(**outcome):
            self._counts[endpoint, name] += 1

    # every 2 s

    async def beat(self) -> None:
        """Tells Redis what is new and hears what others have seen. Raises OSError while Redis is away."""
        counts, self._counts = self._counts, Counter()
        rests, self._new_rests = self._new_rests, {}
        recovered, self._recovered = self._recovered, set()
        now = time.monotonic()
        wanted = [e for e, (until, _) in self._rests.items() if until <= now and e not in self._permits]
        arguments: list[str | int] = [_slot(), _hour(), len(counts)]
        for (endpoint, name), count in counts.items():
            arguments += (endpoint, name, count)
        answered = [e for (e, name), calls in counts.items() if name == "n" and calls > counts[e, "e"]]
        arguments += (len(answered), *answered, len(rests))
        for endpoint, rest in rests.items():
            arguments += (endpoint, int(rest.seconds * 1000), rest.level, rest.reason)
        arguments += (len(recovered), *recovered, len(wanted), *wanted)
        try:
            told, granted, waits = await self._beat_script.call(arguments, _TIMEOUT_S)
        except OSError:
            self._counts.update(counts)
            self._new_rests = rests | self._new_rests
            self._recovered |= recovered
            self._permits.update(wanted)  # alone, this worker probes for itself
            raise
        self._hear(told)
        self._waits = {int(site): ms for site, ms in waits}
        self._permits.update(endpoint for endpoint in map(int, granted) if endpoint in self._rests)
        if now >= self._figures_due:
            self._figures_due = now + FIGURES_S
            await self._read()

    def _hear(self, told: list[list[Any]]) -> None:
        now = time.monotonic()
        rests = {}
        for endpoint, left_ms, level, reason in told if self._rest_s else ():
            rests[int(endpoint)] = now + left_ms / 1000, _text(reason)
            breaker = self._breaker(int(endpoint))
            breaker.level = max(breaker.level, level + 1)
        for endpoint, rest in self._new_rests.items():  # since the question left
            rests[endpoint] = now + rest.seconds, rest.reason
        for endpoint in self._recovered:
            rests.pop(endpoint, None)
        self._rests = rests
        self._permits &= rests.keys()

    async def _read(self) -> None:
        """Medians of the last ten minutes; of the last hour, then day, where those had too few calls."""
        slot, now = _slot(), time.monotonic()
        recent = await self._tallies(slot, slot - 1)
        if now >= self._hour_due:
            self._hour_due = now + HOUR_READ_S
            self._hour = await self._tallies(*range(slot - 2, slot - SLOTS_AN_HOUR, -1))
            self._day = _days(await self._day_script.call((), _TIMEOUT_S))
        self._medians = self._day | {
            endpoint: _figures(
                recent.get(endpoint, Tally()),
                self._hour.get(endpoint, Tally()),
                self._day.get(endpoint, NOTHING),
            )
            for endpoint in recent.keys() | self._hour.keys()
        }

    async def _tallies(self, *slots: int) -> dict[int, Tally]:
        tallies: dict[int, Tally] = {}
        for endpoint, flat in await self._read_script.call(slots, _TIMEOUT_S):
            tallies.setdefault(int(endpoint), Tally()).add(counts_of(flat))
        return tallies

    def close(self) -> None:
        self._beat_script.close()
        self._read_script.close()
        self._day_script.close()


def _figures(recent: Tally, older: Tally, day: Figures) -> Figures:
    """Old figures of an idle endpoint, those of its probes too, say more than what a catalog expects."""
    known = [recent, Tally(ttft=recent.ttft + older.ttft, rate=recent.rate + older.rate)]
    timed = known[recent.ttft_ms() is None]
    rated = known[recent.token_rate() is None]
    if timed.ttft_ms() is None:
        return replace(day, token_rate=rated.token_rate() or day.token_rate)
    return Figures(timed.ttft_ms(), rated.token_rate() or day.token_rate, 0, timed.ttft_ms(0.95))


def _days(flat: list[Any]) -> dict[int, Figures]:
    """What DAY answers; 0 says that it isn't known."""
    found: dict[int, Figures] = {}
    for endpoint, said in zip(*[iter(flat)] * 2, strict=True):
        ttft, slow, rate = (float(value) or None for value in said.split())
        found[int(endpoint)] = Figures(ttft, rate, 0, slow)
    return found


def counts_of(flat: list[Any]) -> Mapping[str, int]:
    """A hash as Redis answers it in RESP2."""
    pairs = zip(*[iter(flat)] * 2, strict=True)
    return {_text(name): int(count) for name, count in pairs}


def _text(value: Any) -> str:
    return value.decode() if isinstance(value, bytes) else str(value)


def _slot() -> int:
    return int(time.time()) // SLOT_S


def _hour() -> int:
    return int(time.time()) // 3600
