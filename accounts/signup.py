"""A new person: user, personal organization, ownership and default project come into being together."""

from typing import Any

from allauth.account.models import EmailAddress
from django.db import transaction
from django.utils import timezone

from accounts.models import Membership, Organization, Project, Role, User


@transaction.atomic
def open_account(*, email: str, password: str, verified: bool = False, **fields: Any) -> User:
    """A complete account without the sign-up form: the demo's, an operator's, a test's.

    verified: the address counts as confirmed. fields: further fields of User.
    """
    user = User.objects.create_user(email, password, **fields)
    EmailAddress.objects.create(user=user, email=user.email, primary=True, verified=verified)
    open_personal_organization(user)
    if verified:
        mark_verified(user)
    return user


@transaction.atomic
def open_personal_organization(user: User) -> Organization:
    """The organization that a person owns alone, with its default project. Once per user.

    No wallet: its row is made by the first credit, and an absent one is zero.
    """
    organization, created = Organization.objects.get_or_create(
        owner=user, is_personal=True, defaults={"name": user.name or user.email}
    )
    if created:
        Membership.objects.create(organization=organization, user=user, role=Role.OWNER)
        Project.objects.create(organization=organization, name="Default", is_default=True)
    return organization


def mark_verified(user: User) -> None:
    """The owner's address is confirmed: the personal organization gets its daily free requests."""
    personal = Organization.objects.filter(owner=user, is_personal=True, verified_at=None)
    personal.update(verified_at=timezone.now())


def on_email_confirmed(sender: Any, email_address: EmailAddress, **kwargs: Any) -> None:
    """allauth's announcement; a reset of the password confirms an address too, so a signal it is."""
    mark_verified(email_address.user)
