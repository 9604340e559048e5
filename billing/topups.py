"""Deciding a top-up that a customer filed.

Exactly once, with two operators clicking at once too: the row is locked and its state asked first, the
operation's id was made with the request, and a bank reference of an organization is credited one time.
"""

from django.db import transaction
from django.utils import timezone

from accounts.models import User
from billing.errors import DuplicateReference, NotPending, SamePerson
from billing.ledger import Reference, top_up
from billing.models import Channel, TopUp
from billing.notices.watch import tell_topup


def approve(topup_id: int, operator: User, received_micros: int | None = None) -> TopUp:
    """Credit the wallet with what was received, or what was announced.

    Raises NotPending, SamePerson (who asked can't approve), DuplicateReference.
    """
    with transaction.atomic():
        topup = TopUp.objects.select_for_update().get(pk=topup_id)
        if topup.requested_by_id == operator.pk:
            raise SamePerson("whoever asked for a top-up can't approve it")
        topup.credited_micros = topup.amount_micros if received_micros is None else received_micros
        _decide(topup, TopUp.State.PAID, operator)
        # Customers write their own references, so two of them may write the same.
        reference = Reference("bank", f"{topup.org_id}:{' '.join(topup.reference.split()).casefold()}")
        meta = {"topup": topup.pk, "approved_by": operator.pk}
        if not top_up(topup.org_id, topup.credited_micros, topup.op_id, reference, meta):
            raise DuplicateReference(f"the bank reference {topup.reference!r} was credited before")
        return topup


def reject(topup_id: int, operator: User, reason: str) -> TopUp:
    """Close without money. Raises NotPending."""
    with transaction.atomic():
        topup = TopUp.objects.select_for_update().get(pk=topup_id)
        topup.reason = reason
        _decide(topup, TopUp.State.REJECTED, operator)
        return topup


def _decide(topup: TopUp, state: TopUp.State, operator: User) -> None:
    if topup.state != TopUp.State.PENDING or topup.provider != Channel.BANK:
        raise NotPending("this top-up was decided before")
    topup.state = state
    topup.approved_by = operator
    topup.decided_at = timezone.now()
    topup.save(update_fields=["state", "approved_by", "decided_at", "reason", "credited_micros"])
    tell_topup(topup)
