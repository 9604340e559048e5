"""Sending what waits in the outbox: at least once, tried again later and later, at last given up and logged.

No network call happens inside a transaction: a delivery is taken by moving its due time on.
"""

import logging
import smtplib
import time
from datetime import timedelta
from typing import Final
from urllib.parse import urlsplit

from django.conf import settings
from django.core import signing
from django.core.mail import EmailMultiAlternatives
from django.db import transaction
from django.template.loader import render_to_string
from django.utils import timezone, translation

from accounts import telegram
from accounts.models import TelegramChat
from billing.models import Delivery, Medium, NoticeKind
from billing.notices.words import Letter, written

log = logging.getLogger(__name__)

TRIES_MAX: Final = 14  # with the pauses below: two days
PAUSE_MAX: Final = timedelta(hours=6)
ROUND_S: Final = 45  # the next minute's run goes on
UNSUBSCRIBE: Final = "notices.unsubscribe"  # salt


class Refused(Exception):
    """The channel will never take this; trying again is useless."""


def send_due() -> int:
    """Sends what is due, for at most most of a minute; how many went out."""
    sent = 0
    ends = time.monotonic() + ROUND_S
    while time.monotonic() < ends and (taken := _take()) is not None:
        sent += _deliver(taken)
    return sent


def unsubscribe_url(user_id: int, kind: str) -> str:
    """Where one click ends the e-mails of one kind."""
    return f"{settings.SITE_URL}/unsubscribe/{signing.dumps([user_id, kind], salt=UNSUBSCRIBE)}"


def pause(tries: int) -> timedelta:
    """How long to wait after so many tries: a minute, doubled each time up to six hours."""
    return min(timedelta(minutes=1 << max(0, tries - 1)), PAUSE_MAX)


@transaction.atomic
def _take() -> Delivery | None:
    waiting = Delivery.objects.filter(outcome=Delivery.Outcome.WAITING, due_at__lte=timezone.now())
    found = waiting.order_by("due_at").select_for_update(skip_locked=True, of=("self",)).first()
    if found is not None:
        found.tries += 1
        found.due_at = timezone.now() + pause(found.tries)
        found.save(update_fields=["tries", "due_at"])
    return found


def _deliver(delivery: Delivery) -> bool:
    try:
        _SENDERS[delivery.channel](delivery)
    except Refused as error:
        log.info("delivery %s by %s is refused: %s", delivery.pk, delivery.channel, error)
        _end(delivery, Delivery.Outcome.REFUSED)
    except (OSError, telegram.TelegramError) as error:  # smtplib's errors are OSErrors
        log.warning("delivery %s by %s failed: %s", delivery.pk, delivery.channel, type(error).__name__)
        if delivery.tries >= TRIES_MAX:
            log.error("delivery %s by %s is given up", delivery.pk, delivery.channel)
            _end(delivery, Delivery.Outcome.GIVEN_UP)
    else:
        _end(delivery, Delivery.Outcome.SENT)
        return True
    return False


def _end(delivery: Delivery, outcome: Delivery.Outcome) -> None:
    waiting = Delivery.objects.filter(pk=delivery.pk, outcome=Delivery.Outcome.WAITING)
    waiting.update(outcome=outcome, ended_at=timezone.now())


def _letter(delivery: Delivery) -> Letter:
    return written(delivery.notice.kind, delivery.notice.facts, delivery.user.language)


def _send_mail(delivery: Delivery) -> None:
    """Text and HTML. The same delivery sent twice has one Message-ID: mailboxes show it once."""
    letter, user = _letter(delivery), delivery.user
    kind = delivery.notice.kind
    stop = "" if kind == NoticeKind.TEST else unsubscribe_url(user.pk, kind)
    headers = {"Message-ID": f"<notice-{delivery.pk}@{urlsplit(settings.SITE_URL).hostname}>"}
    if stop:
        headers |= {"List-Unsubscribe": f"<{stop}>", "List-Unsubscribe-Post": "List-Unsubscribe=One-Click"}
    context = {"letter": letter, "stop": stop, "site": settings.SITE_URL}
    with translation.override(user.language or settings.LANGUAGE_CODE):
        text, html = (render_to_string(f"notices/mail.{form}", context) for form in ("txt", "html"))
    mail = EmailMultiAlternatives(letter.subject, text, to=[user.email], headers=headers)
    mail.attach_alternative(html, "text/html")
    try:
        mail.send()
    except smtplib.SMTPRecipientsRefused as error:
        if all(code >= 500 for code, _ in error.recipients.values()):
            raise Refused("the mailbox refuses it") from None
        raise


def _send_telegram(delivery: Delivery) -> None:
    """A chat that has blocked the bot is forgotten."""
    chat = TelegramChat.objects.filter(user=delivery.user).first()
    if chat is None or not telegram.is_on():
        raise Refused("no chat")
    try:
        telegram.send(chat.chat_id, _letter(delivery).text)
    except telegram.Blocked:
        TelegramChat.objects.filter(pk=chat.pk).delete()
        raise Refused("blocked by its reader") from None


_SENDERS = {Medium.EMAIL.value: _send_mail, Medium.TELEGRAM.value: _send_telegram}
