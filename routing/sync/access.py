"""The one place where the catalog sync gets a provider's secret from."""

import os

from django.db.models import F, QuerySet

from routing.credentials import unseal_or_none
from routing.models import Credential, Provider


def secret_of(provider: Provider) -> str | None:
    """The heaviest credential's that isn't disabled, to read this provider's list with; None without any."""
    usable = _credentials(provider).filter(active=True)
    for row in usable.order_by(F("disabled_at").asc(nulls_first=True), "-weight", "id"):
        sealed = unseal_or_none(bytes(row.sealed)) if row.sealed else None
        secret = sealed or (os.environ.get(row.ref.removeprefix("env:")) if row.ref else None)
        if secret:
            return secret
    return None


def needs_secret(provider: Provider) -> bool:
    """Whether it answers nobody without one."""
    return _credentials(provider).exists()


def _credentials(provider: Provider) -> QuerySet[Credential]:
    return Credential.objects.filter(provider=provider, retired_at=None)
