"""A project's content log: the public keys that content is sealed to, on and off, for how long.

A private key never gets here: the pair is made where the content will be read.
"""

from datetime import datetime
from hashlib import sha256
from uuid import UUID, uuid4

from django.db import connection, transaction
from django.utils import timezone

from accounts.errors import InvalidField
from accounts.keys import CHANNEL
from accounts.models import ContentLog, LogKey, Project, User
from accounts.models.project import DAYS_MAX, DAYS_MIN

KEY_BYTES = 32
# Points of small order (RFC 7748 §6.1): nothing can be sealed to them, and that would show only with the
# first call. The highest bit of a key says nothing.
_WEAK = frozenset(
    int.from_bytes(bytes.fromhex(point), "little")
    for point in (
        "00" * 32,
        "01" + "00" * 31,
        "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
        "5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
        "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    )
)
_POINT = (1 << 255) - 1


def fingerprint(public_key: bytes) -> str:
    """SHA-256 of the raw public key, 64 hex digits: what people compare."""
    return sha256(public_key).hexdigest()


def turn_on(
    project: Project, public_key: bytes, by: User | None = None, public_id: UUID | None = None
) -> LogKey:
    """From the next calls on (5 s at most) content is sealed to this X25519 public key, 32 bytes.

    public_id: what the key's file calls it, which is kept before the key gets here; else one is made.
    Also the way to rotate: the key before is retired and what it sealed stays. The same key again is the same
    row. Raises InvalidField for what is no such key, one that was retired before, or a known public_id.
    """
    if len(public_key) != KEY_BYTES or int.from_bytes(public_key, "little") & _POINT in _WEAK:
        raise InvalidField("public_key", "This is no X25519 public key of 32 bytes.")
    mark = fingerprint(public_key)
    with transaction.atomic():
        Project.objects.select_for_update().get(pk=project.pk)
        known = LogKey.objects.filter(project=project, fingerprint=mark).first()
        if known is not None and known.retired_at is not None:
            raise InvalidField("public_key", "This key was retired; make a new one.")
        if known is None and public_id and LogKey.objects.filter(public_id=public_id).exists():
            raise InvalidField("key_id", "This id is taken; make a new key.")
        if known is None:
            LogKey.objects.filter(project=project, retired_at=None).update(retired_at=timezone.now())
            known = LogKey.objects.create(
                project=project,
                public_id=public_id or uuid4(),
                public_key=public_key,
                fingerprint=mark,
                created_by=by,
            )
        _change(project, content_log=ContentLog.ENCRYPTED)
    return known


def turn_off(project: Project) -> None:
    """Nothing of the next calls is kept (5 s at most); what was kept stays until its days are over."""
    _change(project, content_log=ContentLog.OFF)


def keep_days(project: Project, days: int) -> None:
    """How many days content is kept, also what is there already. Raises InvalidField outside of 7 to 90."""
    if not DAYS_MIN <= days <= DAYS_MAX:
        raise InvalidField("content_days", f"Content is kept for {DAYS_MIN} to {DAYS_MAX} days.")
    _change(project, content_days=days)


def forget(project: Project, until: datetime | None = None) -> None:
    """Deletes the content of all calls that began before `until` (now): nobody sees it any more, and the next
    round removes it for good (proxy/contents/retention.py)."""
    _change(project, content_since=until or timezone.now())


def active_key(project: Project) -> LogKey | None:
    """The key that seals the project's content, if any does."""
    if project.content_log == ContentLog.OFF:
        return None
    return LogKey.objects.filter(project=project, retired_at=None).first()


def _change(project: Project, **fields: object) -> None:
    """In force at once in workers that hear of it, within 5 s in all."""
    with transaction.atomic():
        Project.objects.filter(pk=project.pk).update(**fields)
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_notify(%s, '')", [CHANNEL])
    for name, value in fields.items():
        setattr(project, name, value)
