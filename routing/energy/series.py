"""What hosted models cost over time: step functions of sites, their lowest, and buckets for charts. Pure.

Times are Unix seconds, costs nano-USD per 10^6 output tokens. A price holds until the next one; None is a
stretch of which nothing is known, and stays a gap.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from operator import itemgetter
from typing import Final, NamedTuple

HOUR_S: Final = 3600
_DAY_S: Final = 24 * HOUR_S


class Window(Enum):
    """What a chart shows: the seconds of a bucket and how many there are."""

    HOURS_4 = "4h", 300, 48
    HOURS_24 = "24h", 300, 288
    DAYS_7 = "7d", 1800, 336

    def __init__(self, label: str, step_s: int, points: int) -> None:
        self.label = label
        self.step_s = step_s
        self.points = points

    @property
    def length_s(self) -> int:
        return self.step_s * self.points

    def begins(self, now_s: int) -> int:
        """Where the first bucket begins so that the last one holds what was just now; on the step's grid."""
        return -(-now_s // self.step_s) * self.step_s - self.length_s


WINDOWS: Final = {window.label: window for window in Window}


class Point(NamedTuple):
    """One price: `energy` is its electricity part, None where it isn't known."""

    out: int
    energy: int | None
    site: str
    state: str


class Step(NamedTuple):
    """From `at` on this holds; None: nothing is known."""

    at: int
    point: Point | None


@dataclass(slots=True)
class Columns:
    """Buckets side by side. `out` and `energy` are time-weighted means, `least` and `most` of `out`."""

    t0: int
    step_s: int
    out: list[int | None] = field(default_factory=list)
    energy: list[int | None] = field(default_factory=list)
    least: list[int | None] = field(default_factory=list)
    most: list[int | None] = field(default_factory=list)
    site: list[str | None] = field(default_factory=list)
    state: list[str | None] = field(default_factory=list)


def lowest(sites: Mapping[str, Sequence[Step]]) -> list[Step]:
    """The cheapest of several step functions at every moment; of equal ones the first by name."""
    now: dict[str, Point | None] = {}
    found: list[Step] = []
    events = [(step.at, name, step.point) for name, steps in sites.items() for step in steps]
    events.sort(key=itemgetter(0))  # of two at the same moment the later one holds
    for place, (at, name, point) in enumerate(events):
        now[name] = point
        if place + 1 < len(events) and events[place + 1][0] == at:
            continue
        best = min((held for held in now.values() if held is not None), key=_rank, default=None)
        if best != (found[-1].point if found else None):
            found.append(Step(at, best))
    return found


def _rank(point: Point) -> tuple[int, str]:
    return point.out, point.site


class _Bucket:
    """What is known of one bucket."""

    __slots__ = ("energy", "energy_s", "known_s", "least", "most", "out", "told")

    def __init__(self) -> None:
        self.out = self.energy = self.known_s = self.energy_s = 0
        self.least: int | None = None
        self.most: int | None = None
        self.told: dict[tuple[str, str], int] = {}

    def add(self, point: Point, seconds: int) -> None:
        self.known_s += seconds
        self.out += point.out * seconds
        if point.energy is not None:
            self.energy_s += seconds
            self.energy += point.energy * seconds
        self.least = point.out if self.least is None else min(self.least, point.out)
        self.most = point.out if self.most is None else max(self.most, point.out)
        name = point.site, point.state
        self.told[name] = self.told.get(name, 0) + seconds

    def into(self, columns: Columns, elapsed_s: int) -> None:
        """A bucket of which less than half is known is a gap."""
        known = self.known_s > 0 and 2 * self.known_s >= elapsed_s
        site, state = max(self.told, key=self.told.__getitem__) if known else (None, None)
        columns.out.append(_mean(self.out, self.known_s) if known else None)
        columns.energy.append(_mean(self.energy, self.energy_s) if known and self.energy_s else None)
        columns.least.append(self.least if known else None)
        columns.most.append(self.most if known else None)
        columns.site.append(site)
        columns.state.append(state)


def buckets(steps: Sequence[Step], window: Window, now_s: int, *, wider: int = 1) -> Columns:
    """The window's buckets up to now: time-weighted means with the least and the most, so spikes survive.

    `site` and `state` are those that held longest in a bucket. wider: how many of its steps make one bucket.
    """
    columns = Columns(window.begins(now_s), window.step_s * wider)
    rows = [_Bucket() for _ in range(window.points // wider)]
    for begin, end, point in stretches(steps, columns.t0, now_s):
        for at, until in _cut(begin, end, columns):
            rows[(at - columns.t0) // columns.step_s].add(point, until - at)
    for number, row in enumerate(rows):
        began = columns.t0 + number * columns.step_s
        row.into(columns, min(now_s, began + columns.step_s) - began)
    return columns


def _cut(begin: int, end: int, columns: Columns) -> Iterable[tuple[int, int]]:
    """A stretch of time in pieces that each lie in one bucket."""
    at = begin
    while at < end:
        until = min(end, at + columns.step_s - (at - columns.t0) % columns.step_s)
        yield at, until
        at = until


def stretches(steps: Sequence[Step], since_s: int, until_s: int) -> Iterable[tuple[int, int, Point]]:
    """(begin, end, price) of what is known of this time, in order."""
    for place, step in enumerate(steps):
        ends = steps[place + 1].at if place + 1 < len(steps) else until_s
        begin, end = max(step.at, since_s), min(ends, until_s)
        if step.point is not None and begin < end:
            yield begin, end, step.point


def average(steps: Sequence[Step], since_s: int, until_s: int) -> int | None:
    """The time-weighted mean price of this time; None where nothing is known."""
    spans = list(stretches(steps, since_s, until_s))
    known_s = sum(end - begin for begin, end, _ in spans)
    return _mean(sum((end - begin) * point.out for begin, end, point in spans), known_s) if known_s else None


class Usual(NamedTuple):
    """The mean electricity part of a price over so many days that are known."""

    energy: int
    days: int


def usual_energy(steps: Sequence[Step], since_s: int, until_s: int, *, days_min: int = 3) -> Usual | None:
    """Time-weighted; None where fewer than `days_min` days are known."""
    spans = [span for span in stretches(steps, since_s, until_s) if span[2].energy is not None]
    known_s = sum(end - begin for begin, end, _ in spans)
    days = (known_s + _DAY_S // 2) // _DAY_S
    if days < days_min:
        return None
    return Usual(
        _mean(sum((end - begin) * (point.energy or 0) for begin, end, point in spans), known_s), days
    )


@dataclass(frozen=True, slots=True)
class Hours:
    """The hours of the day that were cheapest: from `first` (0–23, `last` may pass midnight), in the zone
    that was asked for, and by how many basis points under the mean of all hours."""

    first: int
    last: int
    below_bps: int


def cheapest_hours(
    steps: Sequence[Step], now_s: int, *, zone_s: int, length: int = 3, days_min: int = 3
) -> Hours | None:
    """Of the last 7 days, by the mean of each hour of the day at this offset from UTC.

    None while fewer days than `days_min` are known of any hour, or where the hours don't differ.
    """
    spent, known = [0] * 24, [0] * 24
    for begin, end, point in stretches(steps, now_s - 7 * 24 * HOUR_S, now_s):
        at = begin
        while at < end:
            until = min(end, (at // HOUR_S + 1) * HOUR_S)
            hour = (at + zone_s) // HOUR_S % 24
            spent[hour] += point.out * (until - at)
            known[hour] += until - at
            at = until
    if min(known) < days_min * HOUR_S:
        return None
    means = [_mean(total, seconds) for total, seconds in zip(spent, known, strict=True)]
    sums = [sum(means[(first + more) % 24] for more in range(length)) for first in range(24)]
    first = min(range(24), key=sums.__getitem__)
    whole, part = sum(means) * length, sums[first] * 24
    below_bps = (whole - part) * 10_000 // whole if whole else 0
    return Hours(first, (first + length) % 24, below_bps) if below_bps > 0 else None


def _mean(total: int, weight: int) -> int:
    """Rounded to the nearest, halves up; never outside the values it is of."""
    return (2 * total + weight) // (2 * weight)
