"""Jobs for pages that would have to wait too long, and the look at prices that people wait for."""

import contextlib

from celery import shared_task

from accounts.models import Organization
from dashboard import alerts
from dashboard.account import exports
from dashboard.papers.months import Month
from dashboard.papers.ready import keep
from proxy.errors import ApiError


@shared_task
def prepare_month(org_id: int, month: str) -> None:
    """Reads a long month's statement for the page that asked. Harmless twice."""
    keep(Organization.objects.get(pk=org_id), Month.parse(month))


@shared_task
def look_at_prices() -> None:
    """Tells of hosted models whose price fell below somebody's limit. Harmless twice."""
    with contextlib.suppress(ApiError):  # no exchange rate is in force: the next minute looks again
        alerts.look()


@shared_task(time_limit=3600)
def make_export(pk: int) -> None:
    """Makes the archive that a person asked for. Harmless twice."""
    exports.make(pk)


@shared_task
def keep_exports() -> None:
    """Asks again for archives that nobody began, and removes those that have expired."""
    exports.keep()
