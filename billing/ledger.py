"""Money that comes and goes outside of calls: promo, top-ups, refunds, payouts.

Each is one operation id and happens once, however often asked. Amounts are positive micros.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db import connection, transaction
from django.utils.translation import gettext as _

from billing.errors import AlreadyReversed, AmountRefused, InsufficientFunds, NothingToReverse
from billing.ids import Kind, new_op_id
from billing.models import Wallet
from billing.money import MICROS_MAX


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
    meta = {"reason": reason, "source": source}
    if external_id is not None:
        return promote(org_id, micros, new_op_id(), Reference(source, external_id), meta)
    return _credit(org_id, _Posting(new_op_id(), Kind.PROMO, "promo", micros, meta))


def promote(org_id: int, micros: int, op_id: UUID, reference: Reference, meta: Mapping[str, object]) -> bool:
    """Give bonus money for something that counts once. False: credited before. Raises AmountRefused."""
    with transaction.atomic():
        return _claim(reference, op_id) and _credit(
            org_id, _Posting(op_id, Kind.PROMO, "promo", micros, meta)
        )


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
        raise NothingToReverse(_("there is no such top-up"))
    if answer == "done":
        raise AlreadyReversed(_("it was taken back before"))
    if answer == "short":
        raise InsufficientFunds(_("the wallet has less than this top-up brought"))


def set_aside(org_id: int, micros: int, op_id: UUID, meta: Mapping[str, object]) -> int:
    """Move up to so much paid money into dispute; answers what there was of it, perhaps nothing."""
    return int(_ask("SELECT dispute(%s, %s, %s, %s)", org_id, op_id, micros, json.dumps(meta)))


def give_back(org_id: int, micros: int, op_id: UUID, meta: Mapping[str, object]) -> bool:
    """Return money out of dispute. False: done before."""
    return _credit(org_id, _Posting(op_id, Kind.DISPUTE_BACK, "disputed", micros, meta))


def refund(op_id: UUID, *, reason: str, author: str) -> int:
    """Give back what a call was charged, or what is left of it, each part to where it came from; the micros.

    Raises NothingToReverse if the call was charged nothing, AlreadyReversed if it was given back before.
    """
    return refund_part(op_id, None, new_op_id(), {"reason": reason, "author": author})


def refund_part(call: UUID, micros: int | None, op_id: UUID, meta: Mapping[str, object]) -> int:
    """Give back so much of what a call was charged, None for all that is left; the micros, 0 if done before.

    Raises NothingToReverse, AlreadyReversed, and AmountRefused for more than is left.
    """
    if micros is not None and micros <= 0:
        raise AmountRefused(_("an amount is more than zero"))
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT answer, given FROM refund_call(%s, %s, %s, %s)", [call, op_id, micros, json.dumps(meta)]
        )
        answer, given = cursor.fetchone()
    if answer == "missing":
        raise NothingToReverse(_("this organization was charged nothing for such a call"))
    if answer == "spent":
        raise AlreadyReversed(_("all of it was given back before"))
    if answer == "short":
        raise AmountRefused(_("that is more than is left of what this call was charged"))
    return int(given)


def refunded(call: UUID) -> int:
    """Micros that were given back of what the call was charged."""
    return int(_ask("SELECT coalesce(sum(charged - unreturned), 0)::bigint FROM refundable(%s)", call))


def payout(org_id: int, micros: int, op_id: UUID, *, reason: str, author: str) -> bool:
    """Take paid money out of a wallet, to be sent back to its owner. False: done before.

    Raises InsufficientFunds beyond what is paid and not held, AmountRefused.
    """
    return take_out(org_id, Kind.PAYOUT, micros, op_id, {"reason": reason, "author": author})


def take_out(org_id: int, kind: Kind, micros: int, op_id: UUID, meta: Mapping[str, object]) -> bool:
    """Take paid money out: PAYOUT, or ADJUSTMENT for what came there by mistake. False: done before.

    Raises InsufficientFunds beyond what is paid and not held, AmountRefused.
    """
    if micros <= 0:
        raise AmountRefused(_("an amount is more than zero"))
    to = "refund_payable" if kind == Kind.PAYOUT else "adjustment"
    done = _post("wallet_debit", org_id, _Posting(op_id, kind, to, micros, meta))
    if done is None:
        raise InsufficientFunds(_("the organization has less than that paid and not held"))
    return bool(done)


def payout_sent(micros: int, op_id: UUID, meta: Mapping[str, object]) -> bool:
    """What payout() took has left the bank account. False: done before."""
    moved = (Kind.PAYOUT_SENT, "refund_payable", "clearing:bank", micros, json.dumps(meta))
    return bool(_ask("SELECT system_transfer(%s, %s, %s, %s, %s, %s)", op_id, *moved))


def payout_back(org_id: int, micros: int, op_id: UUID, meta: Mapping[str, object]) -> bool:
    """What payout() took could not be sent and is the wallet's again. False: done before."""
    return _credit(org_id, _Posting(op_id, Kind.PAYOUT_BACK, "refund_payable", micros, meta))


def adjust(org_id: int, kind: Kind, micros: int, op_id: UUID, meta: Mapping[str, object]) -> bool:
    """Add to the paid part (ADJUSTMENT) or the bonus (ADJUSTMENT_BONUS) what no payment brought."""
    return _credit(org_id, _Posting(op_id, kind, "adjustment", micros, meta))


def _credit(org_id: int, posting: _Posting) -> bool:
    if not 0 < posting.micros <= MICROS_MAX:
        raise AmountRefused(_("an amount is more than zero and no more than a wallet can hold"))
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
