"""Switching providers, endpoints and feeds off and on; gateway workers follow within 3 s (snapshot.py)."""

from django.utils import timezone

from accounts.models import User
from routing.energy.markets import Feed
from routing.models import Endpoint, Provider

Switched = Provider | Endpoint | Feed


def pause(row: Switched, reason: str, who: User) -> bool:
    """Takes it out of use; False if somebody had done so before. Raises ValueError without a reason."""
    if not reason.strip():
        raise ValueError("A pause has a reason.")
    values = {"paused_at": timezone.now(), "paused_by": who, "paused_reason": reason.strip()}
    changed = type(row).objects.filter(pk=row.pk, paused_at=None).update(**values)
    row.refresh_from_db()
    return changed == 1


def resume(row: Switched) -> bool:
    """Takes it into use again, whoever had switched it off; False if it was in use."""
    if row.is_on:
        return False
    values = {"paused_at": None, "paused_by": None, "paused_reason": "", "active": True}
    type(row).objects.filter(pk=row.pk).update(**values)
    row.refresh_from_db()
    return True
