"""A project's content log as its people see and change it: each change asks for the role and is noted."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext_lazy

from accounts import audit, logkeys
from accounts.access import Caller
from accounts.models import AuditEntry, ContentLog, LogKey, Project
from accounts.roles import Power
from proxy.contents import records, retention

_LOST = {
    "queue_full": gettext_lazy("not kept: too much content was waiting to be sealed at that moment"),
    "not_written": gettext_lazy("not kept: it could not be written at that moment"),
}


@dataclass(frozen=True, slots=True)
class State:
    """How a project's content is kept now, with which keys it can be opened, and who changed what."""

    project: Project
    active: LogKey | None
    keys: Sequence[LogKey]
    changes: Sequence[AuditEntry]


def state(caller: Caller, project: Project) -> State:
    keys = list(project.log_keys.order_by("-pk"))
    active = next((key for key in keys if key.retired_at is None), None)
    shown = active if project.content_log == ContentLog.ENCRYPTED else None
    return State(project, shown, keys, audit.latest(caller.organization, project.api_id))


def told(project: Project, call: UUID) -> str | None:
    """What a receipt says of the content: "" if it can be opened, why it was lost, None for nothing."""
    lost = records.known(project, call)
    return str(_LOST.get(lost, lost)) if lost else lost


@transaction.atomic
def turn_on(caller: Caller, project: Project, public_key: bytes, key_id: UUID) -> LogKey:
    """Seal to this key from now on; in place of the one before, if there is one.

    Raises RoleNotAllowed, and InvalidField for a key that can't be.
    """
    caller.require(Power.LOGS)
    before = logkeys.active_key(project)
    made = logkeys.turn_on(project, public_key, caller.user, key_id)
    deed = "content_log.rotate" if before else "content_log.on"
    audit.note(
        caller,
        deed,
        project.api_id,
        before={"key": before.fingerprint if before else None},
        after={"key": made.fingerprint},
    )
    return made


@transaction.atomic
def turn_off(caller: Caller, project: Project) -> None:
    """Nothing of the next calls is kept; what there is stays. Raises RoleNotAllowed."""
    caller.require(Power.LOGS)
    before = logkeys.active_key(project)
    logkeys.turn_off(project)
    key = before.fingerprint if before else None
    audit.note(caller, "content_log.off", project.api_id, before={"key": key}, after={"key": None})


@transaction.atomic
def keep_days(caller: Caller, project: Project, days: int) -> None:
    """How long content is kept, also what is there. Raises RoleNotAllowed, InvalidField."""
    caller.require(Power.LOGS)
    before = project.content_days
    logkeys.keep_days(project, days)
    audit.note(caller, "content_log.days", project.api_id, before={"days": before}, after={"days": days})


@transaction.atomic
def forget_all(caller: Caller, project: Project) -> None:
    """Everything that is kept of the project goes. Raises RoleNotAllowed."""
    caller.require(Power.LOGS)
    logkeys.forget(project)
    assert project.content_since is not None
    until = project.content_since.isoformat()
    audit.note(caller, "content_log.delete", project.api_id, before={}, after={"deleted_until": until})


@transaction.atomic
def forget_call(caller: Caller, project: Project, call: UUID) -> bool:
    """What one call said goes at once; False where nothing was kept. Raises RoleNotAllowed for a viewer."""
    caller.require(Power.FORGET)
    if records.known(project, call) is None or not retention.forget_call(project, call):
        return False
    audit.note(caller, "content_log.delete_call", project.api_id, before={"call": str(call)}, after={})
    return True
