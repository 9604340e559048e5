"""Charts as inline SVG: drawn by the server, so that they need no script and no style of their own.

Bars and cells come in hundreds, so they are put together here: a template takes ten times as long for each.
"""

from collections.abc import Iterator, Sequence
from typing import Any

from django import template
from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import ngettext

from dashboard.templatetags.catalog import chart_step, grouped
from dashboard.templatetags.money import plain_uzs, uzs
from dashboard.usage import Amounts, Chart
from dashboard.usage_chart import Column, Part, Stack

register = template.Library()


@register.inclusion_tag("components/stacked_bars.html")
def stacked_bars(chart: Stack) -> dict[str, Any]:
    """Bars that lie on each other: a column and each of its parts are links to their calls."""
    return {"chart": chart, "columns": mark_safe("".join(_columns(chart)))}


@register.simple_tag
def usage_bars(chart: Chart) -> SafeString:
    """The bars of a chart side by side, each with what it says."""
    return mark_safe(
        "".join(
            f'<rect x="{bar.x}" y="{bar.y}" width="8" height="{bar.height}">'
            f"<title>{chart_step(bar.at, chart.step)}: {_said(bar)}</title></rect>"
            for bar in chart.bars
            if bar.height
        )
    )


@register.simple_tag
def usage_rows(chart: Chart) -> SafeString:
    """The same chart as rows of a table, newest first."""
    return mark_safe(
        "".join(
            f'<tr><th scope="row" class="nowrap">{chart_step(bar.at, chart.step)}</th>'
            f'<td class="num">{grouped(bar.calls)}</td><td class="num">{grouped(bar.failed)}</td>'
            f'<td class="num">{grouped(bar.tokens)}</td>'
            f'<td class="num">{plain_uzs(bar.cost_micros)}</td></tr>'
            for bar in chart.busy
        )
    )


@register.simple_tag
def usage_cells(whole: Part, parts: Sequence[Part], metric: str) -> SafeString:
    """The figures of a row, all together first, each leading to its calls."""
    return mark_safe("".join(f'<td class="num">{_figure(part, metric)}</td>' for part in (whole, *parts)))


def _columns(chart: Stack) -> Iterator[str]:
    """Those that have calls; the keyboard begins with the newest."""
    things = [
        (f'<rect class="s{whole.thing.series}" x="', escape(whole.thing.name)) for whole in chart.wholes
    ]
    begin = chart.busy[0] if chart.busy else None
    for column in chart.columns:
        if column.whole.calls:
            day = chart_step(column.at, chart.step)
            yield (
                f'<g><a class="column" href="{escape(column.whole.url)}" tabindex="{-1 + (column is begin)}"'
                f' aria-label="{day}: {_said(column.whole)}" data-column><rect x="{column.x}" y="0" width="8"'
                f' height="{chart.height}"/></a>{"".join(_parts(column, day, things))}</g>'
            )


def _parts(column: Column, day: str, things: Sequence[tuple[str, str]]) -> Iterator[str]:
    """For the mouse, as the table has each of them. things: how each rectangle begins, and its name."""
    for (begun, name), part in zip(things, column.parts, strict=True):
        if part.height:
            said = f"<title>{day}, {name}: {_said(part)}</title>"
            yield (
                f'<a href="{escape(part.url)}" tabindex="-1" aria-hidden="true">{begun}{column.x}"'
                f' y="{part.y}" width="8" height="{part.height}">{said}</rect></a>'
            )


def _said(used: Amounts) -> str:
    calls = ngettext("%(count)s call", "%(count)s calls", used.calls) % {"count": used.calls}
    return f"{uzs(used.cost_micros)}, {calls}"


def _figure(part: Part, metric: str) -> str:
    if not part.calls:
        return '<span class="muted">–</span>'
    value = part.value(metric)
    return f'<a href="{escape(part.url)}">{plain_uzs(value) if metric == "cost" else grouped(value)}</a>'
