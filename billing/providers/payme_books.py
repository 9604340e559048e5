"""What Payme's calls do to our rows. Each answer is made from what is stored, so a replay says the same.

Callers give a transaction: faults are values, because raising one would undo what was written before it.
"""

from dataclasses import dataclass
from functools import singledispatch
from typing import Any

from django.conf import settings
from django.db import IntegrityError, transaction

from billing import payments
from billing.errors import InsufficientFunds
from billing.models import Channel, ProviderTransaction, TopUp
from billing.payments import State, now_ms, tiyin
from billing.providers import payme
from billing.providers.payme import Fault, Result


@singledispatch
def answer(call: Any) -> Result | Fault:
    """The result of one call, or its fault."""
    raise TypeError(type(call).__name__)


@answer.register
def _check_perform(call: payme.CheckPerform) -> Result | Fault:
    topup = TopUp.objects.filter(pk=call.topup or 0, provider=Channel.PAYME).first()
    return _refusal(topup, call.amount) or {"allow": True}


@answer.register
def _create(call: payme.Create) -> Result | Fault:
    known = _find(call.id)
    if known is not None:
        return _created_again(call, known)
    topup = payments.locked(call.topup or 0, Channel.PAYME)
    refused = _refusal(topup, call.amount)
    if topup is None or refused is not None:
        # It may be a replay whose first copy has come in between.
        known = _find(call.id)
        return _created_again(call, known) if known else refused or Fault(payme.NO_ACCOUNT, payme.ACCOUNT)
    return _create_on(call, topup)


def _create_on(call: payme.Create, topup: TopUp) -> Result | Fault:
    known = _find(call.id)  # under the lock now: a copy of this very call may have been first
    if known is not None:
        return _created_again(call, known)
    at_ms = now_ms()
    for other in topup.payments.filter(state__in=[State.CREATED, State.PERFORMED]):
        if not _expired(other, at_ms):
            return Fault(settings.PAYME_BUSY_CODE, payme.ACCOUNT)
    if payme.too_old(call.time, at_ms):
        return Fault(payme.CANT_DO)
    try:
        with transaction.atomic():
            made = ProviderTransaction.objects.create(
                provider=Channel.PAYME,
                external_id=call.id,
                topup=topup,
                amount_tiyin=tiyin(topup),
                provider_ms=call.time,
                create_ms=at_ms,
            )
    except IntegrityError:  # the same id for another top-up at the same moment
        return Fault(payme.CANT_DO)
    return _created(made)


def _created_again(call: payme.Create, known: ProviderTransaction) -> Result | Fault:
    payment = _locked(known).payment
    if (payment.topup_id, payment.amount_tiyin) != (call.topup, call.amount):
        return Fault(payme.CANT_DO)
    if payment.state != State.CREATED or _expired(payment, now_ms()):
        return Fault(payme.CANT_DO)
    return _created(payment)


@answer.register
def _perform(call: payme.Perform) -> Result | Fault:
    both = _found(call.id)
    if both is None:
        return Fault(payme.NOT_FOUND)
    at_ms = now_ms()
    if both.payment.state == State.CREATED and not _expired(both.payment, at_ms):
        payments.perform(both.topup, both.payment, at_ms)
    if both.payment.state != State.PERFORMED:
        return Fault(payme.CANT_DO)
    return _said(both.payment, perform_time=both.payment.perform_ms)


@answer.register
def _cancel(call: payme.Cancel) -> Result | Fault:
    both = _found(call.id)
    if both is None:
        return Fault(payme.NOT_FOUND)
    at_ms = now_ms()
    if both.payment.state == State.CREATED:
        payments.cancel(both.payment, at_ms, call.reason)
    elif both.payment.state == State.PERFORMED:
        try:
            payments.take_back(both.topup, both.payment, at_ms, call.reason)
        except InsufficientFunds:
            return Fault(payme.CANT_CANCEL)
    return _said(both.payment, cancel_time=both.payment.cancel_ms)


@answer.register
def _check(call: payme.Check) -> Result | Fault:
    payment = _find(call.id)
    if payment is None:
        return Fault(payme.NOT_FOUND)
    return _said(payment, **_times(payment), reason=payment.reason)


@answer.register
def _statement(call: payme.Statement) -> Result | Fault:
    rows = ProviderTransaction.objects.filter(
        provider=Channel.PAYME, provider_ms__gte=call.since, provider_ms__lte=call.until
    )
    return {"transactions": [_line(row) for row in rows.order_by("provider_ms", "pk")]}


@answer.register
def _fiscal(call: payme.Fiscal) -> Result | Fault:
    column = "fiscal_cancel" if call.refund else "fiscal_perform"
    found = ProviderTransaction.objects.filter(provider=Channel.PAYME, external_id=call.id)
    return {"success": True} if found.update(**{column: call.data}) else Fault(payme.NO_FISCAL)


def expire_due() -> int:
    """Cancel what Payme began over 12 h ago and never ended; how many."""
    due = ProviderTransaction.objects.filter(
        provider=Channel.PAYME, state=State.CREATED, provider_ms__lt=now_ms() - payme.LIFE_MS
    )
    ended = 0
    for payment in due.order_by("pk")[:1000]:
        with transaction.atomic():
            ended += _expired(_locked(payment).payment, now_ms())
    return ended


@dataclass(frozen=True, slots=True)
class _Both:
    topup: TopUp
    payment: ProviderTransaction


def _find(external_id: str) -> ProviderTransaction | None:
    return ProviderTransaction.objects.filter(provider=Channel.PAYME, external_id=external_id).first()


def _found(external_id: str) -> _Both | None:
    known = _find(external_id)
    return _locked(known) if known else None


def _locked(known: ProviderTransaction) -> _Both:
    """The rows as they are under the top-up's lock."""
    topup = TopUp.objects.select_for_update().get(pk=known.topup_id)
    return _Both(topup, ProviderTransaction.objects.get(pk=known.pk))


def _refusal(topup: TopUp | None, amount: int | None) -> Fault | None:
    if topup is None:
        return Fault(payme.NO_ACCOUNT, payme.ACCOUNT)
    late = topup.expires_at is not None and topup.expires_at < payments.moment(now_ms())
    if topup.state != TopUp.State.PENDING or late:
        return Fault(payme.ACCOUNT_CLOSED, payme.ACCOUNT)
    return None if amount == tiyin(topup) else Fault(payme.WRONG_AMOUNT)


def _expired(payment: ProviderTransaction, at_ms: int) -> bool:
    """Whether it has just ended, or ends now, by its age; its top-up is locked."""
    if payment.state != State.CREATED or not payme.too_old(payment.provider_ms, at_ms):
        return False
    payments.cancel(payment, at_ms, payme.TIMED_OUT)
    return True


def _created(payment: ProviderTransaction) -> Result:
    return _said(payment, create_time=payment.create_ms, receivers=None)


def _said(payment: ProviderTransaction, **more: Any) -> Result:
    """What each answer about a transaction holds, and what this one adds."""
    return {"transaction": str(payment.pk), "state": payment.state} | more


def _times(payment: ProviderTransaction) -> Result:
    return {
        "create_time": payment.create_ms,
        "perform_time": payment.perform_ms,
        "cancel_time": payment.cancel_ms,
    }


def _line(payment: ProviderTransaction) -> Result:
    return _said(
        payment,
        **_times(payment),
        id=payment.external_id,
        time=payment.provider_ms,
        amount=payment.amount_tiyin,
        account={payme.ACCOUNT: str(payment.topup_id)},
        reason=payment.reason,
        receivers=None,
    )
