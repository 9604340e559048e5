"""Studio's tokens: what a signed-in person's browser calls models with, for a quarter of an hour at a time.

The plain token lives in the page's memory alone. It ends with the session that made it, with a new password,
and by the gateway's own look-up (proxy/keys.py) with the membership, the role or the organization.
"""

import hashlib
from collections.abc import Iterable
from datetime import timedelta
from typing import Any, Final

from django.conf import settings
from django.db import connection, transaction
from django.http import HttpRequest
from django.utils import timezone

from accounts.errors import AccountSuspended, InvalidKey, MissingKey
from accounts.keyformat import digest, new_key, newest_pepper
from accounts.keyrules import NAME_CHARS_MAX
from accounts.models import ApiKey, Membership, Project, StudioToken, User
from accounts.roles import Power, roles_with

LIFE: Final = timedelta(minutes=15)
TOKENS_MAX: Final = 20  # of one person in one project: as many tabs
CHANNEL: Final = "api_key"  # accounts/keys.py says what it means


@transaction.atomic
def issue_token(user: User, project: Project, session_key: str | None) -> str:
    """A new token's plain text, which can't be had again. The caller has looked at the person's role.

    Raises MissingKey without a session, AccountSuspended for who may not call.
    """
    if not session_key:
        raise MissingKey
    if project.archived_at is not None or project.organization.suspended_at is not None:
        raise AccountSuspended
    key = _key_of(user, project)
    _leave_room(key)
    plain = new_key()
    StudioToken.objects.create(
        key=key,
        digest=digest(plain, newest_pepper(settings.KEY_PEPPERS)[1]),
        session=session_name(session_key),
        expires_at=timezone.now() + LIFE,
    )
    return plain


def find_token(digests: Iterable[bytes]) -> StudioToken:
    """The token of one of these digests, with its key, for the control plane's reads; it may have expired.

    Raises InvalidKey for an unknown one, and for one whose person may not write there any more.
    """
    found = (
        StudioToken.objects.select_related("key__project__organization").filter(digest__in=digests).first()
    )
    if found is None or not _still_writes(found.key):
        raise InvalidKey
    return found


def session_name(session_key: str) -> str:
    """What a token remembers of its session: nothing that opens one."""
    return hashlib.sha256(session_key.encode()).hexdigest()


def end_session(sender: Any, request: HttpRequest | None, **kwargs: Any) -> None:
    """Django's announcement of a log-out, made before the session is flushed."""
    session_key = getattr(getattr(request, "session", None), "session_key", None)
    if session_key:
        _end(StudioToken.objects.filter(session=session_name(session_key)))


def end_sessions(session_keys: Iterable[str]) -> None:
    """The same for browsers that were signed out from another one."""
    _end(StudioToken.objects.filter(session__in=[session_name(key) for key in session_keys]))


def end_person(sender: Any, user: User, **kwargs: Any) -> None:
    """allauth's announcements of a new password: whoever had the old one is out."""
    _end(StudioToken.objects.filter(key__created_by=user))


def sweep() -> int:
    """Forgets what has expired; how many those were. Harmless twice."""
    deleted, _ = StudioToken.objects.filter(expires_at__lt=timezone.now()).delete()
    return deleted


def _key_of(user: User, project: Project) -> ApiKey:
    """The hidden key that stands for the person's Studio; nobody ever had its plain text."""
    version, pepper = newest_pepper(settings.KEY_PEPPERS)
    unknown = new_key()
    key, _ = ApiKey.objects.get_or_create(
        project=project,
        created_by=user,
        studio=True,
        revoked_at=None,
        defaults={
            "name": f"Studio · {user.email}"[:NAME_CHARS_MAX],
            "digest": digest(unknown, pepper),
            "pepper": version,
            "prefix": unknown[:8],
            "last4": unknown[-4:],
        },
    )
    return key


def _leave_room(key: ApiKey) -> None:
    """No more tokens than tabs: the oldest ones make room."""
    kept = key.studio_tokens.order_by("-pk").values_list("pk", flat=True)[: TOKENS_MAX - 1]
    key.studio_tokens.exclude(pk__in=list(kept)).delete()


def _still_writes(key: ApiKey) -> bool:
    return Membership.objects.filter(
        organization=key.project.organization_id,
        user=key.created_by_id,
        user__is_active=True,
        role__in=roles_with(Power.CALL),
    ).exists()


def _end(tokens: Any) -> None:
    """Deletes them, and tells every worker to look again at once."""
    with transaction.atomic():
        if tokens.delete()[0]:
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_notify(%s, '')", [CHANNEL])
