"""Usage by day, stacked by model, key or project: the chart, its table and its file say the same. Micros.

All of it comes out of the roll-ups and their tail (proxy/usage.py), so sums are those of the ledger.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import ClassVar, Final
from urllib.parse import quote_plus

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
from dashboard.usage import DAWN, METRICS, Amounts, begins, end, in_months, placed
from dashboard.widgets import LongSelect
from proxy.usage import Asked, Largest, Step, first_day, largest, sums

BY: Final = ("model", "key", "project")
COLUMNS: Final = ("day", "id", "name", "calls", "input_tokens", "output_tokens", "cost_uzs", "cost_micros")
HIGH: Final = 400  # units of the drawing
WIDE: Final = 10
_SHOWN: Final = 7  # as many colours; the rest is one part together
_COUNTS: Final = ("calls", "input_tokens", "output_tokens", "cost_micros")

# What a metric is the sum of.
_MEASURES: Final = {
    "cost": ("cost_micros",),
    "calls": ("calls",),
    "tokens": ("input_tokens", "output_tokens"),
}

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
        widget=LongSelect,
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


_EVERYTHING: Final = Thing(None, "", "", 0)


@dataclass(slots=True)
class Part(Amounts):
    """What one thing used in one column. url: of its calls, if any. y, height: of HIGH units."""

    thing: Thing
    url: str = ""
    y: int = 0
    height: int = 0


@dataclass(frozen=True, slots=True)
class Column:
    """A day, or a month where days are too many. parts: one for each thing; whole: all of them together."""

    at: datetime
    days: Range
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


class Drill:
    """Addresses of the activity page under the same filter. query: the filter as the address has it."""

    def __init__(self, by: str, query: str) -> None:
        said = QueryDict(query, mutable=True)
        for name in ("range", "since", "until"):
            said.pop(name, None)
        self._by = by
        self._whole = self._begun(said)
        said.pop(by, None)
        self._narrow = self._begun(said)

    def url(self, thing: Thing | None, days: Range) -> str:
        """The calls of that thing, or all, in those days."""
        span = f"since={days[0].isoformat()}&until={days[1].isoformat()}"
        if thing is None or thing.value is None:
            return self._whole + span
        return f"{self._narrow}{span}&{self._by}={quote_plus(str(thing.value))}"

    def _begun(self, said: QueryDict) -> str:
        """What each address begins with."""
        return f"{reverse('activity')}?{said.urlencode()}&" if said else f"{reverse('activity')}?"


def stack(organization: Organization, filters: Filters, *, by: str, metric: str, query: str) -> Stack | None:
    """None without calls. by, metric: nonsense is the first of BY and METRICS."""
    by, metric = (by if by in BY else BY[0]), (metric if metric in METRICS else METRICS[0])
    asked, until = _asked(organization, filters, by), min(end(filters.until), datetime.now(TASHKENT))
    since = filters.since or first_day(organization.pk)
    # The columns are then months, and so many days aren't read for them.
    asked = replace(asked, months=since is not None and in_months(since, until))
    ranked = largest(asked, _MEASURES[metric], _SHOWN)
    found = ranked.sums
    if not found:
        return None
    things = _things(organization, by, ranked)
    first = filters.since or (found[0].at or DAWN).astimezone(TASHKENT)
    last = max(found[-1].at or first, first)
    step, starts = begins(first, max(until, last), Step.DAY)
    today = (max(until, last) - timedelta(microseconds=1)).astimezone(TASHKENT).date()
    columns = [_column(n, starts, today, things) for n in range(len(starts))]
    places = {thing.value: place for place, thing in enumerate(things)}
    for number, one in placed(found, starts):
        column = columns[number]
        if one.of[0] in places:
            column.parts[places[one.of[0]]].add(one)
        column.whole.add(one)
    chart = Stack(by, metric, step, columns, *_wholes(things, columns), 0)
    _link(chart, (first.date(), today), Drill(by, query))
    return _drawn(chart)


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


def _things(organization: Organization, by: str, ranked: Largest) -> list[Thing]:
    """The largest, and the rest where there is any."""
    names = _names(organization, by, ranked.values)
    shown = [
        Thing(value, *names.get(value, ("", _("unknown"))), number)
        for number, value in enumerate(ranked.values, 1)
    ]
    rest = Thing(None, "", _("%(count)s others") % {"count": ranked.others}, 0)
    return [*shown, rest] if ranked.others else shown


def _names(organization: Organization, by: str, values: Sequence[Value]) -> Mapping[Value, tuple[str, str]]:
    """Public id and name by value; of the organization's own keys and projects only."""
    if by == "model":
        return {value: (str(value), str(value)) for value in values}
    if by == "project":
        projects = Project.objects.filter(organization=organization, pk__in=values)
        return {one.pk: (one.api_id, one.name) for one in projects}
    keys = ApiKey.objects.filter(project__organization=organization, pk__in=values)
    return {one.pk: (one.api_id, one.name) for one in keys}


def _column(number: int, starts: Sequence[datetime], today: date, things: Sequence[Thing]) -> Column:
    first = starts[number].date()
    last = starts[number + 1].date() - timedelta(days=1) if number + 1 < len(starts) else today
    parts = [Part(thing) for thing in things]
    return Column(starts[number], (first, max(first, last)), number * WIDE + 1, parts, Part(_EVERYTHING))


def _wholes(things: Sequence[Thing], columns: Sequence[Column]) -> tuple[list[Part], Part]:
    """Each thing over all columns, and everything."""
    wholes, everything = [Part(thing) for thing in things], Part(_EVERYTHING)
    for column in columns:
        for whole, part in zip([*wholes, everything], [*column.parts, column.whole], strict=True):
            whole.join(part)
    return wholes, everything


def _link(chart: Stack, days: Range, drill: Drill) -> None:
    """Addresses of what has calls; days: of the whole chart."""
    rows = [(days, [*chart.wholes, chart.whole])]
    rows += [(column.days, [*column.parts, column.whole]) for column in chart.columns]
    for span, parts in rows:
        for part in parts:
            if part.calls:
                part.url = drill.url(part.thing, span)


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
