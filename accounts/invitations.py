"""Asking somebody to join, and joining: by a link that one address gets, works once and for seven days."""

import hashlib
import secrets
from collections.abc import Sequence
from datetime import timedelta
from typing import Final

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts import audit
from accounts.access import Caller, find_all_public, find_public
from accounts.errors import InvalidField, NotFound, RoleNotAllowed
from accounts.models import Invitation, Language, Membership, Organization, Role, User
from accounts.roles import Power

SESSION: Final = "invitation"  # session key: the token of the link that was followed
LIFE: Final = timedelta(days=7)
PAUSE: Final = timedelta(minutes=5)  # between two letters to one address
MEMBERS_MAX: Final = 200  # of one organization, with those who are asked: lists are short
DAILY_MAX: Final = 50  # of one organization: a stranger's address is no place for our letters
KEPT: Final = timedelta(days=90)  # ended ones: they hold an address
GIVEN: Final = (Role.VIEWER, Role.DEVELOPER, Role.ADMIN)  # nobody becomes an owner by a letter


@transaction.atomic
def invite(caller: Caller, email: str, role: str, language: str = "") -> tuple[Invitation, str]:
    """A new invitation and its link's token, which is for accounts/letters.py and nobody else.

    Raises RoleNotAllowed, PersonNeeded, InvalidField.
    """
    caller.require_person(Power.MEMBERS)
    address = _checked(email, role)
    organization = Organization.objects.select_for_update().get(pk=caller.organization.pk)
    _refuse_known(organization, address)
    _refuse_many(organization)
    token = secrets.token_urlsafe(32)
    made = Invitation.objects.create(
        organization=organization,
        email=address,
        role=role,
        language=language if language in Language.values else "",
        digest=_digest(token),
        invited_by=caller.user,
        expires_at=timezone.now() + LIFE,
    )
    audit.note(caller, "member.invite", made.api_id, before={}, after={"role": role})
    return made, token


@transaction.atomic
def send_again(caller: Caller, invitation: Invitation) -> tuple[Invitation, str]:
    """A new link for seven more days; the one before no longer works.

    Raises RoleNotAllowed, PersonNeeded, NotFound for one that has ended, InvalidField within five minutes.
    """
    caller.require_person(Power.MEMBERS)
    held = _open(caller, invitation)
    now = timezone.now()
    if held.sent_at > now - PAUSE:
        raise InvalidField("email", _("An e-mail went out less than five minutes ago."))
    token = secrets.token_urlsafe(32)
    held.digest, held.sent_at, held.expires_at = _digest(token), now, now + LIFE
    held.save(update_fields=["digest", "sent_at", "expires_at"])
    audit.note(caller, "member.invite_again", held.api_id, before={}, after={})
    return held, token


@transaction.atomic
def withdraw(caller: Caller, invitation: Invitation) -> None:
    """The link no longer works. Raises RoleNotAllowed, PersonNeeded, NotFound for one that has ended."""
    caller.require_person(Power.MEMBERS)
    held = _open(caller, invitation)
    held.withdrawn_at = timezone.now()
    held.save(update_fields=["withdrawn_at"])
    audit.note(caller, "member.uninvite", held.api_id, before={"role": held.role}, after={})


@transaction.atomic
def withdraw_all(caller: Caller, found: Sequence[Invitation]) -> None:
    """All of these or none. Raises as withdraw()."""
    for invitation in sorted(found, key=lambda one: one.pk):  # one order of locks for everybody
        withdraw(caller, invitation)


@transaction.atomic
def accept(user: User, invitation: Invitation) -> Membership:
    """Makes the person a member. Who is one already keeps their role.

    The address must be the person's; that it is theirs the link has proved. Raises NotFound for an invitation
    that no longer works, RoleNotAllowed for another address.
    """
    held = Invitation.objects.select_for_update(of=("self",)).get(pk=invitation.pk)
    if held.state != "waiting":
        raise NotFound
    if held.email != user.email:
        raise RoleNotAllowed
    member, is_new = Membership.objects.get_or_create(
        organization_id=held.organization_id, user=user, defaults={"role": held.role}
    )
    held.accepted_at = timezone.now()
    held.save(update_fields=["accepted_at"])
    if is_new:
        joined = Caller(organization=held.organization, user=user, role=member.role)
        audit.note(joined, "member.join", member.api_id, before={}, after={"role": member.role})
    return member


def find(token: str) -> Invitation:
    """The invitation of a link, whatever has become of it. Raises NotFound."""
    found = Invitation.objects.select_related("organization", "invited_by")
    if (invitation := found.filter(digest=_digest(token)).first()) is None:
        raise NotFound
    return invitation


def of_organization(caller: Caller) -> QuerySet[Invitation]:
    """What the caller's organization has not had an answer to."""
    found = Invitation.objects.filter(organization=caller.organization, accepted_at=None, withdrawn_at=None)
    return found.select_related("invited_by").order_by("-pk")


def find_invitation(caller: Caller, api_id: str) -> Invitation:
    """An open invitation by its `inv_…` id. Raises NotFound, for foreign ids too."""
    return find_public(of_organization(caller), api_id)


def find_all(caller: Caller, api_ids: Sequence[str]) -> list[Invitation]:
    """The same for several, in that order: all of them or NotFound."""
    return find_all_public(of_organization(caller), api_ids)


def forget_old() -> int:
    """Removes invitations that ended long ago; how many. Harmless twice."""
    return Invitation.objects.filter(expires_at__lt=timezone.now() - KEPT).delete()[0]


def _open(caller: Caller, invitation: Invitation) -> Invitation:
    mine = Invitation.objects.select_for_update(of=("self",)).select_related("organization", "invited_by")
    held = mine.filter(
        pk=invitation.pk, organization=caller.organization, accepted_at=None, withdrawn_at=None
    ).first()
    if held is None:
        raise NotFound
    return held


def _checked(email: str, role: str) -> str:
    address = email.strip().lower()
    try:
        validate_email(address)
    except ValidationError:
        raise InvalidField("email", _("This isn't an e-mail address.")) from None
    if len(address) > 254:
        raise InvalidField("email", _("This isn't an e-mail address."))
    if role not in GIVEN:
        raise InvalidField("role", _("There is no such role to give."))
    return address


def _refuse_known(organization: Organization, address: str) -> None:
    if Membership.objects.filter(organization=organization, user__email=address).exists():
        raise InvalidField("email", _("%(email)s is a member already.") % {"email": address})
    still_open = Invitation.objects.filter(organization=organization, accepted_at=None, withdrawn_at=None)
    if still_open.filter(email=address).exists():
        raise InvalidField(
            "email", _("%(email)s is invited already. Send the invitation again.") % {"email": address}
        )


def _refuse_many(organization: Organization) -> None:
    asked = Invitation.objects.filter(organization=organization)
    still_open = asked.filter(accepted_at=None, withdrawn_at=None).count()
    if still_open + Membership.objects.filter(organization=organization).count() >= MEMBERS_MAX:
        raise InvalidField(
            "email", _("An organization has at most %(most)d members.") % {"most": MEMBERS_MAX}
        )
    if asked.filter(created_at__gt=timezone.now() - timedelta(days=1)).count() >= DAILY_MAX:
        raise InvalidField("email", _("Too many invitations today. Go on tomorrow."))


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()
