"""Getting unspent paid balance back: the customer asks, an operator approves and sends it."""

from django.core.cache import cache
from django.db import IntegrityError, transaction
from django.db.models import QuerySet

from accounts.access import Caller
from accounts.models import Organization
from billing.adjustments import BankDetails, ask_payout
from billing.models import Adjustment

# Codes that an organization may try, right or wrong, in so many seconds.
TRIES, TRIES_S = 10, 600


class RefundWaits(Exception):
    """One request of an organization at a time."""


def ask(caller: Caller, micros: int, bank: BankDetails, reason: str) -> Adjustment:
    """File a request. Raises RefundWaits, AmountRefused for more than can be paid out."""
    assert caller.user is not None
    try:
        with transaction.atomic():
            return ask_payout(caller.organization, caller.user, micros, bank, reason)
    except IntegrityError:
        raise RefundWaits from None


def find(organization: Organization, number: int) -> Adjustment | None:
    """The organization's own request of this number."""
    return payouts(organization).filter(pk=number).first()


def payouts(organization: Organization) -> QuerySet[Adjustment]:
    """All of the organization's requests."""
    return Adjustment.objects.filter(org=organization, kind=Adjustment.Kind.PAYOUT)


def may_try_code(organization: Organization) -> bool:
    """Takes one of the organization's tries of these minutes; without Redis there is no limit."""
    slots = (f"promo-try:{organization.pk}:{slot}" for slot in range(TRIES))
    return any(cache.add(slot, 1, timeout=TRIES_S) for slot in slots)
