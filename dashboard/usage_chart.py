"""Usage by day, stacked by model, key or project: the chart, its table and its file say the same. Micros.

All of it comes out of the roll-ups and their tail (proxy/usage.py), so sums are those of the ledger.
"""

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import ClassVar, Final

from django import forms
from django.http import QueryDict
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import ApiKey, Organization, Project
from billing.money import exact_uzs
from dashboard.activity import Filters
from dashboard.activity_form import RANGES, ActivityForm
from dashboard.moments import TASHKENT, midnight
from dashboard.usage import DAWN, METRICS, Amounts, begins, end
from proxy.usage import Asked, Step, Sums, sums

BY: Final = ("model", "key", "project")
COLUMNS: Final = ("day", "id", "name", "calls", "input_tokens", "output_tokens", "cost_uzs", "cost_micros")
HIGH: Final = 400  # units of the drawing
WIDE: Final = 10
_SHOWN: Final = 7  # as many colours; the rest is one part together
_COUNTS: Final = ("calls", "input_tokens", "output_tokens", "cost_micros")

type Value = str | int  # a model's id, or the number of a key or project
type Range = tuple[date, date]  # first and last day


class UsageForm(ActivityForm):
    """The filter of the activity page, by whole days."""

    RANGE: ClassVar[str] = "30d"

    range = forms.ChoiceField(
        label=gettext_lazy("Time"),
        choices=[
            *((name, RANGES[name]) for name in ("7d", "30d", "90d")),
            ("365d", gettext_lazy("Last year")),
            ("all", RANGES["all"]),
        ],
        required=False,
    )
    text = None  # type: ignore[assignment]  # Django takes it for: no such field

    def filters(self, now: datetime | None = None) -> Filters:
        """Whole days: of the last seven, today is one."""
        found = super().filters(now)
        said = self.cleaned_data
        if found.since is None or said.get("since") or said.get("until"):
            return found
        day = found.since.astimezone(TASHKENT).date()
        return replace(found, since=midnight(day + timedelta(days=1)))


@dataclass(frozen=True, slots=True)
class Thing:
    """A model, key or project of the chart, or all the rest together. series: its colour, 0 for the rest."""

    value: Value | None
    api_id: str
    name: str
    series: int


@dataclass(slots=True)
class Part(Amounts):
    """What one thing used in one column. y, height: of HIGH units."""

    thing: Thing
    url: str = ""
    y: int = 0
    height: int = 0


@dataclass(frozen=True, slots=True)
class Column:
    """A day, or a month where days are too many. parts: one for each thing; whole: all of them together."""

    at: datetime
    x: int
    parts: Sequence[Part]
    whole: Part


@dataclass(frozen=True, slots=True)
class Stack:
    """The chart. wholes: each thing over all columns; most: what the highest column says."""

    by: str
    metric: str
    step: str
    columns: Sequence[Column]
    wholes: Sequence[Part]
    whole: Part
    most: int

    height: ClassVar[int] = HIGH

    @property
    def width(self) -> int:
        return WIDE * len(self.columns)

    @property
    def busy(self) -> list[Column]:
        """Columns that have calls, newest first, for the table."""
        return [column for column in reversed(self.columns) if column.whole.calls]


@dataclass(frozen=True)
class Drill:
    """Addresses of the activity page under the same filter. query: the filter as the address has it."""

    by: str
    query: str

    def url(self, thing: Thing | None, days: Range) -> str:
        """The calls of that thing, or all, in those days."""
        said = QueryDict(self.query, mutable=True)
        said.pop("range", None)
        said["since"], said["until"] = days[0].isoformat(), days[1].isoformat()
        if thing is not None and thing.value is not None:
            said[self.by] = str(thing.value)
        return f"{reverse('activity')}?{said.urlencode()}"


def stack(organization: Organization, filters: Filters, *, by: str, metric: str, query: str) -> Stack | None:
    """None without calls. by, metric: nonsense is the first of BY and METRICS."""
    by, metric = (by if by in BY else BY[0]), (metric if metric in METRICS else METRICS[0])
    found = list(sums(_asked(organization, filters, by)))
    if not found:
        return None
    things = _things(organization, by, found, metric)
    until = min(end(filters.until), datetime.now(TASHKENT))
    first = filters.since or (found[0].at or DAWN).astimezone(TASHKENT)
    last = max(one.at or first for one in found)
    step, starts = begins(first, max(until, last), Step.DAY)
    drill = Drill(by, query)
    today = (max(until, last) - timedelta(microseconds=1)).astimezone(TASHKENT).date()
    columns = [_column(n, starts, today, things, drill) for n in range(len(starts))]
    for one in found:
        column = columns[bisect_right(starts, one.at or first) - 1]
        place = next((n for n, thing in enumerate(things) if thing.value == one.of[0]), -1)
        column.parts[place].add(one)
        column.whole.add(one)
    return _drawn(
        Stack(by, metric, step, columns, *_wholes(things, columns, (first.date(), today), drill), 0)
    )


def csv_rows(organization: Organization, filters: Filters, by: str) -> Iterator[Sequence[object]]:
    """Each day and thing, exact so'm, oldest first."""
    by = by if by in BY else BY[0]
    found = list(sums(_asked(organization, filters, by)))
    names = _names(organization, by, [one.of[0] for one in found])
    for one in found:
        api_id, name = names.get(one.of[0], ("", ""))
        day = (one.at or DAWN).astimezone(TASHKENT).date().isoformat()
        counts = (one.calls, one.input_tokens, one.output_tokens)
        yield [day, api_id, name, *counts, exact_uzs(one.cost_micros), one.cost_micros]


def _asked(organization: Organization, filters: Filters, by: str) -> Asked:
    return Asked(
        org=organization.pk,
        since=filters.since or DAWN,
        until=end(filters.until),
        step=Step.DAY,
        by=(by,),
        only=filters.among,
        steps=True,
        counts=_COUNTS,
    )


def _things(organization: Organization, by: str, found: Sequence[Sums], metric: str) -> list[Thing]:
    """The largest by the metric, and the rest where there is any."""
    sizes: defaultdict[Value, Amounts] = defaultdict(Amounts)
    for one in found:
        sizes[one.of[0]].add(one)
    order = sorted(sizes, key=lambda value: (-sizes[value].value(metric), str(value)))
    names = _names(organization, by, order)
    shown = [
        Thing(value, *names.get(value, ("", _("unknown"))), number)
        for number, value in enumerate(order[:_SHOWN], 1)
    ]
    rest = len(order) - len(shown)
    return [*shown, Thing(None, "", _("%(count)s others") % {"count": rest}, 0)] if rest else shown


def _names(organization: Organization, by: str, values: Sequence[Value]) -> Mapping[Value, tuple[str, str]]:
    """Public id and name by value; of the organization's own keys and projects only."""
    if by == "model":
        return {value: (str(value), str(value)) for value in values}
    if by == "project":
        projects = Project.objects.filter(organization=organization, pk__in=values)
        return {one.pk: (one.api_id, one.name) for one in projects}
    keys = ApiKey.objects.filter(project__organization=organization, pk__in=values)
    return {one.pk: (one.api_id, one.name) for one in keys}


def _column(
    number: int, starts: Sequence[datetime], today: date, things: Sequence[Thing], drill: Drill
) -> Column:
    first = starts[number].date()
    last = starts[number + 1].date() - timedelta(days=1) if number + 1 < len(starts) else today
    days = (first, max(first, last))
    parts = [Part(thing, url=drill.url(thing, days)) for thing in things]
    whole = Part(Thing(None, "", "", 0), url=drill.url(None, days))
    return Column(starts[number], number * WIDE + 1, parts, whole)


def _wholes(
    things: Sequence[Thing], columns: Sequence[Column], days: Range, drill: Drill
) -> tuple[list[Part], Part]:
    """Each thing over all columns, and everything."""
    wholes = [Part(thing, url=drill.url(thing, days)) for thing in things]
    everything = Part(Thing(None, "", "", 0), url=drill.url(None, days))
    for column in columns:
        for whole, part in zip([*wholes, everything], [*column.parts, column.whole], strict=True):
            whole.join(part)
    return wholes, everything


def _drawn(chart: Stack) -> Stack:
    """Parts lie on each other, rounded together, so that a column is as high as what it says."""
    most = max(column.whole.value(chart.metric) for column in chart.columns)
    for column in chart.columns:
        below = 0
        for part in column.parts:
            above = below + part.value(chart.metric)
            part.y = HIGH - above * HIGH // max(most, 1)
            part.height = above * HIGH // max(most, 1) - below * HIGH // max(most, 1)
            below = above
    return replace(chart, most=most)
