"""The one place where the catalog sync gets a provider's secret from."""

import os

from routing.credentials import unseal_or_none
from routing.models import Provider


def secret_of(provider: Provider) -> str | None:
    """The credential to read this provider's list with; None if there is none."""
    if provider.credential_sealed:
        return unseal_or_none(bytes(provider.credential_sealed))
    return os.environ.get(provider.credential_ref.removeprefix("env:")) or None


def needs_secret(provider: Provider) -> bool:
    """Whether it answers nobody without one."""
    return bool(provider.credential_ref or provider.credential_sealed)
