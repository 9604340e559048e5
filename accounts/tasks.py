"""Jobs over people and operators."""

import logging

from celery import shared_task

from accounts import alerts

log = logging.getLogger(__name__)


@shared_task
def send_alerts() -> None:
    """Each half minute: what operators have to hear of."""
    sent = alerts.send_due()
    if sent:
        log.info("%d alerts were sent", sent)


@shared_task
def forget_alerts() -> None:
    """Daily: alerts of three months ago."""
    alerts.forget_old()
