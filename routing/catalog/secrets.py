"""The credentials that a catalog file names: their references, weights and labels, and what seals them.

A secret that an operator typed in admin is kept through every load, and so is `active`, which is theirs.
"""

from collections.abc import Mapping
from typing import Any

from django.utils import timezone

from routing.catalog.changes import Changes, update
from routing.catalog.entries import ProviderEntry
from routing.credentials import seal, unseal_or_none
from routing.models import Credential, Provider


def load_credentials(
    provider: Provider, entry: ProviderEntry, environ: Mapping[str, str], changes: Changes
) -> None:
    """Make the provider's references those of its entry."""
    rows = list(Credential.objects.filter(provider=provider))
    by_ref = {row.ref: row for row in rows if row.ref}
    typed = {row.label: row for row in rows if not row.ref and row.retired_at is None}
    wanted = {one.ref for one in entry.credentials}
    for row in by_ref.values():
        if row.ref not in wanted and _release(row):
            changes.add("credentials retired")
    for one in entry.credentials:
        stored = by_ref.get(one.ref) or typed.get(one.label)
        values: dict[str, Any] = {"ref": one.ref, "label": one.label, "weight": one.weight}
        if stored is None:
            Credential.objects.create(provider=provider, **values, **_sealed(None, one.ref, environ))
            changes.add("credentials added")
        elif update(stored, values | {"retired_at": None} | _sealed(stored, one.ref, environ)):
            changes.add("credentials changed")


def _release(row: Credential) -> bool:
    """The file names it no more. What was typed by hand stays, as the operator's own."""
    if row.sealed and not row.from_env:
        return update(row, {"ref": ""})
    if row.retired_at is not None:
        return False
    return update(row, {"retired_at": timezone.now(), "sealed": None, "last4": "", "from_env": False})


def _sealed(stored: Credential | None, reference: str, environ: Mapping[str, str]) -> dict[str, Any]:
    """The columns of the secret to write. A new secret is a new start for one that was refused."""
    if stored is not None and stored.sealed and not stored.from_env:
        return {}
    secret = environ.get(reference.removeprefix("env:"), "")
    if stored is not None and stored.sealed:
        if secret and unseal_or_none(bytes(stored.sealed)) == secret:
            return {}
    elif not secret:
        return {}
    fresh = {"sealed": seal(secret) if secret else None, "last4": secret[-4:], "from_env": bool(secret)}
    if stored is None:
        return fresh
    return fresh | {"version": stored.version + 1, "disabled_at": None, "disabled_reason": ""}
