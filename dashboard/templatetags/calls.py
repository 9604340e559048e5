"""Rows of the list of calls: fifty on a page that is asked for every few seconds, so no template for each."""

from collections.abc import Iterator, Sequence

from django import template
from django.urls import reverse
from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe
from django.utils.timezone import localtime
from django.utils.translation import gettext as _

from dashboard.activity import Call
from dashboard.clock import shown
from dashboard.templatetags.catalog import call_status, seconds, speed, used
from dashboard.templatetags.components import badge
from dashboard.templatetags.money import plain_uzs

register = template.Library()

type Cell = tuple[str, str, str]  # the name of its label, its class, its HTML


@register.simple_tag
def call_rows(calls: Sequence[Call], brief: object = "") -> SafeString:
    """Each call with a link to its receipt; brief: without key and times."""
    labels = _labels()
    return mark_safe("\n".join(_row(call, labels, brief=bool(brief)) for call in calls))


def _labels() -> dict[str, str]:
    """As the table's headings say them."""
    return {
        "model": _("Model"),
        "key": _("Key"),
        "used": _("Used"),
        "cost": _("Cost"),
        "latency": _("Latency"),
        "ttft": _("First token"),
        "speed": _("Speed"),
        "status": _("Status"),
    }


def _row(call: Call, labels: dict[str, str], *, brief: bool) -> str:
    name, at = (
        call.row.id,
        shown(localtime(call.row.at), "DAY_TIME_FORMAT" if brief else "DAY_SECONDS_FORMAT"),
    )
    cells = "".join(
        f'<td{kind} data-label="{escape(labels[label])}">{html}</td>'
        for label, kind, html in _cells(call, brief=brief)
    )
    link = f'<a href="{reverse("receipt", args=[name])}">{at}</a>'
    return f'<tr data-call="{name}"><th scope="row" class="nowrap">{link}</th>{cells}</tr>'


def _cells(call: Call, *, brief: bool) -> Iterator[Cell]:
    row, number = call.row, ' class="num"'
    sandbox = f" {badge(escape(_('Sandbox')), 'sandbox')}" if row.sandbox else ""
    yield "model", ' class="model"', f"<span>{escape(row.model)}{sandbox}</span>"
    if not brief:
        yield "key", "", escape(call.key.name if call.key and call.key.name else "–")
    yield "used", number, f"<span>{escape(used(row))}</span>"
    yield "cost", number, escape(_("free") if row.free else plain_uzs(row.cost_micros))
    if not brief:
        yield "latency", number, escape(seconds(row.latency_ms))
        yield "ttft", number, escape(seconds(row.ttft_ms))
        yield "speed", number, escape(speed(row))
    yield "status", "", f"<span>{badge(escape(call_status(row.status)), row.status)}</span>"
