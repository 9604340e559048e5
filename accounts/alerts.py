"""What operators must hear of: written down at once, told by e-mail soon after.

Whoever raises an alert may do so as often as it likes, in any process and in a transaction of its own work:
the row is the alert, one for each key and hour, and the mail goes out of a task (accounts/tasks.py). No
secret belongs in a text: it leaves the house unencrypted.
"""

import logging
from datetime import timedelta
from typing import Final

from django.conf import settings
from django.core.mail import EmailMessage
from django.db import transaction
from django.utils import timezone

from accounts.models import Alert

log = logging.getLogger(__name__)

KEPT: Final = timedelta(days=90)
AT_ONCE: Final = 20
TRIES_MAX: Final = 20


def alert(kind: Alert.Kind, subject: str, text: str, dedupe_key: str) -> bool:
    """Tells the operators, once an hour at most for each key; False if this hour has told them already.

    Raises DatabaseError only.
    """
    row, is_new = Alert.objects.get_or_create(
        dedupe_key=dedupe_key[:200],
        hour=timezone.now().replace(minute=0, second=0, microsecond=0),
        defaults={"kind": kind, "subject": _line(subject), "text": text},
    )
    if is_new:
        log.error("alert %s: %s", kind, row.subject)
    return is_new


def addresses() -> list[str]:
    """Whom alerts go to: ALERT_EMAILS, else Django's ADMINS."""
    return settings.ALERT_EMAILS or [str(address) for address in settings.ADMINS]


def send_due() -> int:
    """Sends what nobody has sent yet; how many. One that can't be sent is tried again the next time."""
    to = addresses()
    sent = 0
    while to and sent < AT_ONCE and _send_one(to):
        sent += 1
    return sent


def forget_old() -> int:
    """Alerts are kept for 90 days; how many went."""
    return Alert.objects.filter(created_at__lt=timezone.now() - KEPT).delete()[0]


@transaction.atomic
def _send_one(to: list[str]) -> bool:
    """The oldest that waits. Its row is locked meanwhile, so that no other worker sends it too."""
    waiting = Alert.objects.filter(sent_at=None, tries__lt=TRIES_MAX).order_by("tries", "created_at")
    found = waiting.select_for_update(skip_locked=True).first()
    if found is None:
        return False
    try:
        EmailMessage(f"[CloudAPI] {found.subject}", found.text, to=to).send()
    except OSError as error:  # smtplib's errors among them
        log.warning("alert %s can't be sent: %s", found.pk, type(error).__name__)
        Alert.objects.filter(pk=found.pk).update(tries=found.tries + 1)
        return False
    Alert.objects.filter(pk=found.pk).update(sent_at=timezone.now())
    return True


def _line(text: str) -> str:
    """One line, as a subject has to be."""
    return " ".join(text.split())[:200]
