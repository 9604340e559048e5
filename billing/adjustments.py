"""Refunds, bonuses, corrections and payouts: one person asks, another one approves, and it happens once.

The adjustment's row is locked and its state asked first, then the wallet; the operation's id was made with
the row, so the ledger itself refuses a second time too.
"""

import json
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from django.db import connection, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import Organization, User
from accounts.seals import seal, unseal
from billing.errors import AdjustmentDecided, AmountRefused, NothingToReverse, OwnAdjustment
from billing.ids import Kind
from billing.ledger import (
    Balance,
    adjust,
    balance,
    payout_back,
    payout_sent,
    refund_part,
    take_out,
)
from billing.models import Adjustment, NoticeKind, Transfer
from billing.money import MICROS_MAX
from billing.notices.outbox import tell

State = Adjustment.State
PAYOUT_LIFE = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class BankDetails:
    """Where a payout is sent. Sealed in the database, in no log, forgotten when the payout has ended."""

    holder: str
    account: str  # 16 digits of a card or 20 of an account
    mfo: str = ""  # of the account's bank

    @property
    def hint(self) -> str:
        return f"•••• {self.account[-4:]}"


@dataclass(frozen=True, slots=True)
class Leg:
    """One side of a planned transfer, and the account's balance before and after all of them; micros."""

    account: int
    before: int
    after: int


@dataclass(frozen=True, slots=True)
class Preview:
    """What approval would do, found by doing it and taking it back: transfers, balances."""

    transfers: tuple[Transfer, ...]
    accounts: tuple[Leg, ...]
    wallet_before: Balance
    wallet_after: Balance


def file_adjustment(made: Adjustment) -> Adjustment:
    """Let it wait for another operator. Raises AmountRefused, NothingToReverse for somebody else's call."""
    if not 0 < made.amount_micros <= MICROS_MAX:
        raise AmountRefused(_("an amount is more than zero and no more than a wallet can hold"))
    if made.kind == Adjustment.Kind.REFUND:
        assert made.call is not None
        parts = charge_parts(made.call)
        if {org for org, _left in parts} != {made.org_id}:
            raise NothingToReverse(_("this organization was charged nothing for such a call"))
        if made.amount_micros > sum(left for _org, left in parts):
            raise AmountRefused(_("that is more than is left of what this call was charged"))
    made.save(force_insert=True)
    return made


def ask_payout(org: Organization, maker: User, micros: int, bank: BankDetails, reason: str) -> Adjustment:
    """A payout of unspent paid balance; nothing moves until it is approved. Raises AmountRefused for more
    than can be paid out; an IntegrityError where another one waits."""
    if not 0 < micros <= balance(org.pk).refundable:
        raise AmountRefused(_("more than is paid and not held"))
    return Adjustment.objects.create(
        kind=Adjustment.Kind.PAYOUT,
        org=org,
        requested_by=maker,
        amount_micros=micros,
        reason=reason,
        bank_details=seal(json.dumps([bank.holder, bank.account, bank.mfo])),
        bank_hint=bank.hint,
        expires_at=timezone.now() + PAYOUT_LIFE,
    )


def bank_details(found: Adjustment) -> BankDetails | None:
    """Where to send a payout that isn't ended; None if nothing is known."""
    return None if found.bank_details is None else BankDetails(*json.loads(unseal(bytes(found.bank_details))))


def charge_parts(call: UUID) -> list[tuple[int, int]]:
    """Organization and micros that can still be given back, of each part that a call was charged."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT org, unreturned FROM refundable(%s)", [UUID(int=call.int & ~0xFF)])
        return [(org, unreturned) for org, unreturned in cursor.fetchall()]


def preview(found: Adjustment) -> Preview:
    """Do it, look, and take it back. Raises what approval would raise."""
    with transaction.atomic():
        before = balance(found.org_id)
        _move(found, "preview")
        bounds = found.op_id, UUID(int=found.op_id.int | 0xFF)
        transfers = tuple(Transfer.objects.filter(pk__range=bounds).order_by("pk"))
        legs = _legs(transfers)
        after = balance(found.org_id)
        transaction.set_rollback(True)
    return Preview(transfers, legs, before, after)


def _legs(transfers: tuple[Transfer, ...]) -> tuple[Leg, ...]:
    moved: dict[int, int] = {}
    for row in transfers:
        moved[row.debit] = moved.get(row.debit, 0) - row.amount_micros
        moved[row.credit] = moved.get(row.credit, 0) + row.amount_micros
    with connection.cursor() as cursor:
        cursor.execute("SELECT account, micros FROM account_balance WHERE account = ANY(%s)", [list(moved)])
        now = {account: int(micros) for account, micros in cursor.fetchall()}
    return tuple(
        Leg(account, now.get(account, 0) - micros, now.get(account, 0)) for account, micros in moved.items()
    )


def approve(pk: int, operator: User) -> Adjustment:
    """Carry it out. Raises AdjustmentDecided, OwnAdjustment (who asked may not approve), and what the ledger
    refuses: InsufficientFunds, AlreadyReversed, AmountRefused. Then nothing has changed."""
    with transaction.atomic():
        found = _pending(pk)
        if found.requested_by_id == operator.pk:
            raise OwnAdjustment(_("whoever asked for it can't approve it"))
        _move(found, operator.email)
        return _decide(found, State.DONE, operator)


def reject(pk: int, operator: User, answer: str) -> Adjustment:
    """Close it without money, with a reason that its customer reads. Raises AdjustmentDecided."""
    with transaction.atomic():
        found = _pending(pk)
        found.answer = answer
        own = found.requested_by_id == operator.pk
        return _decide(found, State.CANCELLED if own else State.REJECTED, operator)


def withdraw(pk: int, org_id: int, person: User) -> Adjustment:
    """A customer takes back the payout they asked for. Raises AdjustmentDecided."""
    with transaction.atomic():
        found = _pending(pk)
        if found.org_id != org_id or found.kind != Adjustment.Kind.PAYOUT:
            raise AdjustmentDecided(_("there is no such request"))
        return _decide(found, State.CANCELLED, person)


def mark_sent(pk: int, operator: User, bank_reference: str) -> Adjustment:
    """An approved payout has left the bank. Raises AdjustmentDecided."""
    with transaction.atomic():
        found = _approved_payout(pk)
        found.bank_reference = bank_reference
        payout_sent(found.amount_micros, found.op_id, {"adjustment": found.pk, "reference": bank_reference})
        return _end(found, State.SENT, operator)


def mark_returned(pk: int, operator: User, answer: str) -> Adjustment:
    """The bank did not take an approved payout: it is the customer's again. Raises AdjustmentDecided."""
    with transaction.atomic():
        found = _approved_payout(pk)
        found.answer = answer
        meta = {"adjustment": found.pk, "author": operator.email, "reason": answer, "told": answer}
        payout_back(found.org_id, found.amount_micros, found.op_id, meta)
        return _end(found, State.RETURNED, operator)


def expire() -> int:
    """Close what has waited too long; how many there were."""
    ended = 0
    due = Adjustment.objects.filter(state=State.PENDING, expires_at__lte=timezone.now())
    for pk in due.order_by("pk").values_list("pk", flat=True)[:1000]:
        with transaction.atomic():
            # Asked again under the lock: somebody may have decided meanwhile.
            found = due.select_for_update(skip_locked=True).filter(pk=pk).first()
            if found is not None:
                _decide(found, State.EXPIRED, None)
                ended += 1
    return ended


def _move(found: Adjustment, author: str) -> None:
    meta = {"adjustment": found.pk, "reason": found.reason, "author": author, "told": found.told}
    kind, micros = found.kind, found.amount_micros
    if kind == Adjustment.Kind.REFUND:
        assert found.call is not None
        refund_part(UUID(int=found.call.int & ~0xFF), micros, found.op_id, meta)
    elif kind in (Adjustment.Kind.PAYOUT, Adjustment.Kind.DEBIT):
        out = Kind.PAYOUT if kind == Adjustment.Kind.PAYOUT else Kind.ADJUSTMENT
        take_out(found.org_id, out, micros, found.op_id, meta)
    else:
        to = Kind.ADJUSTMENT_BONUS if kind == Adjustment.Kind.BONUS else Kind.ADJUSTMENT
        adjust(found.org_id, to, micros, found.op_id, meta)


def _pending(pk: int) -> Adjustment:
    found = Adjustment.objects.select_for_update(of=("self",)).get(pk=pk)
    if found.state != State.PENDING or found.expires_at <= timezone.now():
        raise AdjustmentDecided(_("this was decided before, or has waited too long"))
    return found


def _approved_payout(pk: int) -> Adjustment:
    found = Adjustment.objects.select_for_update(of=("self",)).get(pk=pk)
    if found.state != State.DONE or found.kind != Adjustment.Kind.PAYOUT:
        raise AdjustmentDecided(_("only an approved payout that isn't sent yet can be ended"))
    return found


def _decide(found: Adjustment, state: State, person: User | None) -> Adjustment:
    found.state, found.decided_by, found.decided_at = state, person, timezone.now()
    return _keep(found)


def _end(found: Adjustment, state: State, operator: User) -> Adjustment:
    found.state, found.ended_by, found.ended_at = state, operator, timezone.now()
    return _keep(found)


def _keep(found: Adjustment) -> Adjustment:
    if found.state not in (State.PENDING, State.DONE):
        found.bank_details = None
    found.save()
    _tell(found)
    return found


def _tell(found: Adjustment) -> None:
    """The customer hears what became of a payout, and of money that was given or taken."""
    is_payout = found.kind == Adjustment.Kind.PAYOUT
    if found.state == State.CANCELLED or (found.state != State.DONE and not is_payout):
        return
    facts = {
        "kind": str(found.kind),
        "state": str(found.state),
        "amount_micros": found.amount_micros,
        "reason": found.answer if found.state in (State.REJECTED, State.RETURNED) else found.told,
        "reference": found.bank_reference,
    }
    concerned = [found.requested_by_id] if is_payout else []
    tell(found.org_id, NoticeKind.REFUND, f"{found.pk}:{found.state}", facts, concerned)
