"""Archives that people asked for: made by a worker, had by their owner alone, gone after a few days."""

import logging
import os
from datetime import timedelta
from pathlib import Path
from typing import Final

from celery import current_app
from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import QuerySet
from django.utils import timezone
from kombu.exceptions import OperationalError

from accounts.models import User
from billing.models import NoticeKind
from billing.notices.outbox import tell_one
from dashboard.account import archive
from dashboard.models import AccountExport

log = logging.getLogger(__name__)

KEPT: Final = timedelta(days=3)
GIVEN_UP: Final = timedelta(hours=6)
ASKED_S: Final = 600  # a worker that hasn't begun by then is asked again
State = AccountExport.State


def latest(user: User) -> AccountExport | None:
    """The person's archive: under way, ready or failed; one that has expired is none."""
    found = AccountExport.objects.filter(user=user).order_by("-pk").first()
    if found is None or (found.expires_at is not None and found.expires_at <= timezone.now()):
        return None
    return found


def ask(user: User) -> AccountExport:
    """Has an archive made; the one before goes. While one is under way it is that one."""
    drop(AccountExport.objects.filter(user=user).exclude(state=State.WAITING))
    try:
        with transaction.atomic():
            made = AccountExport.objects.create(user=user)
    except IntegrityError:
        return AccountExport.objects.get(user=user, state=State.WAITING)
    _ask_worker(made.pk)
    return made


def make(pk: int) -> None:
    """What a worker does. Twice is harmless: the later file replaces the earlier, and one of them says so."""
    found = AccountExport.objects.select_related("user").filter(pk=pk, state=State.WAITING).first()
    if found is None:
        return
    path = path_of(found)
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    unfinished = path.with_suffix(f".{os.getpid()}")
    try:
        unfinished.touch(mode=0o600)
        with unfinished.open("wb") as file:
            archive.write(found.user, file)
        size = unfinished.stat().st_size
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)
    _ready(found, size)


def keep() -> None:
    """Every ten minutes: asks again for what nobody began, gives up what never ended, removes what is old."""
    now = timezone.now()
    waiting = AccountExport.objects.filter(state=State.WAITING)
    waiting.filter(asked_at__lt=now - GIVEN_UP).update(state=State.FAILED, expires_at=now + KEPT)
    for pk in waiting.filter(asked_at__lt=now - timedelta(seconds=ASKED_S)).values_list("pk", flat=True):
        _ask_worker(pk)
    drop(AccountExport.objects.filter(expires_at__lte=now))


def drop(exports: QuerySet[AccountExport]) -> None:
    """Removes archives and their files."""
    for one in exports:
        path_of(one).unlink(missing_ok=True)
        one.delete()


def path_of(export: AccountExport) -> Path:
    """Where the file lies, by its random name."""
    return Path(settings.EXPORT_DIR) / f"{export.name}.zip"


def _ready(found: AccountExport, size: int) -> None:
    now = timezone.now()
    with transaction.atomic():
        done = AccountExport.objects.filter(pk=found.pk, state=State.WAITING).update(
            state=State.READY, size=size, ready_at=now, expires_at=now + KEPT
        )
        own = found.user.owned_organizations.filter(is_personal=True).first()
        if done and own is not None:
            tell_one(own.pk, found.user, NoticeKind.ACCOUNT, f"export:{found.pk}", {"what": "export"})
    if not done and not AccountExport.objects.filter(pk=found.pk).exists():
        path_of(found).unlink(missing_ok=True)  # the account was deleted meanwhile


def _ask_worker(pk: int) -> None:
    try:
        current_app.send_task("dashboard.tasks.make_export", [pk], queue="default", expires=ASKED_S)
    except OperationalError:
        log.warning("no worker could be asked for the archive %d", pk)
