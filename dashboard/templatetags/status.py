"""Days as bars, and what operators wrote in the reader's language."""

from itertools import groupby

from django import template
from django.db.models import Model
from django.utils.formats import number_format
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext, ngettext

from dashboard import digits
from dashboard.site.incidents import in_language as told
from dashboard.site.uptime import DAYS, Uptime

register = template.Library()

_HEIGHTS = (14, 45, 75, 100)  # of a bar, by grade


@register.filter
def in_language(row: Model, name: str) -> str:
    return told(row, name)


@register.filter
def uptime_percent(bps: int) -> str:
    """9987 → 99.87 %."""
    return digits.percent(number_format(f"{bps // 100}.{bps % 100:02d}", 2))


@register.simple_tag
def bars(uptime: Uptime) -> SafeString:
    """A bar for each day, the worse the shorter. Days of one grade are one path."""
    days = sorted((grade, number) for number, grade in enumerate(uptime.grades))
    paths = [
        format_html('<path class="d{}" d="{}"/>', grade, "".join(_bar(number, grade) for _, number in run))
        for grade, run in groupby(days, key=lambda day: day[0])
    ]
    return format_html(
        '<svg class="bars" viewBox="0 0 {} 100" preserveAspectRatio="none" role="img" aria-label="{}">'
        "{}</svg>",
        DAYS,
        _said(uptime),
        mark_safe("".join(paths)),
    )


def _bar(number: int, grade: int) -> str:
    height = _HEIGHTS[grade]
    return f"M{number} {100 - height}h.72v{height}h-.72z"


def _said(uptime: Uptime) -> str:
    share = "–" if uptime.whole is None else uptime_percent(uptime.whole)
    silent = uptime.silent_days
    days = ngettext("%(days)s day without calls", "%(days)s days without calls", silent) % {"days": silent}
    return gettext("%(share)s answered in 90 days; %(days)s") % {"share": share, "days": days}
