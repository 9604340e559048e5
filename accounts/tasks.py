"""Jobs over people and operators."""

import logging

from celery import shared_task
from django.conf import settings

from accounts import alerts, invitations, studio, telegram

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


@shared_task
def forget_invitations() -> None:
    """Daily: invitations that ended three months ago, as they hold addresses."""
    invitations.forget_old()


@shared_task
def sweep_studio_tokens() -> None:
    """Each 5 minutes: tokens of Studio that have expired."""
    studio.sweep()


@shared_task
def read_telegram() -> None:
    """Every 10 s: what people wrote to the bot, where Telegram can't call us itself."""
    if not telegram.is_on() or settings.TELEGRAM_WEBHOOK:
        return
    try:
        telegram.read_updates()
    except telegram.TelegramError as error:
        log.warning("telegram: %s", error)
