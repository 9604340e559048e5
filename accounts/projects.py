"""Making, changing and archiving projects. Calls go by the change within five seconds, everywhere.

A key reaches its own project and only narrows it: it renames it and takes models away, no more.
"""

from collections.abc import Sequence
from typing import Any, Final

from django.db import connection, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts import audit
from accounts.access import Caller, find_all_public
from accounts.errors import InvalidField, NotFound, WiderKey
from accounts.keys import CHANNEL
from accounts.models import ApiKey, Organization, Project
from accounts.roles import Power

NAME_CHARS_MAX: Final = 100
PROJECTS_MAX: Final = 200  # of one organization that are not archived: pickers show all
MODELS_MAX: Final = 500
FIELDS: Final = ("name", "allowed_models", "rescue")


@transaction.atomic
def create(caller: Caller, name: str, allowed_models: Sequence[str] | None = None) -> Project:
    """A project without keys and caps. allowed_models: canonical ids, None allows all; who asks has looked
    them up. Raises RoleNotAllowed, PersonNeeded, InvalidField.
    """
    caller.require_person(Power.PROJECTS)
    organization = Organization.objects.select_for_update().get(pk=caller.organization.pk)
    _refuse_many(organization)
    made = Project.objects.create(
        organization=organization, name=_checked(organization, name), allowed_models=_listed(allowed_models)
    )
    audit.note(caller, "project.create", made.api_id, before={}, after=_values(made))
    return made


@transaction.atomic
def change(caller: Caller, project: Project, **fields: Any) -> Project:
    """Changes any of FIELDS. Raises RoleNotAllowed, NotFound, InvalidField, WiderKey."""
    caller.require(Power.PROJECTS)
    held = _held(caller, project)
    before = _values(held)
    if "name" in fields:
        fields["name"] = _checked(held.organization, fields["name"], held)
    if "allowed_models" in fields:
        fields["allowed_models"] = _listed(fields["allowed_models"])
        _refuse_wider(caller, held.allowed_models, fields["allowed_models"])
    for name in FIELDS:
        setattr(held, name, fields.get(name, getattr(held, name)))
    held.save(update_fields=FIELDS)
    after = _values(held)
    if after != before:
        audit.note(caller, "project.change", held.api_id, before=before, after=after)
        _tell_workers()
    return held


@transaction.atomic
def make_default(caller: Caller, project: Project) -> None:
    """What names no project goes here. Raises RoleNotAllowed, PersonNeeded, NotFound."""
    caller.require_person(Power.PROJECTS)
    Organization.objects.select_for_update().get(pk=caller.organization.pk)
    held = _held(caller, project)
    before = Project.objects.filter(organization=caller.organization, is_default=True).first()
    if before == held:
        return
    Project.objects.filter(organization=caller.organization, is_default=True).update(is_default=False)
    Project.objects.filter(pk=held.pk).update(is_default=True)
    was = before.api_id if before else None
    audit.note(
        caller,
        "project.default",
        caller.organization.api_id,
        before={"project": was},
        after={"project": held.api_id},
    )


@transaction.atomic
def archive(caller: Caller, project: Project) -> Project:
    """Its keys are refused from now on; nothing of it is deleted, and restore() takes it back.

    Raises RoleNotAllowed, PersonNeeded, NotFound, InvalidField for the default project.
    """
    caller.require_person(Power.PROJECTS)
    held = _held(caller, project)
    if held.is_default:
        raise InvalidField("project", _("The default project can't be archived: make another one it first."))
    held.archived_at = timezone.now()
    held.save(update_fields=["archived_at"])
    audit.note(caller, "project.archive", held.api_id, before={}, after={"keys": len(usable_keys(held))})
    _tell_workers()
    return held


@transaction.atomic
def restore(caller: Caller, project: Project) -> Project:
    """Takes it out of the archive; its keys that weren't revoked work again. Raises as archive()."""
    caller.require_person(Power.PROJECTS)
    organization = Organization.objects.select_for_update().get(pk=caller.organization.pk)
    held = Project.objects.select_for_update().filter(organization=organization, pk=project.pk).first()
    if held is None or held.archived_at is None:
        raise NotFound
    _refuse_many(organization)
    held.archived_at = None
    held.save(update_fields=["archived_at"])
    audit.note(caller, "project.restore", held.api_id, before={}, after={})
    _tell_workers()
    return held


@transaction.atomic
def archive_all(caller: Caller, found: Sequence[Project]) -> None:
    """All of these or none. Raises as archive()."""
    for project in sorted(found, key=lambda one: one.pk):  # one order of locks for everybody
        archive(caller, project)


@transaction.atomic
def restore_all(caller: Caller, found: Sequence[Project]) -> None:
    """All of these or none. Raises as restore()."""
    for project in sorted(found, key=lambda one: one.pk):
        restore(caller, project)


def find_all(caller: Caller, api_ids: Sequence[str], *, archived: bool = False) -> list[Project]:
    """Projects of the person's organization by their ids, out of the archive or in use, in that order.

    Raises NotFound if one of them isn't there.
    """
    mine = Project.objects.filter(organization=caller.organization, archived_at__isnull=not archived)
    return find_all_public(mine, api_ids)


def usable_keys(*projects: Project) -> list[ApiKey]:
    """The keys that calls are made with, by project and name."""
    keys = ApiKey.objects.filter(project__in=projects, revoked_at=None, studio=False)
    return list(keys.order_by("project__name", "project_id", "name", "pk"))


def _held(caller: Caller, project: Project) -> Project:
    mine = Project.objects.select_for_update(of=("self",)).select_related("organization")
    held = mine.filter(pk=project.pk, organization=caller.organization, archived_at=None).first()
    if held is None or (caller.key is not None and held.pk != caller.key.project_id):
        raise NotFound
    return held


def _checked(organization: Organization, name: str, project: Project | None = None) -> str:
    stripped = name.strip()
    if not stripped or len(stripped) > NAME_CHARS_MAX or not stripped.isprintable():
        raise InvalidField("name", _("A name has 1 to %(most)d characters.") % {"most": NAME_CHARS_MAX})
    others = Project.objects.filter(organization=organization, archived_at=None, name=stripped)
    if project is not None:
        others = others.exclude(pk=project.pk)
    if others.exists():
        raise InvalidField("name", _("Another project has this name."))
    return stripped


def _listed(models: Sequence[str] | None) -> list[str] | None:
    if models is None:
        return None
    if len(models) > MODELS_MAX:
        raise InvalidField("allowed_models", _("At most %(most)d models.") % {"most": MODELS_MAX})
    return sorted(set(models))


def _refuse_wider(caller: Caller, before: Sequence[str] | None, after: Sequence[str] | None) -> None:
    if caller.key is None or before is None:
        return
    if after is None or not set(after) <= set(before):
        raise WiderKey("allowed_models")


def _refuse_many(organization: Organization) -> None:
    if Project.objects.filter(organization=organization, archived_at=None).count() >= PROJECTS_MAX:
        message = _("An organization has at most %(most)d projects. Archive some first.")
        raise InvalidField("name", message % {"most": PROJECTS_MAX})


def _values(project: Project) -> dict[str, Any]:
    return {name: getattr(project, name) for name in FIELDS}


def _tell_workers() -> None:
    """A hint to look again at all keys: their caches expire by themselves."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_notify(%s, '')", [CHANNEL])
