"""More than one organization: making another, choosing where one works, names."""

from typing import Final

from django.db import transaction
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts import audit
from accounts.access import ORGANIZATION, Caller
from accounts.errors import InvalidField, NotFound
from accounts.models import Membership, Organization, Project, Role, User
from accounts.roles import Power

OWNED_MAX: Final = 20
NAME_CHARS_MAX: Final = 150


def mine(user: User) -> list[Membership]:
    """Everywhere the person belongs, their own organization first."""
    found = Membership.objects.filter(user=user).select_related("organization")
    return list(found.order_by("-organization__is_personal", "organization__name", "pk"))


@transaction.atomic
def create(user: User, name: str) -> Organization:
    """Another organization of this person, with its default project and an empty wallet. Raises InvalidField.

    It has no free requests until it has paid: those are one person's.
    """
    User.objects.select_for_update().get(pk=user.pk)
    if Membership.objects.filter(user=user, role=Role.OWNER).count() >= OWNED_MAX:
        raise InvalidField("name", _("One person owns at most %(most)d organizations.") % {"most": OWNED_MAX})
    made = Organization.objects.create(owner=user, name=checked_name(name))
    Membership.objects.create(organization=made, user=user, role=Role.OWNER)
    Project.objects.create(organization=made, name="Default", is_default=True)
    caller = Caller(organization=made, user=user, role=Role.OWNER)
    audit.note(caller, "organization.create", made.api_id, before={}, after={"name": made.name})
    return made


@transaction.atomic
def rename(caller: Caller, name: str) -> None:
    """Papers that were issued keep the name they have. Raises RoleNotAllowed, PersonNeeded, InvalidField."""
    caller.require_person(Power.ORGANIZATION)
    held = Organization.objects.select_for_update().get(pk=caller.organization.pk)
    before, held.name = held.name, checked_name(name)
    held.save(update_fields=["name"])
    audit.note(caller, "organization.name", held.api_id, before={"name": before}, after={"name": held.name})


def work_in(request: HttpRequest, user: User, api_id: str) -> Organization:
    """From now on the session, and the next one, works in this organization. Raises NotFound."""
    for member in mine(user):
        if member.organization.api_id == api_id:
            begin_in(request, member)
            return member.organization
    raise NotFound


def begin_in(request: HttpRequest, member: Membership) -> None:
    """The same for a membership that is known."""
    request.session[ORGANIZATION] = member.organization_id
    Membership.objects.filter(pk=member.pk).update(chosen_at=timezone.now())


def checked_name(name: str) -> str:
    """A name for readers: one line, not empty. Raises InvalidField."""
    stripped = name.strip()
    if not stripped or len(stripped) > NAME_CHARS_MAX or not stripped.isprintable():
        raise InvalidField("name", _("A name has 1 to %(most)d characters.") % {"most": NAME_CHARS_MAX})
    return stripped
