"""Writing down, and showing, what people changed in their organizations."""

from collections.abc import Mapping, Sequence
from typing import Any

from accounts.access import Caller
from accounts.models import AuditEntry, Deed, Organization


def note(
    caller: Caller, deed: str, subject: str, *, before: Mapping[str, Any], after: Mapping[str, Any]
) -> None:
    """One entry, in the transaction of the change itself. deed: one of Deed."""
    AuditEntry.objects.create(
        organization=caller.organization,
        user=caller.user,
        key=caller.key,
        deed=Deed(deed),
        subject=subject,
        before=dict(before),
        after=dict(after),
    )


def latest(organization: Organization, subject: str, count: int = 10) -> Sequence[AuditEntry]:
    """The last changes of one thing, newest first."""
    found = AuditEntry.objects.filter(organization=organization, subject=subject)
    return list(found.select_related("user")[:count])
