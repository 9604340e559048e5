"""What a provider's word does to money: credit, take back, set aside.

Whoever calls holds the top-up's row lock and a transaction; the wallet's lock comes after it. A transaction
is credited once: its operation's id and its number at the provider are both keys of the ledger.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from django.db import connection, transaction
from django.db.models import Exists, OuterRef

from accounts.alerts import alert
from accounts.models import Alert
from billing import sayings
from billing.errors import NotPending
from billing.ids import new_op_id
from billing.ledger import Reference, give_back, reverse_top_up, set_aside, top_up
from billing.models import Channel, Discrepancy, ProviderTransaction, TopUp
from billing.models.payment import ONE_AT_A_TIME
from billing.money import MICROS_PER_TIYIN
from billing.notices.watch import tell_topup

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
State = ProviderTransaction.State


class CreditedBefore(RuntimeError):
    """The ledger knows this transaction as credited and its row doesn't: nothing may be changed."""


def now_ms() -> int:
    """Unix milliseconds of the database, money's only clock."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT (extract(epoch FROM billing_now()) * 1000)::bigint")
        return int(cursor.fetchone()[0])


def moment(ms: int) -> datetime:
    """A moment of Unix milliseconds, exactly."""
    return _EPOCH + timedelta(milliseconds=ms)


def locked(topup_id: int, provider: str) -> TopUp | None:
    """The provider's top-up of this number under its lock."""
    return TopUp.objects.select_for_update().filter(pk=topup_id, provider=provider).first()


def tiyin(topup: TopUp) -> int:
    """What has to be paid."""
    return topup.amount_micros // MICROS_PER_TIYIN


def perform(topup: TopUp, payment: ProviderTransaction, at_ms: int) -> None:
    """Credit what was paid. A top-up that was paid, closed or expired before is credited too: the payer's
    money has left; operators are told."""
    micros = payment.amount_tiyin * MICROS_PER_TIYIN
    was = TopUp.State(topup.state)
    payment.state, payment.perform_ms = State.PERFORMED, at_ms
    payment.save(update_fields=["state", "perform_ms"])
    topup.credited_micros += micros
    _decide(topup, TopUp.State.PAID, at_ms)
    reference = Reference(payment.provider, payment.external_id)
    meta = {"topup": topup.pk, "payment": payment.pk}
    if not top_up(topup.org_id, micros, payment.op_id, reference, meta):
        raise CreditedBefore(str(payment))
    if was != TopUp.State.PENDING:
        ours = sayings.TOPUP_WAS % {"number": topup.number, "state": was.value}
        both = Told(ours, sayings.PAID % {"tiyin": payment.amount_tiyin})
        report(payment, Discrepancy.Kind.OVERPAID, both)


def cancel(payment: ProviderTransaction, at_ms: int, reason: int | None) -> None:
    """End a transaction that brought nothing; its top-up can be paid again."""
    payment.state, payment.cancel_ms, payment.reason = State.CANCELLED, at_ms, reason
    payment.save(update_fields=["state", "cancel_ms", "reason"])


def take_back(topup: TopUp, payment: ProviderTransaction, at_ms: int, reason: int | None) -> None:
    """Return a credit to the provider. Raises InsufficientFunds if calls have spent or hold some of it."""
    with transaction.atomic():
        release(topup, payment)
        meta = {"topup": topup.pk, "payment": payment.pk, "reason": reason}
        reverse_top_up(payment.op_id, new_op_id(), meta)
        payment.state, payment.cancel_ms, payment.reason = State.REVERSED, at_ms, reason
        payment.save(update_fields=["state", "cancel_ms", "reason"])
        topup.reversed_micros += payment.amount_tiyin * MICROS_PER_TIYIN
        all_of_it = topup.reversed_micros == topup.credited_micros
        _decide(topup, TopUp.State.REVERSED if all_of_it else TopUp.State.PAID, at_ms)


def dispute(topup: TopUp, payment: ProviderTransaction, told: "Told") -> None:
    """Set the credit aside, once, as far as it is still there, and ask the operators."""
    if payment.dispute_op is not None:
        return
    payment.dispute_op = new_op_id()
    payment.first_word_by = payment.first_word_arrived = payment.settled_by = None  # of an earlier dispute
    wanted = payment.amount_tiyin * MICROS_PER_TIYIN
    meta = {"topup": topup.pk, "payment": payment.pk}
    payment.disputed_micros = set_aside(topup.org_id, wanted, payment.dispute_op, meta)
    words = ("first_word_by", "first_word_arrived", "settled_by")
    payment.save(update_fields=["dispute_op", "disputed_micros", *words])
    report(payment, Discrepancy.Kind.DISPUTED, told)


def release(topup: TopUp, payment: ProviderTransaction) -> None:
    """Give what a dispute has set aside back to the wallet."""
    if payment.disputed_micros and payment.dispute_op is not None:
        give_back(topup.org_id, payment.disputed_micros, payment.dispute_op, {"payment": payment.pk})
        payment.disputed_micros = 0
        payment.save(update_fields=["disputed_micros"])


def _decide(topup: TopUp, state: TopUp.State, at_ms: int) -> None:
    topup.state = state
    topup.decided_at = moment(at_ms)
    topup.save(update_fields=["state", "decided_at", "credited_micros", "reversed_micros"])
    tell_topup(topup)


def abandon(topup_id: int, org_id: int) -> TopUp:
    """The customer's own cancellation. Raises NotPending, also while a provider takes the money."""
    with transaction.atomic():
        topup = TopUp.objects.select_for_update().get(pk=topup_id, org_id=org_id)
        under_way = topup.payments.filter(state=State.CREATED).exists()
        if topup.state != TopUp.State.PENDING or under_way or topup.first_approved_by_id:
            raise NotPending("this top-up is decided, or being paid right now")
        _decide(topup, TopUp.State.CANCELLED, now_ms())
        return topup


def expire_topups() -> int:
    """Close what nobody paid in time, unless a provider has a transaction under way for it; how many.

    Click's unfinished attempts hold nothing up: their money, should it come, is credited all the same.
    """
    now = moment(now_ms())
    under_way = ProviderTransaction.objects.filter(
        topup=OuterRef("pk"), state=State.CREATED, provider__in=ONE_AT_A_TIME
    )
    due = TopUp.objects.filter(state=TopUp.State.PENDING, expires_at__lt=now).exclude(provider=Channel.BANK)
    ended = 0
    for pk in due.exclude(Exists(under_way)).order_by("pk").values_list("pk", flat=True)[:1000]:
        with transaction.atomic():
            # Asked again under the lock: a provider may have begun meanwhile.
            topup = due.exclude(Exists(under_way)).select_for_update(skip_locked=True).filter(pk=pk).first()
            if topup is not None:
                _decide(topup, TopUp.State.EXPIRED, now_ms())
                ended += 1
    return ended


# --- What operators are told --------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Told:
    """Two versions of one thing."""

    ours: str
    theirs: str


def report(payment: ProviderTransaction, kind: Discrepancy.Kind, told: Told) -> bool:
    """Write a discrepancy down, once while it is open, and tell the operators; False if it is known."""
    return report_unknown(payment.provider, payment.external_id, kind, told)


def report_unknown(provider: str, external_id: str, kind: Discrepancy.Kind, told: Told) -> bool:
    """As report(), of a transaction that we may not know."""
    _row, is_new = Discrepancy.objects.get_or_create(
        provider=provider,
        external_id=external_id,
        kind=kind,
        closed_at=None,
        defaults={"ours": told.ours[:200], "theirs": told.theirs[:200]},
    )
    if is_new:
        subject = f"{provider} {external_id}: {kind.value}"
        text = f"{subject}\nOur books: {told.ours}\nThe provider: {told.theirs}\nSee Admin, Discrepancies."
        alert(Alert.Kind.PAYMENTS, subject, text, f"payments:{provider}:{external_id}:{kind.value}")
    return is_new


def close(provider: str, external_id: str, kind: Discrepancy.Kind, by: str, note: str) -> None:
    """An operator has looked at it."""
    Discrepancy.objects.filter(provider=provider, external_id=external_id, kind=kind, closed_at=None).update(
        closed_at=moment(now_ms()), closed_by=by[:254], note=note[:500]
    )
