"""Filing a top-up: the customer's word that a bank transfer is under way. Approval is an operator's."""

from django.db import transaction

from accounts.access import Caller
from billing.first_topup import check_first, is_companys
from billing.models import TopUp

PENDING_MAX = 10


class TooManyTopUps(Exception):
    """The organization has as many undecided requests as operators can be asked to look at."""


class KnownReference(Exception):
    """The organization has filed this very transfer already: its reference can be credited once."""


def file_topup(caller: Caller, amount_micros: int, reference: str) -> TopUp:
    """A pending request of the caller's organization.

    Raises TooManyTopUps, KnownReference, FirstTopUpLimit.
    """
    assert caller.user is not None
    filed = TopUp.objects.filter(org=caller.organization).exclude(state=TopUp.State.REJECTED)
    if filed.filter(state=TopUp.State.PENDING).count() >= PENDING_MAX:
        raise TooManyTopUps
    reference = " ".join(reference.split())
    if filed.filter(reference__iexact=reference).exists():
        raise KnownReference
    with transaction.atomic():
        if not is_companys(caller.organization.pk):
            check_first(caller.organization.pk, amount_micros)
        return TopUp.objects.create(
            org=caller.organization,
            requested_by=caller.user,
            amount_micros=amount_micros,
            reference=reference,
        )
