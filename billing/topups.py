"""Deciding a top-up by bank transfer.

What was received is credited, never what was claimed: an approval names the line of our own statement, which
belongs to one top-up for good. Exactly once, with two operators clicking at once too: the row is locked and
its state asked first, then the line, then the wallet.
"""

from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import Membership, User
from billing.bank.arrivals import Arrival, enter
from billing.bank.requests import TAIL_MAX
from billing.errors import NotPending, SamePerson, TransferTaken
from billing.first_topup import first_limit, is_companys
from billing.ledger import Reference, top_up
from billing.models import Channel, IncomingTransfer, TopUp, TopUpDecision
from billing.money import MICROS_PER_UZS
from billing.notices.watch import tell_topup

Action, State = TopUpDecision.Action, TopUp.State


def approve(topup_id: int, operator: User, incoming_id: int) -> TopUp:
    """Credit the wallet with what that incoming transfer brought.

    Above BANK_SECOND_PERSON_UZS, or above what may come first (first_limit_of), the first approval only binds
    the transfer to the top-up, which stays as it is; somebody else's credits it. Raises NotPending,
    SamePerson (who asked, who belongs to the organization, or who approved first), TransferTaken.
    """
    with transaction.atomic():
        topup = _locked(topup_id)
        _check_person(topup, operator)
        incoming = IncomingTransfer.objects.select_for_update().get(pk=incoming_id)
        if incoming.topup_id not in (None, topup.pk):
            raise TransferTaken(_("this transfer was credited before"))
        bound = IncomingTransfer.objects.filter(topup=topup).exclude(pk=incoming.pk)
        if bound.exists():
            raise TransferTaken(_("another transfer was chosen at the first approval"))
        before = _picture(topup)
        IncomingTransfer.objects.filter(pk=incoming.pk).update(topup=topup)
        if _needs_another(topup, incoming):
            return _approved_first(topup, operator, before)
        return _credited(topup, operator, incoming, before)


def approve_arrival(topup_id: int, operator: User, arrival: Arrival) -> TopUp:
    """Enter a transfer that has arrived and approve with it, both or neither. Raises as both of them do."""
    with transaction.atomic():
        return approve(topup_id, operator, enter(arrival, operator).pk)


def reject(topup_id: int, operator: User, reason: str, refusal: str = TopUp.Refusal.OTHER) -> TopUp:
    """Close without money; a transfer bound by a first approval is free again.

    Raises NotPending, SamePerson.
    """
    with transaction.atomic():
        topup = _locked(topup_id)
        _check_person(topup, operator, rejecting=True)
        before = _picture(topup)
        IncomingTransfer.objects.filter(topup=topup).update(topup=None)
        topup.reason, topup.refusal = reason, refusal
        _decide(topup, State.REJECTED, operator)
        _record(topup, operator, Action.REJECT, before)
        return topup


def _locked(topup_id: int) -> TopUp:
    """An undecided top-up by bank. One that expired isn't decided: its money may still have arrived."""
    topup = TopUp.objects.select_for_update(of=("self",)).get(pk=topup_id)
    if topup.state not in (State.PENDING, State.EXPIRED) or topup.provider != Channel.BANK:
        raise NotPending(_("this top-up was decided before"))
    return topup


def _check_person(topup: TopUp, operator: User, *, rejecting: bool = False) -> None:
    if topup.requested_by_id == operator.pk:
        raise SamePerson(_("whoever asked for a top-up can't decide it"))
    if Membership.objects.filter(organization=topup.org_id, user=operator).exists():
        raise SamePerson(_("nobody decides a top-up of their own organization"))
    if topup.first_approved_by_id == operator.pk and not rejecting:
        raise SamePerson(_("the second approval is somebody else's"))


def first_limit_of(topup: TopUp) -> int | None:
    """What this top-up may bring with one approval if it is the organization's first; None: no such limit."""
    if topup.card_id is None:
        return None if is_companys(topup.org_id) else first_limit(topup.org_id)
    limit = first_limit(topup.org_id)
    return None if limit is None else limit + TAIL_MAX * MICROS_PER_UZS


def _needs_another(topup: TopUp, incoming: IncomingTransfer) -> bool:
    if topup.first_approved_by_id is not None:
        return False
    first = first_limit_of(topup)
    most = settings.BANK_SECOND_PERSON_UZS * MICROS_PER_UZS
    return incoming.amount_micros > (most if first is None else min(first, most))


def _approved_first(topup: TopUp, operator: User, before: dict[str, Any]) -> TopUp:
    topup.first_approved_by = operator
    topup.first_approved_at = timezone.now()
    topup.save(update_fields=["first_approved_by", "first_approved_at"])
    _record(topup, operator, Action.FIRST, before)
    return topup


def _credited(topup: TopUp, operator: User, incoming: IncomingTransfer, before: dict[str, Any]) -> TopUp:
    topup.credited_micros = incoming.amount_micros
    _decide(topup, State.PAID, operator)
    meta = {"topup": topup.pk, "incoming": incoming.pk, "approved_by": operator.pk}
    if not top_up(
        topup.org_id, topup.credited_micros, topup.op_id, Reference("bank", str(incoming.pk)), meta
    ):
        raise TransferTaken(_("this transfer was credited before"))
    _record(topup, operator, Action.APPROVE, before)
    return topup


def _decide(topup: TopUp, state: TopUp.State, operator: User) -> None:
    topup.state = state
    topup.approved_by = operator
    topup.decided_at = timezone.now()
    topup.expires_at = None
    topup.save(
        update_fields=[
            *("state", "approved_by", "decided_at", "expires_at", "reason", "refusal", "credited_micros")
        ]
    )
    tell_topup(topup)


def _record(topup: TopUp, operator: User, action: TopUpDecision.Action, before: dict[str, Any]) -> None:
    reason = f"{topup.refusal}: {topup.reason}" if action == Action.REJECT else ""
    TopUpDecision.objects.create(
        topup=topup,
        operator=operator,
        action=action,
        before=before,
        after=_picture(topup),
        reason=reason[:500],
    )


def _picture(topup: TopUp) -> dict[str, Any]:
    """What a decision changes, for its record."""
    return {
        "state": topup.state,
        "asked_micros": topup.amount_micros,
        "credited_micros": topup.credited_micros,
        "first_approved_by": topup.first_approved_by_id,
        "incoming": IncomingTransfer.objects.filter(topup=topup).values_list("pk", flat=True).first(),
    }
