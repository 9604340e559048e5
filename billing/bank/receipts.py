"""Receipts that customers upload: looked into by another process, kept privately, compared with all others.

A refused file leaves nothing behind. What is kept has a random name in RECEIPT_DIR, which no web server
serves; who may have it is asked on every download.
"""

import json
import subprocess
import sys
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import timedelta
from hashlib import sha256
from pathlib import Path
from threading import BoundedSemaphore
from typing import Final
from uuid import uuid4

from django.conf import settings
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from accounts.models import User
from billing.bank.look import ALIKE
from billing.errors import NotPending, ReceiptRefused
from billing.models import Receipt, TopUp

FILE_BYTES_MAX: Final = 5 * 1024 * 1024
RECEIPTS_MAX: Final = 3  # of one request
LATE: Final = timedelta(days=7)  # how long after its deadline a request still takes a receipt
INSPECTION_S: Final = 30
LOOK_BACK: Final = timedelta(days=400)
_TRIES: Final = 3
_INSPECTOR: Final = Path(__file__).with_name("inspector.py")
_at_once = BoundedSemaphore(2)  # each may take much memory for a moment


@dataclass(frozen=True, slots=True)
class Upload:
    """A customer's file and what they say of it."""

    data: bytes
    cheque_no: str = ""
    sender_last4: str = ""


@dataclass(frozen=True, slots=True)
class _Kept:
    kind: str
    dhash: int | None
    data: bytes


def add_receipt(topup_id: int, user: User, upload: Upload) -> Receipt:
    """Keep a receipt with an undecided request, which then waits for an operator and no longer for a clock.

    Raises ReceiptRefused (its code: size, format, pixels, animated, broken, encrypted, pages, active, many),
    NotPending.
    """
    kept = inspect(upload.data)
    path = path_of(str(name := uuid4()))
    with ExitStack() as undo:
        undo.callback(path.unlink, missing_ok=True)
        _write(path, kept.data)
        with transaction.atomic():
            topup = TopUp.objects.select_for_update().get(pk=topup_id)
            _check_open(topup)
            receipt = Receipt(
                name=name,
                topup=topup,
                uploaded_by=user,
                kind=kept.kind,
                size=len(kept.data),
                dhash=kept.dhash,
            )
            receipt.sha256 = sha256(upload.data).digest()
            receipt.cheque_no = fold_cheque(upload.cheque_no)
            receipt.sender_last4 = upload.sender_last4
            _insert(receipt)
            if topup.state == TopUp.State.PENDING:
                TopUp.objects.filter(pk=topup.pk).update(expires_at=None)
        undo.pop_all()
    return receipt


def inspect(data: bytes) -> _Kept:
    """The file as we would keep it. Raises ReceiptRefused; one that kills its inspector is `broken`."""
    if len(data) > FILE_BYTES_MAX:
        raise ReceiptRefused("size")
    try:
        with _at_once:
            done = subprocess.run(
                [sys.executable, "-I", str(_INSPECTOR)],
                input=data,
                capture_output=True,
                timeout=INSPECTION_S,
                check=False,
                env={},
                cwd="/",
            )
        head, _, kept = done.stdout.partition(b"\n")
        said = json.loads(head)
    except (subprocess.TimeoutExpired, ValueError):
        raise ReceiptRefused("broken") from None
    if done.returncode or "refused" in said:
        raise ReceiptRefused(str(said.get("refused", "broken")))
    return _Kept(said["kind"], said["dhash"], kept)


def path_of(name: str) -> Path:
    """Where the file of a receipt lies, by its random name."""
    return Path(settings.RECEIPT_DIR) / name[:2] / name


def fold_cheque(number: str) -> str:
    """A cheque's number as it is compared: letters and digits only, capitals."""
    return "".join(c for c in number.upper() if c.isalnum())[:64]


def remove_old() -> int:
    """Deletes the files of requests decided more than RECEIPT_DAYS ago; how many.

    The row stays with its hashes, so that an old receipt is still recognised.
    """
    before = timezone.now() - timedelta(days=settings.RECEIPT_DAYS)
    old = Receipt.objects.filter(removed_at=None, topup__decided_at__lt=before)
    for receipt in old.iterator():
        path_of(str(receipt.name)).unlink(missing_ok=True)
    return old.update(removed_at=timezone.now())


def takes_receipts(topup: TopUp) -> bool:
    """While nobody has decided; also for a week past the deadline, as the money may have gone before it."""
    if topup.state == TopUp.State.EXPIRED and topup.decided_at is not None:
        return topup.decided_at > timezone.now() - LATE
    return topup.state == TopUp.State.PENDING


def _check_open(topup: TopUp) -> None:
    if not takes_receipts(topup):
        raise NotPending("this top-up was decided before")
    if topup.receipts.count() >= RECEIPTS_MAX:
        raise ReceiptRefused("many")


def _insert(receipt: Receipt) -> None:
    """The row, naming the earlier ones that it repeats. Two at once: the database lets one be the first."""
    for attempt in range(_TRIES):
        earlier = Receipt.objects.order_by("id")
        receipt.same_file = earlier.filter(sha256=receipt.sha256, same_file=None).first()
        receipt.same_cheque = (
            earlier.filter(cheque_no=receipt.cheque_no, same_cheque=None).first()
            if receipt.cheque_no
            else None
        )
        receipt.same_look = None if receipt.same_file else _alike(receipt)
        try:
            with transaction.atomic():
                receipt.save(force_insert=True)
        except IntegrityError:
            if attempt == _TRIES - 1:
                raise
        else:
            return


def _alike(receipt: Receipt) -> Receipt | None:
    """The earliest receipt that looks the same but for recompression or scaling, of another request."""
    if receipt.dhash is None:
        return None
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT id FROM billing_receipt WHERE bit_count((dhash # %s)::bit(64)) <= %s"
            " AND uploaded_at > %s AND topup_id <> %s ORDER BY id LIMIT 1",
            [receipt.dhash, ALIKE, timezone.now() - LOOK_BACK, receipt.topup_id],
        )
        row = cursor.fetchone()
    return Receipt.objects.get(pk=row[0]) if row else None


def _write(path: Path, data: bytes) -> None:
    """For the service's own user only, and whole or not at all."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    part = path.with_suffix(".part")
    part.touch(mode=0o600)
    part.write_bytes(data)
    part.replace(path)
