"""Settling a dispute: a provider said both paid and not paid, and operators say which of them is true.

Above BANK_SECOND_PERSON_UZS it takes two of them, of one mind: the first one's word only waits, another one's
settles. A word against the first one takes its place. Each word is a TopUpDecision, which stays.
"""

from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import Membership, User
from billing.errors import NotInDispute, SamePerson
from billing.models import Discrepancy, ProviderTransaction, TopUp, TopUpDecision
from billing.money import MICROS_PER_TIYIN, MICROS_PER_UZS
from billing.payments import close, now_ms, release, take_back

Action, State = TopUpDecision.Action, ProviderTransaction.State


def settle_dispute(payment_id: int, operator: User, *, arrived: bool, note: str) -> ProviderTransaction:
    """An operator's word on money set aside: it arrived and is the customer's, or it goes back.

    Settled if the answer's dispute_op is None; else another operator has to say the same. Raises
    NotInDispute, SamePerson (who said it first, who asked for the top-up, or who is of its organization), and
    InsufficientFunds if it goes back and calls have spent some of it.
    """
    with transaction.atomic():
        found = ProviderTransaction.objects.get(pk=payment_id)
        topup = TopUp.objects.select_for_update().get(pk=found.topup_id)
        payment = ProviderTransaction.objects.select_for_update(of=("self",)).get(pk=payment_id)
        if payment.dispute_op is None or payment.state != State.PERFORMED:
            raise NotInDispute(_("nothing of this transaction is in dispute"))
        _check_person(topup, payment, operator)
        before = _picture(payment)
        if takes_two(payment) and payment.first_word_arrived is not arrived:
            _say_first(payment, operator, arrived)
            action = Action.ARGUED
        else:
            _settle(topup, payment, operator, arrived)
            close(payment.provider, payment.external_id, Discrepancy.Kind.DISPUTED, operator.email, note)
            action = Action.SETTLED
        said = {"before": before, "after": _picture(payment), "reason": note[:500]}
        TopUpDecision.objects.create(topup=topup, operator=operator, action=action, **said)
        return payment


def takes_two(payment: ProviderTransaction) -> bool:
    """Whether so much was paid that one operator isn't enough."""
    return payment.amount_tiyin * MICROS_PER_TIYIN > settings.BANK_SECOND_PERSON_UZS * MICROS_PER_UZS


def _check_person(topup: TopUp, payment: ProviderTransaction, operator: User) -> None:
    if payment.first_word_by_id == operator.pk:
        raise SamePerson(_("the second word is somebody else's"))
    if topup.requested_by_id == operator.pk:
        raise SamePerson(_("whoever asked for a top-up can't settle its dispute"))
    if Membership.objects.filter(organization=topup.org_id, user=operator).exists():
        raise SamePerson(_("nobody settles a dispute of their own organization"))


def _say_first(payment: ProviderTransaction, operator: User, arrived: bool) -> None:
    payment.first_word_by, payment.first_word_arrived = operator, arrived
    payment.save(update_fields=["first_word_by", "first_word_arrived"])


def _settle(topup: TopUp, payment: ProviderTransaction, operator: User, arrived: bool) -> None:
    if arrived:
        release(topup, payment)
    else:
        take_back(topup, payment, now_ms(), payment.reason)
    payment.dispute_op, payment.settled_by = None, operator
    payment.save(update_fields=["dispute_op", "settled_by"])


def _picture(payment: ProviderTransaction) -> dict[str, Any]:
    """What a word changes, for its record."""
    return {
        "payment": payment.pk,
        "state": State(payment.state).name.lower(),
        "disputed_micros": payment.disputed_micros,
        "first_word_by": payment.first_word_by_id,
        "first_word_arrived": payment.first_word_arrived,
        "settled": payment.dispute_op is None,
    }
