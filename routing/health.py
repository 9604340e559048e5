"""When an endpoint is left alone and when it is tried again, and what its traffic says of it. Pure.

A breaker has three states. Closed: everything goes. Open: nothing goes until the rest is over; each further
failure doubles it. Half-open: one call goes as a probe, and its outcome decides. Time comes as a value, in
seconds of any clock that only moves forward.
"""

import math
from collections import Counter, deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

REST_S: Final = 5.0
REST_MAX_S: Final = 300.0
# A provider that refuses our credential or our money won't change its mind by itself.
REFUSED_S: Final = 900.0
RETRY_AFTER_MAX_S: Final = 120.0
WINDOW: Final = 20
WINDOW_S: Final = 60.0
LEAST_FAILURES: Final = 3
# A silent provider costs its callers seconds each time: two are enough.
LEAST_SILENCES: Final = 2
SILENT: Final = frozenset({"timeout", "stalled"})
REFUSED: Final = frozenset({401, 402, 403})


@dataclass(frozen=True, slots=True)
class Rest:
    """Leave the endpoint alone for so long. level: how often in a row it has had to rest."""

    seconds: float
    level: int
    reason: str


def rest(first_s: float, level: int, reason: str) -> Rest:
    """The rest of this level: the first one doubled each time, 5 minutes at most."""
    return Rest(min(first_s * 2 ** min(level, 16), REST_MAX_S), level, reason)


@dataclass(slots=True)
class Breaker:
    """What one worker has seen of an endpoint lately; says when it should rest."""

    first_s: float = REST_S
    level: int = 0
    half_open: bool = False
    _outcomes: deque[tuple[float, str]] = field(default_factory=lambda: deque(maxlen=WINDOW))

    def succeeded(self, now: float) -> bool:
        """True if that ends a rest: the probe came back."""
        self._outcomes.append((now, ""))
        recovered, self.half_open, self.level = self.half_open, False, 0
        return recovered

    def failed(
        self, now: float, reason: str, status: int | None = None, retry_after_s: float = 0
    ) -> Rest | None:
        """The rest that this failure leads to, if any."""
        self._outcomes.append((now, reason))
        if status in REFUSED:
            return self._rest(Rest(REFUSED_S, self.level, f"refused_{status}"))
        if retry_after_s > 0:
            wait = min(retry_after_s, RETRY_AFTER_MAX_S)
            return self._rest(Rest(wait, self.level, reason))
        if self.half_open or self._is_bad(now):
            return self._rest(rest(self.first_s, self.level, reason))
        return None

    def _is_bad(self, now: float) -> bool:
        recent = [reason for at, reason in self._outcomes if now - at <= WINDOW_S]
        failures = [reason for reason in recent if reason]
        silences = sum(reason in SILENT for reason in failures)
        enough = len(failures) >= LEAST_FAILURES or silences >= LEAST_SILENCES
        return enough and 2 * len(failures) >= len(recent)

    def _rest(self, chosen: Rest) -> Rest:
        self.level, self.half_open = self.level + 1, False
        self._outcomes.clear()
        return chosen


# Figures: histograms whose buckets grow by 5 %, so a median is right within 2.5 %.
_GROWTH: Final = math.log(1.05)
LEAST_CALLS: Final = 5
# In Redis: endpoint → "ttft p95 rate" of its last day by the log, 0 for what isn't known. Written each minute
# out of PostgreSQL (proxy/quality.py), so that it comes back when Redis has forgotten everything.
DAY_KEY: Final = "hl:day"


def bucket(value: float) -> int:
    """The histogram bucket of a value ≥ 1; anything smaller is in the first one."""
    return max(0, round(math.log(max(value, 1.0)) / _GROWTH))


def middle(number: int) -> float:
    """The value that a bucket stands for."""
    return math.exp(number * _GROWTH)


@dataclass(slots=True)
class Tally:
    """Calls of an endpoint over some time. ttft, latency: milliseconds; rate: tokens a second × 10."""

    calls: int = 0
    errors: int = 0
    ttft: Counter[int] = field(default_factory=Counter)
    rate: Counter[int] = field(default_factory=Counter)
    latency: Counter[int] = field(default_factory=Counter)

    def add(self, counts: Mapping[str, int]) -> None:
        """Adds what a store keeps: field → count, as `fields` names them."""
        for name, count in counts.items():
            kind, number = name[0], name[1:]
            if kind == "n":
                self.calls += count
            elif kind == "e":
                self.errors += count
            elif number.isdigit():
                spread = {"t": self.ttft, "r": self.rate, "l": self.latency}[kind]
                spread[int(number)] += count

    @property
    def success_percent(self) -> float | None:
        return None if not self.calls else 100.0 * (self.calls - self.errors) / self.calls

    def ttft_ms(self, share: float = 0.5) -> float | None:
        """A quantile of the time to the first token; None for too few calls."""
        return quantile(self.ttft, share)

    def latency_ms(self, share: float = 0.5) -> float | None:
        """A quantile of how long whole calls took; None for too few calls."""
        return quantile(self.latency, share)

    def token_rate(self, share: float = 0.5) -> float | None:
        """A quantile of output tokens a second; None for too few calls."""
        found = quantile(self.rate, share)
        return None if found is None else found / 10


def fields(*, failed: bool, ttft_ms: float | None = None, token_rate: float | None = None) -> Iterable[str]:
    """The fields that one call counts up by one."""
    yield "n"
    if failed:
        yield "e"
    if ttft_ms is not None:
        yield f"t{bucket(ttft_ms)}"
    if token_rate is not None:
        yield f"r{bucket(token_rate * 10)}"


def quantile(counts: Mapping[int, int], share: float) -> float | None:
    """The value below which this share of a histogram lies; None for fewer than five values."""
    total = sum(counts.values())
    if total < LEAST_CALLS:
        return None
    wanted, seen = math.ceil(share * total), 0
    for number in sorted(counts):
        seen += counts[number]
        if seen >= wanted:
            return middle(number)
    return None
