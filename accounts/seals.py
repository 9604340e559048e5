"""Secrets at rest: Fernet under CREDENTIAL_KEYS, the newest key first."""

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings


def _box() -> MultiFernet:
    return MultiFernet([Fernet(key) for key in settings.CREDENTIAL_KEYS])


def seal(secret: str) -> bytes:
    """The secret as it may be stored."""
    return _box().encrypt(secret.encode())


def unseal(sealed: bytes) -> str:
    """The secret itself; cryptography.fernet.InvalidToken if none of our keys opens it."""
    return _box().decrypt(bytes(sealed)).decode()


def unseal_or_none(sealed: bytes) -> str | None:
    """See unseal(); None instead of an error."""
    try:
        return unseal(sealed)
    except InvalidToken:
        return None
