"""The key with which our own jobs call our own gateway, as the built-in organization `platform`.

It is made at first use, valid for eight days and replaced after seven; nobody ever sees it. Its plain text is
sealed under CREDENTIAL_KEYS, as providers' credentials are, in a table that the gateway's role can't read.
Revoking it in admin replaces it at the next call.
"""

from datetime import timedelta
from typing import Final

from django.db import connection, transaction
from django.utils import timezone

from accounts.keys import create_key, revoke_key
from accounts.models import PLATFORM, Project
from proxy.models import ProbeKey
from routing.credentials import seal, unseal_or_none

NAME: Final = "probes and test calls"
RENEWED: Final = timedelta(days=7)
VALID: Final = timedelta(days=8)
_LOCK: Final = 7_306_217  # any number that no other advisory lock has


def probe_key() -> str:
    """The plain key; a new one where there is none, or where it is old, revoked or sealed by a lost key."""
    return _usable() or _renewed()


def _usable() -> str | None:
    row = ProbeKey.objects.select_related("key").first()
    if row is None or row.key.state != "active" or row.key.created_at < timezone.now() - RENEWED:
        return None
    return unseal_or_none(bytes(row.sealed))


def _renewed() -> str:
    """Two at once agree on one key; the old one ends."""
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK])
        found = _usable()
        if found is not None:
            return found
        old = ProbeKey.objects.select_related("key").first()
        project = Project.objects.get(organization__slug=PLATFORM, is_default=True)
        key, plain = create_key(project=project, name=NAME, expires_at=timezone.now() + VALID)
        ProbeKey.objects.update_or_create(pk=1, defaults={"key": key, "sealed": seal(plain)})
        if old is not None:
            revoke_key(old.key)
        return plain
