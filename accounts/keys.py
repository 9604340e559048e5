"""Making, finding and revoking API keys. The only code that sees a plain key and a row together."""

from collections.abc import Sequence
from datetime import datetime
from typing import TypedDict, Unpack

from django.conf import settings
from django.db import connection, transaction
from django.utils import timezone

from accounts.errors import ExpiredKey, InvalidKey, RevokedKey
from accounts.keyformat import ALPHABET, checksum_ok, digest, new_key, newest_pepper
from accounts.keyrules import KeyRequest, checked
from accounts.models import ApiKey, Project, User, default_scopes
from accounts.studio import find_token

__all__ = ["ALPHABET", "checksum_ok", "create_key", "digest", "find_key", "new_key", "revoke_key"]

CHANNEL = "api_key"  # NOTIFY payload: the digest in hex; a hint only, caches expire by themselves


class KeyLimits(TypedDict, total=False):
    rpm: int | None
    allowed_ips: Sequence[str]
    scopes: Sequence[str]
    expires_at: datetime | None


def create_key(
    *, project: Project, name: str, created_by: User | None = None, **limits: Unpack[KeyLimits]
) -> tuple[ApiKey, str]:
    """A new key and its plain text, which exists nowhere else and can't be read again.

    rpm is in requests per minute and at most the organization's ceiling; allowed_ips are CIDR
    networks. Raises InvalidField.
    """
    request = KeyRequest(
        name=name,
        rpm=limits.get("rpm"),
        allowed_ips=tuple(limits.get("allowed_ips", ())),
        scopes=tuple(limits.get("scopes", default_scopes())),
        expires_at=limits.get("expires_at"),
    )
    return store_key(checked(request, project), project, created_by)


def store_key(request: KeyRequest, project: Project, created_by: User | None) -> tuple[ApiKey, str]:
    """Writes a key whose request has passed keyrules.checked()."""
    plain = new_key()
    version, pepper = newest_pepper(settings.KEY_PEPPERS)
    key = ApiKey.objects.create(
        project=project,
        name=request.name,
        digest=digest(plain, pepper),
        pepper=version,
        prefix=plain[:8],
        last4=plain[-4:],
        rpm=request.rpm,
        allowed_ips=list(request.allowed_ips),
        scopes=list(request.scopes),
        expires_at=request.expires_at,
        created_by=created_by,
    )
    return key, plain


def find_key(plain: str) -> ApiKey:
    """The key row of a plain key, with its project and organization; of a Studio token the key it stands for.

    For the control plane; the gateway has its own cache. Raises InvalidKey, RevokedKey, ExpiredKey.
    """
    if not checksum_ok(plain):
        raise InvalidKey
    digests = [digest(plain, pepper) for pepper in settings.KEY_PEPPERS.values()]
    key = ApiKey.objects.select_related("project__organization").filter(digest__in=digests).first()
    token = find_token(digests) if key is None else None
    key = token.key if token is not None else key
    if key is None:
        raise InvalidKey
    if key.revoked_at is not None:
        raise RevokedKey
    expires_at = token.expires_at if token is not None else key.expires_at
    if expires_at is not None and expires_at <= timezone.now():
        raise ExpiredKey
    return key


def revoke_key(key: ApiKey) -> bool:
    """Ends a key for good and tells every worker; False if it had been revoked before."""
    with transaction.atomic():
        now = timezone.now()
        revoked = ApiKey.objects.filter(pk=key.pk, revoked_at=None).update(revoked_at=now)
        if revoked:
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_notify(%s, %s)", [CHANNEL, bytes(key.digest).hex()])
            key.revoked_at = now
    return revoked == 1
