"""The end of an account: what stands in its way, and what then goes and stays.

What goes: everything that belongs to the person alone, their keys, names, and sealed content. What stays: the
ledger and what the law wants kept with it (top-ups, receipts, papers), pseudonymous, under numbers that lead
to a user row without a name. No money moves: what somebody gives up stays where it is.
"""

import logging
from dataclasses import dataclass
from typing import Final
from uuid import uuid4

from django.contrib.admin.models import LogEntry
from django.db import models, transaction
from django.utils import timezone

from accounts import logkeys
from accounts.keys import revoke_key
from accounts.models import (
    ApiKey,
    BillingDetails,
    Clock,
    Invitation,
    Membership,
    Organization,
    Project,
    Role,
    User,
)
from billing.models import Adjustment, BalanceWatch, Notice, NoticeKind, TopUp
from billing.notices.outbox import tell
from dashboard import wallet
from dashboard.account import exports
from dashboard.models import AccountClosure, AccountExport

log = logging.getLogger(__name__)

GONE: Final = "deleted"


@dataclass(frozen=True, slots=True)
class Obstacle:
    """Why an account can't be deleted now. `what` is the word that the page explains."""

    what: str
    organization: Organization | None = None
    micros: int = 0

    @property
    def waivable(self) -> bool:
        """Whether the person may say that it doesn't matter."""
        return self.what == "balance"


class InTheWay(Exception):
    """The account can't be deleted; nothing has changed."""

    def __init__(self, obstacles: list[Obstacle]) -> None:
        super().__init__(", ".join(one.what for one in obstacles))
        self.obstacles = obstacles


def obstacles(user: User) -> list[Obstacle]:
    """Everything that stands in the way now."""
    found = [Obstacle("operator")] if user.is_staff else []
    for membership in _memberships(user):
        org = membership.organization
        if _is_alone(org, user):
            found += _money_in_the_way(org)
        elif membership.role == Role.OWNER and _heir(org, user) is None:
            found.append(Obstacle("owner", org))
    return found


@transaction.atomic
def close(user: User, *, waive: bool) -> None:
    """Ends the account for good. waive: paid balance that is left is given up. Raises InTheWay."""
    User.objects.select_for_update().get(pk=user.pk)
    left = [one for one in obstacles(user) if not (waive and one.waivable)]
    if left:
        raise InTheWay(left)
    waived = sum(one.micros for one in obstacles(user))
    for membership in _memberships(user):
        if _is_alone(membership.organization, user):
            _empty(membership.organization)
        else:
            _leave(membership.organization, user)
    _forget_person(user)
    AccountClosure.objects.create(user=user, waived_micros=waived)
    log.info("account %d is deleted", user.pk)


def _memberships(user: User) -> list[Membership]:
    return list(Membership.objects.filter(user=user).select_related("organization").order_by("pk"))


def _is_alone(org: Organization, user: User) -> bool:
    return not Membership.objects.filter(organization=org).exclude(user=user).exists()


def _heir(org: Organization, user: User) -> User | None:
    """The longest-standing other owner."""
    owners = Membership.objects.filter(organization=org, role=Role.OWNER, user__is_active=True)
    found = owners.exclude(user=user).select_related("user").order_by("created_at", "pk").first()
    return found.user if found else None


def _money_in_the_way(org: Organization) -> list[Obstacle]:
    found = []
    purse = wallet.balance(org)
    if purse.held_micros:
        found.append(Obstacle("calls", org, 0))
    if purse.paid_micros:
        found.append(Obstacle("balance", org, purse.paid_micros))
    if TopUp.objects.filter(org=org, state=TopUp.State.PENDING).exists():
        found.append(Obstacle("topup", org))
    open_states = (Adjustment.State.PENDING, Adjustment.State.DONE)
    payouts = Adjustment.objects.filter(org=org, kind=Adjustment.Kind.PAYOUT, state__in=open_states)
    if payouts.exists():
        found.append(Obstacle("refund", org))
    return found


def _empty(org: Organization) -> None:
    """An organization without people: nothing calls in its name, and nothing in it names anybody."""
    for key in ApiKey.objects.filter(project__organization=org, revoked_at=None):
        revoke_key(key)
    ApiKey.objects.filter(project__organization=org).update(name=GONE, allowed_ips=[])
    now = timezone.now()
    for project in Project.objects.filter(organization=org):
        logkeys.turn_off(project)
        logkeys.forget(project)
    Project.objects.filter(organization=org).update(name=GONE, archived_at=now)
    BillingDetails.objects.filter(organization=org).delete()
    Invitation.objects.filter(organization=org).delete()
    BalanceWatch.objects.filter(org=org).delete()
    Notice.objects.filter(org=org).delete()
    Organization.objects.filter(pk=org.pk).update(name=GONE, suspended_at=now)


def _leave(org: Organization, user: User) -> None:
    """The others go on; who answers for it hears which keys the person had made."""
    if org.owner_id == user.pk:
        # A person has one personal organization: the heir's is their own.
        Organization.objects.filter(pk=org.pk).update(owner=_heir(org, user), is_personal=False)
    Membership.objects.filter(organization=org, user=user).delete()
    every = ApiKey.objects.filter(project__organization=org, created_by=user)
    every.filter(studio=True).update(name=GONE)  # it bore the address
    made = every.filter(revoked_at=None, studio=False)
    facts = {"what": "left", "organization": org.name, "keys": list(made.values_list("name", flat=True))}
    tell(org.pk, NoticeKind.ACCOUNT, f"left:{user.pk}", facts)


def _forget_person(user: User) -> None:
    """The row stays, as money names it, and names nobody; what belongs to it alone goes with the person.

    Without a password every session is over, and the address is free for a new account.
    """
    exports.drop(AccountExport.objects.filter(user=user))
    Invitation.objects.filter(email=user.email).delete()
    for relation in User._meta.related_objects:
        if relation.on_delete is models.CASCADE and relation.related_model is not LogEntry:
            relation.related_model._base_manager.filter(**{relation.field.name: user}).delete()
    user.email = f"{GONE}-{uuid4().hex}@{GONE}.invalid"
    user.name, user.language, user.last_login, user.is_active = "", "", None, False
    user.clock = Clock.HOURS_24
    user.set_unusable_password()
    user.save()
    user.groups.clear()
    user.user_permissions.clear()
