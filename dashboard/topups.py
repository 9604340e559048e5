"""Filing a top-up: the customer's word that a bank transfer is under way. Approval is an operator's."""

from accounts.access import Caller
from billing.models import TopUp

PENDING_MAX = 10


class TooManyTopUps(Exception):
    """The organization has as many undecided requests as operators can be asked to look at."""


def file_topup(caller: Caller, amount_micros: int, reference: str) -> TopUp:
    """A pending request of the caller's organization. Raises TooManyTopUps."""
    assert caller.user is not None
    pending = TopUp.objects.filter(org=caller.organization, state=TopUp.State.PENDING)
    if pending.count() >= PENDING_MAX:
        raise TooManyTopUps
    return TopUp.objects.create(
        org=caller.organization,
        requested_by=caller.user,
        amount_micros=amount_micros,
        reference=reference,
    )
