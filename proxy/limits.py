"""Request-rate windows: fixed, 60 s from the first call, in Redis; one round trip for all calls of a tick.

Redis holds only what may be lost. When it is away each process keeps windows of its own at the limit divided
by the number of live workers, so that no limit is ever lifted by an outage.
"""

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from accounts.values import value
from proxy.batch import Batch
from proxy.script import Script

WINDOW_S = 60
_TIMEOUT_S = 0.05
_BREAK_S = 1.0
_LOCAL_MAX = 100_000

# ARGV: number of windows of each call, then (key, limit) pairs. A refused call takes from no window.
# Answers four numbers a call: 1 = allowed, then limit, remaining and milliseconds of its tightest window.
TAKE = """
local out, calls = {}, tonumber(ARGV[1])
local at = calls + 2
for c = 1, calls do
  local n = tonumber(ARGV[1 + c])
  local counts, allowed = {}, 1
  for w = 0, n - 1 do
    local key, limit = ARGV[at + 2 * w], tonumber(ARGV[at + 2 * w + 1])
    counts[w] = tonumber(redis.call('GET', key) or '0')
    if counts[w] >= limit then allowed = 0 end
  end
  local tight, left, reset = 0, nil, 0
  for w = 0, n - 1 do
    local key, limit = ARGV[at + 2 * w], tonumber(ARGV[at + 2 * w + 1])
    local count = counts[w]
    if allowed == 1 then
      count = redis.call('INCR', key)
      if count == 1 then redis.call('PEXPIRE', key, 60000) end
    end
    local remaining = limit - count
    if remaining < 0 then remaining = 0 end
    if left == nil or remaining < left then
      left, tight = remaining, limit
      reset = redis.call('PTTL', key)
      if reset < 0 then reset = 60000 end
    end
  end
  at = at + 2 * n
  out[4 * c - 3], out[4 * c - 2], out[4 * c - 1], out[4 * c] = allowed, tight, left, reset
end
return out
"""


@dataclass(frozen=True, slots=True)
class Window:
    """One limit that a call counts against."""

    key: str
    limit: int


@value(frozen=True)
class Taken:
    """The state of a call's tightest window after the call."""

    allowed: bool
    limit: int
    remaining: int
    reset_s: int

    def headers(self, *, unix_time: bool = False) -> list[tuple[bytes, bytes]]:
        """The reset in seconds from now, or as a Unix time."""
        reset = int(time.time()) + self.reset_s if unix_time else self.reset_s
        return [
            (b"x-ratelimit-limit", b"%d" % self.limit),
            (b"x-ratelimit-remaining", b"%d" % self.remaining),
            (b"x-ratelimit-reset", b"%d" % reset),
        ]


class Limiter:
    """Takes from the windows of each call; `live_workers` shares the limits out while Redis is away."""

    def __init__(self, redis_url: str, live_workers: Callable[[], int]) -> None:
        self._script = Script(redis_url, TAKE)
        self._live_workers = live_workers
        self._broken_until = 0.0
        self._local: dict[str, tuple[float, int]] = {}
        self._batch: Batch[Sequence[Window], Taken] = Batch(self._flush)

    async def take(self, windows: Sequence[Window]) -> Taken:
        """Counts one call against all windows, or against none if one is full."""
        return await self._batch.add(windows)

    async def _flush(self, calls: Sequence[Sequence[Window]]) -> list[Taken]:
        if time.monotonic() < self._broken_until:
            return [self._take_locally(windows) for windows in calls]
        arguments: list[str | int] = [len(calls), *map(len, calls)]
        for windows in calls:
            for window in windows:
                arguments += (window.key, window.limit)
        try:
            numbers = await self._script.call(arguments, _TIMEOUT_S)
        except OSError:
            self._broken_until = time.monotonic() + _BREAK_S
            return [self._take_locally(windows) for windows in calls]
        rows = zip(*[iter(numbers)] * 4, strict=True)
        return [
            Taken(bool(allowed), limit, left, math.ceil(reset / 1000)) for allowed, limit, left, reset in rows
        ]

    def close(self) -> None:
        self._script.close()

    def _take_locally(self, windows: Sequence[Window]) -> Taken:
        now, share = time.monotonic(), max(1, self._live_workers())
        if len(self._local) > _LOCAL_MAX:
            self._local = {key: state for key, state in self._local.items() if state[0] > now}
        states = []
        for window in windows:
            ends, count = self._local.get(window.key, (0.0, 0))
            states.append((window, ends, count) if ends > now else (window, now + WINDOW_S, 0))
        allowed = all(count < max(1, window.limit // share) for window, _, count in states)
        rows = []
        for window, ends, count in states:
            count += allowed
            self._local[window.key] = (ends, count)
            left = max(0, max(1, window.limit // share) - count)
            rows.append((left, window.limit, math.ceil(ends - now)))
        left, limit, reset = min(rows)
        return Taken(allowed, limit, left, reset)
