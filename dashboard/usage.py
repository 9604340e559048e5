"""Sums of an organization's calls over what a filter lets through, for the activity page. Amounts are micros.

They come out of the roll-ups (proxy/usage.py), so a range begins and ends with whole minutes, hours or days.
"""

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final

from accounts.models import Organization
from dashboard.activity import Filters
from dashboard.moments import TASHKENT, midnight, today
from proxy.models import Request
from proxy.usage import COUNTS, Asked, Step, Sums, added, finest, quantile_ms, sums, sums_together

DAWN: Final = midnight(date(2024, 1, 1))  # no call is older
METRICS: Final = ("cost", "calls", "tokens")
LENGTHS: Final = {
    Step.MINUTE: timedelta(minutes=1),
    Step.HOUR: timedelta(hours=1),
    Step.DAY: timedelta(days=1),
}
FAILED: Final = (Request.Status.ERROR, Request.Status.CRASHED)
_OF_BARS: Final = ("calls", "input_tokens", "output_tokens", "cost_micros")
_BARS_MAX: Final = 200
_HIGH: Final = 100  # units of the drawing
_WIDE: Final = 10


@dataclass(frozen=True, slots=True)
class Totals:
    """All calls together; times are milliseconds, and None where no call tells any."""

    sums: Sums
    failed: int

    @property
    def failed_bps(self) -> int:
        return (self.failed * 20_000 + self.sums.calls) // (2 * self.sums.calls) if self.sums.calls else 0

    @property
    def latency_ms(self) -> int | None:
        return _rounded(self.sums.mean_latency_ms)

    @property
    def latency_p95_ms(self) -> int | None:
        return _rounded(quantile_ms(self.sums.latency, 0.95))

    @property
    def ttft_ms(self) -> int | None:
        return _rounded(self.sums.mean_ttft_ms)

    @property
    def ttft_p95_ms(self) -> int | None:
        return _rounded(quantile_ms(self.sums.ttft, 0.95))

    @property
    def token_rate(self) -> int | None:
        """Output tokens a second of streams after their first one."""
        return _rounded(self.sums.token_rate)


@dataclass(slots=True, kw_only=True)
class Amounts:
    """What some calls used together."""

    calls: int = 0
    tokens: int = 0
    cost_micros: int = 0

    def add(self, found: Sums) -> None:
        self.calls += found.calls
        self.tokens += found.input_tokens + found.output_tokens
        self.cost_micros += found.cost_micros

    def join(self, other: "Amounts") -> None:
        self.calls += other.calls
        self.tokens += other.tokens
        self.cost_micros += other.cost_micros

    def value(self, metric: str) -> int:
        """By the name of a metric: cost, calls or tokens."""
        return {"cost": self.cost_micros, "calls": self.calls, "tokens": self.tokens}[metric]


@dataclass(slots=True)
class Bar(Amounts):
    """What began from `at` on and before the next bar. y, height: of 100, `most` being all of it."""

    at: datetime
    failed: int = 0
    x: int = 0
    y: int = 0
    height: int = 0

    def add(self, found: Sums) -> None:
        Amounts.add(self, found)
        self.failed += found.calls if found.of[0] in FAILED else 0


@dataclass(frozen=True, slots=True)
class Chart:
    """Bars side by side over the whole range; `most` is what the highest one says."""

    metric: str
    step: str  # minute, hour, day or month
    bars: Sequence[Bar]
    most: int
    until: datetime

    @property
    def width(self) -> int:
        return _WIDE * len(self.bars)

    @property
    def since(self) -> datetime:
        return self.bars[0].at

    @property
    def busy(self) -> list[Bar]:
        """Those that have calls, newest first, for the table."""
        return [bar for bar in reversed(self.bars) if bar.calls]


def models_used(organization: Organization, since: datetime | None, until: datetime | None) -> list[str]:
    """Models that were called in that time, the dearest first."""
    asked = _asked(organization, Filters(since=since, until=until), by=("model",), counts=("calls",))
    return [str(found.of[0]) for found in sums(asked)]


def totals(organization: Organization, filters: Filters) -> Totals:
    """All that the filters let through."""
    return _totals(sums(_of_totals(organization, filters)))


def totals_since(organization: Organization, *moments: datetime) -> list[Totals]:
    """Totals of everything since each of these, in one question."""
    asked = [_of_totals(organization, Filters(since=since)) for since in moments]
    return [_totals(found) for found in sums_together(*asked)]


def chart(organization: Organization, filters: Filters, metric: str) -> Chart | None:
    """The same over time; None without calls. metric: one of METRICS, nonsense is the first."""
    asked = _of_bars(organization, filters)
    return _charted(asked, filters, metric, list(sums(asked)))


def totals_and_chart(
    organization: Organization, filters: Filters, metric: str
) -> tuple[Totals, Chart | None]:
    """Both in one question, and so of one moment."""
    bars = _of_bars(organization, filters)
    whole, parts = sums_together(_of_totals(organization, filters), bars)
    return _totals(whole), _charted(bars, filters, metric, parts)


def _of_totals(organization: Organization, filters: Filters) -> Asked:
    return _asked(organization, filters, by=("status",))


def _of_bars(organization: Organization, filters: Filters) -> Asked:
    return _asked(organization, filters, by=("status",), steps=True, counts=_OF_BARS)


def _totals(by_status: Iterable[Sums]) -> Totals:
    found = list(by_status)
    return Totals(added(found), sum(one.calls for one in found if one.of[0] in FAILED))


def _charted(asked: Asked, filters: Filters, metric: str, by_step: Sequence[Sums]) -> Chart | None:
    if not by_step:
        return None
    until = min(asked.until, datetime.now(TASHKENT))
    since = filters.since or (by_step[0].at or asked.since).astimezone(TASHKENT)
    step, starts = begins(since, max(until, by_step[-1].at or since), asked.step)
    bars = [Bar(at) for at in starts]
    for place, one in placed(by_step, starts):
        bars[place].add(one)
    return _drawn(metric if metric in METRICS else METRICS[0], step, bars, until)


def step_of(since: datetime, until: datetime | None) -> Step:
    """How finely a range is cut: in about 200 pieces at most, and no finer than its beginning is kept."""
    length = min(end(until), datetime.now(TASHKENT)) - since
    kept = finest(since)
    fine = [step for step in LENGTHS if LENGTHS[step] >= LENGTHS[kept]]
    return next((step for step in fine if length <= LENGTHS[step] * _BARS_MAX), Step.DAY)


def end(until: datetime | None) -> datetime:
    """Without a word of it, after the last call that can be."""
    return until or midnight(today() + timedelta(days=2))


def _asked(
    organization: Organization,
    filters: Filters,
    *,
    by: Sequence[str] = (),
    steps: bool = False,
    counts: Sequence[str] = COUNTS,
) -> Asked:
    """Who wants all counts wants the histograms too."""
    since = filters.since or DAWN
    return Asked(
        org=organization.pk,
        since=since,
        until=end(filters.until),
        step=step_of(since, filters.until),
        by=by,
        only=filters.among,
        steps=steps,
        counts=counts,
        histograms=counts is COUNTS,
    )


def begins(since: datetime, until: datetime, step: Step) -> tuple[str, list[datetime]]:
    """Where each bar begins; days that are too many become months."""
    if step == Step.DAY and in_months(since, until):
        return "month", list(_months(since.date(), until))
    count = max(1, -(-(until - since) // LENGTHS[step]) + (until == since))
    return step.value, [since + LENGTHS[step] * place for place in range(count)]


def in_months(since: datetime, until: datetime) -> bool:
    """Whether its days are too many for a chart."""
    return (until - since).days > _BARS_MAX


def placed(by_step: Iterable[Sums], starts: Sequence[datetime]) -> Iterator[tuple[int, Sums]]:
    """Each with the number of the bar that it belongs into. starts: of begins()."""
    last: datetime | None = None
    place = 0
    for one in by_step:
        if one.at is not None and one.at != last:
            # Several have the same, and moments of two time zones are slow to compare.
            last, place = one.at, bisect_right(starts, one.at) - 1
        yield place, one


def _months(day: date, until: datetime) -> Iterator[datetime]:
    month = day.replace(day=1)
    while midnight(month) <= until:
        yield midnight(month)
        month = (month + timedelta(days=31)).replace(day=1)


def _drawn(metric: str, step: str, bars: list[Bar], until: datetime) -> Chart:
    """A bar that says anything at all is seen."""
    most = max(bar.value(metric) for bar in bars)
    for place, bar in enumerate(bars):
        value = bar.value(metric)
        bar.x = place * _WIDE + 1
        bar.height = max(2, value * _HIGH // most) if value else 0
        bar.y = _HIGH - bar.height
    return Chart(metric, step, bars, most, until)


def _rounded(value: float | None) -> int | None:
    return None if value is None else round(value)
