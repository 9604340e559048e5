"""Filing a top-up: the customer's word that a bank transfer is under way. Approval is an operator's."""

from django.utils import timezone

from accounts.access import Caller
from billing.models import Channel, TopUp

PENDING_MAX = 10


class TooManyTopUps(Exception):
    """The organization has as many undecided requests as operators can be asked to look at."""


class KnownReference(Exception):
    """The organization has filed this very transfer already: its reference can be credited once."""


def file_topup(caller: Caller, amount_micros: int, reference: str) -> TopUp:
    """A pending request of the caller's organization. Raises TooManyTopUps, KnownReference."""
    assert caller.user is not None
    filed = TopUp.objects.filter(org=caller.organization).exclude(state=TopUp.State.REJECTED)
    if filed.filter(state=TopUp.State.PENDING).count() >= PENDING_MAX:
        raise TooManyTopUps
    reference = " ".join(reference.split())
    if filed.filter(reference__iexact=reference).exists():
        raise KnownReference
    return TopUp.objects.create(
        org=caller.organization,
        requested_by=caller.user,
        amount_micros=amount_micros,
        reference=reference,
    )


def cancel_topup(topup: TopUp) -> bool:
    """The customer takes a pending bank transfer back; False if it isn't one any more.

    What a provider may be asking about at this moment ends by its own word or by its deadline.
    """
    waiting = TopUp.objects.filter(pk=topup.pk, provider=Channel.BANK, state=TopUp.State.PENDING)
    if waiting.update(state=TopUp.State.CANCELLED, decided_at=timezone.now()) != 1:
        return False
    topup.refresh_from_db()
    return True
