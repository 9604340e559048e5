"""Jobs for pages that would have to wait too long."""

from celery import shared_task

from accounts.models import Organization
from dashboard.papers.months import Month
from dashboard.papers.ready import keep


@shared_task
def prepare_month(org_id: int, month: str) -> None:
    """Reads a long month's statement for the page that asked. Harmless twice."""
    keep(Organization.objects.get(pk=org_id), Month.parse(month))
