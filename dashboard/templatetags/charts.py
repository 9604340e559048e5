"""Charts as inline SVG: drawn by the server, so that they need no script and no style of their own."""

from typing import Any

from django import template

from dashboard.usage_chart import Stack

register = template.Library()


@register.inclusion_tag("components/stacked_bars.html")
def stacked_bars(chart: Stack) -> dict[str, Any]:
    """Bars that lie on each other: a column and each of its parts are links to their calls."""
    return {"chart": chart}
