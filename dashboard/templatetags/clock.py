"""A moment as its reader wants to read it."""

from datetime import datetime

from django import template

from dashboard.clock import shown

register = template.Library()


@register.filter(expects_localtime=True)
def clock(moment: datetime | None, form: str) -> str:
    """Like Django's date filter, its hours by the reader's choice; nothing for no moment."""
    return shown(moment, form) if moment else ""
