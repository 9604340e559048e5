"""Issuing a key: what accounts allows together with the spend cap that billing keeps."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum

from django.db import connection, transaction
from django.utils.translation import gettext as _

from accounts.access import Caller
from accounts.errors import AccountSuspended, InvalidField, WiderKey
from accounts.keyrules import KeyRequest, checked, refuse_wider
from accounts.keys import store_key
from accounts.models import ApiKey, Organization, Project, Scope
from accounts.roles import Power
from billing import caps

KEYS_MAX = 1000  # usable keys of one organization: lists are not paged


class Window(IntEnum):
    """How long a key's cap counts, by strictness: one that never starts anew holds back the most."""

    DAY = 1
    MONTH = 2
    LIFETIME = 3

    @property
    def scope(self) -> caps.Scope:
        return _SCOPES[self]


_SCOPES = {
    Window.DAY: caps.Scope.KEY_DAY,
    Window.MONTH: caps.Scope.KEY_MONTH,
    Window.LIFETIME: caps.Scope.KEY_LIFETIME,
}


@dataclass(frozen=True, slots=True)
class SpendCap:
    """At most limit_micros (10⁻⁶ UZS) per window."""

    limit_micros: int
    window: Window

    def within(self, parent: "SpendCap") -> bool:
        """Whether this cap can never let through more than the parent's does."""
        return self.limit_micros <= parent.limit_micros and self.window >= parent.window


@transaction.atomic
def issue_key(
    caller: Caller, project: Project, asked: KeyRequest, cap: SpendCap | None
) -> tuple[ApiKey, str]:
    """A new key with its cap, and its plain text, which can't be had again.

    Raises RoleNotAllowed, AccountSuspended, WiderKey, InvalidField.
    """
    caller.require(Power.MANAGE_KEYS if Scope.MANAGE in asked.scopes else Power.KEYS)
    if project.organization.suspended_at is not None:
        raise AccountSuspended
    request = checked(asked, project)
    if caller.key is not None:
        refuse_wider(request, project, caller.key)
        _refuse_wider_cap(cap, caps_of([caller.key]).get(caller.key.pk, []))
    _refuse_too_many(project)
    key, plain = store_key(request, project, caller.user)
    if cap is not None:
        caps.set_cap(cap.window.scope, key.pk, cap.limit_micros)
    return key, plain


def caps_of(keys: Sequence[ApiKey]) -> dict[int, list[SpendCap]]:
    """The caps of these keys by primary key, the strictest window first; keys without one are absent."""
    found: dict[int, list[SpendCap]] = {}
    windows = {scope: window for window, scope in _SCOPES.items()}
    for scope, key_id, limit_micros in caps.limits(windows, [key.pk for key in keys]):
        found.setdefault(key_id, []).append(SpendCap(limit_micros, windows[scope]))
    for limits in found.values():
        limits.sort(key=lambda cap: -cap.window)
    return found


def fill_last_use(organization: Organization, keys: Sequence[ApiKey]) -> None:
    """Brings last_used_at of these objects from the roll-ups' last run up to now, to the minute."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT key_id, max(start) FROM usage_tail(%s) GROUP BY 1", [organization.pk])
        lately: dict[int, datetime] = dict(cursor.fetchall())
    for key in keys:
        known = [at for at in (key.last_used_at, lately.get(key.pk)) if at is not None]
        key.last_used_at = max(known, default=None)


def _refuse_wider_cap(child: SpendCap | None, parents: list[SpendCap]) -> None:
    if any(child is None or not child.within(parent) for parent in parents):
        raise WiderKey("cap")


def _refuse_too_many(project: Project) -> None:
    usable = ApiKey.objects.filter(project__organization=project.organization, revoked_at=None, studio=False)
    if usable.count() >= KEYS_MAX:
        message = _("An organization has at most %(most)d keys. Revoke some first.") % {"most": KEYS_MAX}
        raise InvalidField("name", message)
