"""What Click's calls do to our rows. Callers give a transaction; refusals are answers, not exceptions.

After the payer's account was debited a Complete is never refused but as a repetition, so it credits its own
attempt whatever has become of the top-up meanwhile.
"""

from django.conf import settings
from django.db import IntegrityError, transaction

from billing import payments, sayings
from billing.models import Channel, ProviderTransaction, TopUp
from billing.payments import State, Told, now_ms, tiyin
from billing.providers.click import Answer, Asked, Code

_CLOSED = {
    TopUp.State.PAID: Code.PAID,
    TopUp.State.REVERSED: Code.PAID,
    TopUp.State.REJECTED: Code.CANCELLED,
    TopUp.State.CANCELLED: Code.CANCELLED,
    TopUp.State.EXPIRED: Code.CANCELLED,
}


def answer(asked: Asked) -> Answer:
    """Prepare or Complete."""
    topup = payments.locked(asked.topup or 0, Channel.CLICK)
    if topup is None:
        return Answer(Code.NO_ORDER)
    # Read under the lock: a copy of this very call may have been first.
    payment = ProviderTransaction.objects.filter(
        provider=Channel.CLICK, external_id=str(asked.trans_id)
    ).first()
    if asked.complete:
        return _complete(asked, topup, payment)
    return _prepare_again(asked, topup, payment) if payment else _prepare(asked, topup)


def _prepare(asked: Asked, topup: TopUp) -> Answer:
    closed = _CLOSED.get(TopUp.State(topup.state))
    at_ms = now_ms()
    if closed is None and topup.expires_at is not None and topup.expires_at < payments.moment(at_ms):
        closed = Code.CANCELLED
    if closed is not None:
        return Answer(closed)
    if asked.tiyin != tiyin(topup):
        return Answer(Code.BAD_AMOUNT)
    if asked.error < 0:
        return Answer(Code.CANCELLED)
    try:
        with transaction.atomic():
            made = ProviderTransaction.objects.create(
                provider=Channel.CLICK,
                external_id=str(asked.trans_id),
                topup=topup,
                amount_tiyin=asked.tiyin,
                provider_ms=asked.sign_ms,
                create_ms=at_ms,
                extra={"click_paydoc_id": asked.paydoc_id},
            )
    except IntegrityError:  # the same number for another top-up at the same moment
        return Answer(Code.BAD_REQUEST)
    return Answer(Code.SUCCESS, made.pk)


def _prepare_again(asked: Asked, topup: TopUp, payment: ProviderTransaction) -> Answer:
    if (payment.topup_id, payment.amount_tiyin) != (topup.pk, asked.tiyin):
        return Answer(Code.BAD_REQUEST)
    if payment.state == State.CREATED and asked.error < 0:
        payments.cancel(payment, now_ms(), asked.error)
    return Answer(_SAID[State(payment.state)], payment.pk)


# What a transaction's state is to Click.
_SAID = {
    State.CREATED: Code.SUCCESS,
    State.PERFORMED: Code.PAID,
    State.CANCELLED: Code.CANCELLED,
    State.REVERSED: Code.CANCELLED,
}


def _complete(asked: Asked, topup: TopUp, payment: ProviderTransaction | None) -> Answer:
    if payment is None or (payment.pk, payment.topup_id) != (asked.prepare_id, topup.pk):
        return Answer(Code.NO_TRANSACTION)
    code = _SAID[State(payment.state)]
    if asked.error < 0:
        code = _failed(asked, topup, payment)
    elif code is Code.SUCCESS and asked.tiyin != payment.amount_tiyin:
        code = Code.BAD_AMOUNT
    elif code is Code.SUCCESS:
        payments.perform(topup, payment, now_ms())
    return Answer(code, payment.pk, payment.pk if payment.perform_ms else None)


def _failed(asked: Asked, topup: TopUp, payment: ProviderTransaction) -> Code:
    """Click couldn't take the money. Of a payment that is confirmed the sources disagree: it is set aside."""
    if payment.state == State.CREATED:
        payments.cancel(payment, now_ms(), asked.error)
    elif payment.state == State.PERFORMED:
        payment.reason = asked.error
        payment.save(update_fields=["reason"])
        ours = sayings.TOPUP_PAID % {"number": topup.number}
        both = Told(ours, sayings.COMPLETE_FAILED % {"error": asked.error})
        payments.dispute(topup, payment, both)
        return {-4: Code.PAID}.get(settings.CLICK_DISPUTE_CODE, Code.CANCELLED)
    return Code.CANCELLED
