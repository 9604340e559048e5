"""Who belongs to an organization: roles given and taken, leaving, handing it over.

An organization always has an owner. What would leave it without one is refused under a lock on its row, so
two owners can't make room for each other at the same moment.
"""

from typing import Final

from django.db import transaction
from django.db.models import Case, IntegerField, QuerySet, Value, When
from django.utils.translation import gettext as _

from accounts import audit
from accounts.access import Caller, find_public
from accounts.errors import InvalidField, NotFound, RoleNotAllowed
from accounts.keys import revoke_key
from accounts.models import ApiKey, Membership, Organization, Role, User
from accounts.roles import POWERS, Power

HEIGHT: Final = Case(
    *(When(role=role, then=Value(height)) for height, role in enumerate(POWERS)), output_field=IntegerField()
)


def members_of(caller: Caller) -> QuerySet[Membership]:
    """The members of the caller's organization, owners first."""
    found = Membership.objects.filter(organization=caller.organization).select_related("user")
    return found.order_by(HEIGHT.desc(), "user__email")


def find_member(caller: Caller, api_id: str) -> Membership:
    """A member by their `mem_…` id. Raises NotFound, for foreign ids too."""
    return find_public(members_of(caller), api_id)


def roles_to_give(caller: Caller) -> list[str]:
    """The roles that the caller may give somebody, the least first; owners alone make owners."""
    if caller.key is not None or not caller.may(Power.MEMBERS):
        return []
    return [role for role in POWERS if role != Role.OWNER or caller.may(Power.ORGANIZATION)]


def may_change(caller: Caller, member: Membership) -> bool:
    """Whether the caller may give this member another role, or remove them."""
    return member.role in roles_to_give(caller)


@transaction.atomic
def change_role(caller: Caller, member: Membership, role: str) -> Membership:
    """In force at once. Raises RoleNotAllowed, PersonNeeded, NotFound, InvalidField for the last owner."""
    caller.require_person(Power.MEMBERS)
    held = _held(caller, member)
    if Role.OWNER in (held.role, role):
        caller.require(Power.ORGANIZATION)
    if role not in POWERS:
        raise InvalidField("role", _("There is no such role."))
    if held.role == role:
        return held
    if held.role == Role.OWNER:
        _needs_heir(held)
    before, held.role = held.role, role
    held.save(update_fields=["role"])
    audit.note(caller, "member.role", held.api_id, before={"role": before}, after={"role": role})
    return held


@transaction.atomic
def remove(caller: Caller, member: Membership, *, revoke_keys: bool = False) -> int:
    """Takes somebody out; how many keys were revoked. Keys that they made go on working unless revoke_keys.

    Raises RoleNotAllowed, PersonNeeded, NotFound, InvalidField for the last owner.
    """
    caller.require_person(Power.MEMBERS)
    held = _held(caller, member)
    if held.role == Role.OWNER:
        caller.require(Power.ORGANIZATION)
    revoked = sum(revoke_key(key) for key in keys_made_by(held)) if revoke_keys else 0
    _take_out(caller, held, "member.remove", revoked)
    return revoked


@transaction.atomic
def leave(caller: Caller) -> None:
    """The person goes by themselves; whoever they are, but not the last owner (InvalidField)."""
    member = Membership.objects.get(organization=caller.organization, user=caller.user)
    _take_out(caller, _held(caller, member), "member.leave", 0)


def may_leave(caller: Caller) -> bool:
    """Whether the person could go, or be less than an owner, now; the deeds ask again, under a lock."""
    return caller.role != Role.OWNER or _owners(caller.organization.pk).exclude(user=caller.user).exists()


@transaction.atomic
def hand_over(caller: Caller, member: Membership) -> Membership:
    """The member becomes the owner, the caller an administrator.

    A personal organization is nobody's own from then on and loses its daily free requests, which are one
    person's. Raises RoleNotAllowed, PersonNeeded, NotFound, InvalidField for oneself.
    """
    caller.require_person(Power.ORGANIZATION)
    taker = _held(caller, member)
    assert caller.user is not None
    if taker.user_id == caller.user.pk:
        raise InvalidField("member", _("This is you."))
    giver = Membership.objects.filter(organization=caller.organization, user=caller.user).first()
    if giver is None or giver.role != Role.OWNER:  # until the lock was had
        raise RoleNotAllowed
    taker.role, giver.role = Role.OWNER, Role.ADMIN
    taker.save(update_fields=["role"])
    giver.save(update_fields=["role"])
    _belongs_to(caller.organization, taker.user)
    audit.note(
        caller,
        "organization.owner",
        caller.organization.api_id,
        before={"owner": giver.api_id},
        after={"owner": taker.api_id},
    )
    return taker


def keys_made_by(member: Membership) -> list[ApiKey]:
    """Usable keys of the organization that this member has made, and may still know."""
    made = ApiKey.objects.filter(project__organization_id=member.organization_id, created_by=member.user_id)
    return list(made.filter(revoked_at=None, studio=False).order_by("pk"))


def _held(caller: Caller, member: Membership) -> Membership:
    """The member as they are now, with the organization's row locked."""
    Organization.objects.select_for_update().get(pk=caller.organization.pk)
    found = Membership.objects.select_for_update(of=("self",)).select_related("user", "organization")
    held = found.filter(pk=member.pk, organization=caller.organization).first()
    if held is None:
        raise NotFound
    return held


def _owners(organization_id: int) -> QuerySet[Membership]:
    return Membership.objects.filter(organization_id=organization_id, role=Role.OWNER, user__is_active=True)


def _needs_heir(member: Membership) -> Membership:
    """Another owner. Raises InvalidField where there is none."""
    others = _owners(member.organization_id).exclude(pk=member.pk).select_related("user")
    heir = others.order_by("created_at", "pk").first()
    if heir is None:
        raise InvalidField(
            "role", _("The last owner can't go: make somebody else an owner first, or hand it over.")
        )
    return heir


def _take_out(caller: Caller, member: Membership, deed: str, revoked: int) -> None:
    if member.role == Role.OWNER:
        heir = _needs_heir(member)
        if member.organization.owner_id == member.user_id:
            _belongs_to(member.organization, heir.user)
    before = {"role": member.role, "keys_revoked": revoked}
    audit.note(caller, deed, member.api_id, before=before, after={})
    member.delete()


def _belongs_to(organization: Organization, user: User) -> None:
    held = Organization.objects.filter(pk=organization.pk)
    held.filter(is_personal=True).update(is_personal=False, verified_at=None)
    held.update(owner=user)
