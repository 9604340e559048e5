"""Money that comes and goes outside of calls: promo, top-ups, refunds, payouts.

Each is one operation id and happens once, however often asked. Amounts are positive micros.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db import connection, transaction

from billing.errors import AlreadyReversed, AmountRefused, InsufficientFunds, NothingToReverse
from billing.ids import Kind, new_op_id, transfer_id
from billing.models import Transfer, Wallet
from billing.money import MICROS_MAX

_WALLETS_FROM = 2**32  # account numbers of wallets; see sql/ledger.sql
# What gives a charge back, by what took it.
_REFUNDS = {Kind.CHARGE_PAID: Kind.REFUND, Kind.CHARGE_BONUS: Kind.REFUND_BONUS}


@dataclass(frozen=True, slots=True)
class Balance:
    """Micros. held is part of the money, promised to calls under way."""

    paid: int
    bonus: int
    held: int

    @property
    def total(self) -> int:
        return self.paid + self.bonus

    @property
    def available(self) -> int:
        return self.total - self.held

    @property
    def refundable(self) -> int:
        """What can leave again: paid money that no call holds."""
        return max(self.paid - self.held, 0)


@dataclass(frozen=True, slots=True)
class Reference:
    """Where a payment is known elsewhere; one of a source is credited once."""

    source: str  # bank, payme, click, …
    external_id: str


@dataclass(frozen=True, slots=True)
class _Posting:
    op_id: UUID
    kind: Kind
    account: str  # the other side's code
    micros: int
    meta: Mapping[str, object]


def balance(org_id: int) -> Balance:
    """The wallet of an organization; all zero without one."""
    row = (
        Wallet.objects.filter(org_id=org_id).values_list("paid_micros", "bonus_micros", "held_micros").first()
    )
    return Balance(*row) if row else Balance(0, 0, 0)


def credit_promo(
    org_id: int, micros: int, *, reason: str = "", source: str = "promo", external_id: str | None = None
) -> bool:
    """Give bonus money. False: this external id of the source was credited before. Raises AmountRefused."""
    posting = _Posting(new_op_id(), Kind.PROMO, "promo", micros, {"reason": reason, "source": source})
    with transaction.atomic():
        if external_id is not None and not _claim(Reference(source, external_id), posting.op_id):
            return False
        return _credit(org_id, posting)


def top_up(
    org_id: int, micros: int, op_id: UUID, reference: Reference, meta: Mapping[str, object] | None = None
) -> bool:
    """Add paid money that arrived at clearing:<source>. False: credited before. Raises AmountRefused."""
    posting = _Posting(op_id, Kind.TOPUP, f"clearing:{reference.source}", micros, meta or {})
    with transaction.atomic():
        return _claim(reference, op_id) and _credit(org_id, posting)


def reverse_top_up(credit_op: UUID, op_id: UUID, meta: Mapping[str, object]) -> None:
    """Take the credit of operation `credit_op` out of the wallet again, back to the account it came from.

    Raises NothingToReverse, AlreadyReversed, and InsufficientFunds if less is paid and not held.
    """
    answer = _ask("SELECT reverse_topup(%s, %s, %s)", credit_op, op_id, json.dumps(meta))
    if answer == "missing":
        raise NothingToReverse(str(credit_op))
    if answer == "done":
        raise AlreadyReversed(str(credit_op))
    if answer == "short":
        raise InsufficientFunds(f"the wallet has less than the operation {credit_op} brought")


def set_aside(org_id: int, micros: int, op_id: UUID, meta: Mapping[str, object]) -> int:
    """Move up to so much paid money into dispute; answers what there was of it, perhaps nothing."""
    return int(_ask("SELECT dispute(%s, %s, %s, %s)", org_id, op_id, micros, json.dumps(meta)))


def give_back(org_id: int, micros: int, op_id: UUID, meta: Mapping[str, object]) -> bool:
    """Return money out of dispute. False: done before."""
    return _credit(org_id, _Posting(op_id, Kind.DISPUTE_BACK, "disputed", micros, meta))


def refund(op_id: UUID, *, reason: str, author: str) -> int:
    """Give back what a call was charged, each part to where it came from; answers the micros.

    Raises NothingToReverse if the call was charged nothing, AlreadyReversed if it was given back before.
    """
    charges = Transfer.objects.filter(pk__in=[transfer_id(op_id, kind) for kind in _REFUNDS])
    back = new_op_id()
    returned = 0
    with transaction.atomic():
        for charge in charges:
            if not _inserted("INSERT INTO reversal VALUES (%s, %s) ON CONFLICT DO NOTHING", charge.pk, back):
                raise AlreadyReversed(str(op_id))
            meta = {"reverses": str(charge.pk), "reason": reason, "author": author}
            kind = _REFUNDS[Kind(charge.kind)]
            org_id = (charge.debit - _WALLETS_FROM) // 2
            _credit(org_id, _Posting(back, kind, "revenue", charge.amount_micros, meta))
            returned += charge.amount_micros
    if not returned:
        raise NothingToReverse(str(op_id))
    return returned


def payout(org_id: int, micros: int, op_id: UUID, *, reason: str, author: str) -> bool:
    """Take paid money out of a wallet, to be sent back to its owner. False: done before.

    Raises InsufficientFunds beyond what is paid and not held, AmountRefused.
    """
    if micros <= 0:
        raise AmountRefused("an amount is more than zero")
    meta = {"reason": reason, "author": author}
    done = _post("wallet_debit", org_id, _Posting(op_id, Kind.PAYOUT, "refund_payable", micros, meta))
    if done is None:
        raise InsufficientFunds(f"organization {org_id} has less than {micros} micros to pay out")
    return bool(done)


def _credit(org_id: int, posting: _Posting) -> bool:
    if not 0 < posting.micros <= MICROS_MAX:
        raise AmountRefused("an amount is more than zero and no more than a wallet can hold")
    return bool(_post("wallet_credit", org_id, posting))


def _post(function: str, org_id: int, posting: _Posting) -> bool | None:
    moved = (posting.kind, posting.account, posting.micros, json.dumps(posting.meta))
    answer: bool | None = _ask(f"SELECT {function}(%s, %s, %s, %s, %s, %s)", org_id, posting.op_id, *moved)
    return answer


def _ask(sql: str, *args: UUID | str | int) -> Any:
    with connection.cursor() as cursor:
        cursor.execute(sql, args)
        return cursor.fetchone()[0]


def _claim(reference: Reference, op_id: UUID) -> bool:
    return _inserted(
        "INSERT INTO external_ref (source, external_id, op_id) VALUES (%s, %s, %s) ON CONFLICT DO NOTHING",
        reference.source,
        reference.external_id,
        op_id,
    )


def _inserted(sql: str, *args: str | UUID) -> bool:
    with connection.cursor() as cursor:
        cursor.execute(sql, args)
        return bool(cursor.rowcount == 1)
