"""Ids of money operations: UUIDv7 of our own making whose last byte is 0.

A transfer's id is its operation's id with the last byte set to the transfer's kind, so the primary key of the
ledger is the idempotency key and the partition key at once.
"""

import time
from enum import IntEnum
from os import urandom
from uuid import UUID

_VERSION_7 = 7 << 76
_VARIANT = 2 << 62
_RAND_A = 0xFFF << 64
_RAND_B = (1 << 62) - 1 - 0xFF  # less the last byte


class Kind(IntEnum):
    """What a transfer is for; see ledger.sql."""

    TOPUP = 1
    PROMO = 2
    CHARGE_PAID = 3
    CHARGE_BONUS = 4
    OVERRUN = 5
    REFUND = 6
    PAYOUT = 7
    PAYOUT_SENT = 8
    COST = 9
    ORPHAN = 10
    REFUND_BONUS = 11
    LATE_LOSS = 12
    ADJUSTMENT = 13
    ADJUSTMENT_BONUS = 14
    REVERSAL = 15
    DISPUTE = 16
    DISPUTE_BACK = 17
    PAYOUT_BACK = 18


def new_op_id() -> UUID:
    """A new operation: 48 bits of Unix milliseconds, 66 random ones, the last byte 0."""
    noise = int.from_bytes(urandom(10))
    ms = time.time_ns() // 1_000_000
    return UUID(int=ms << 80 | _VERSION_7 | noise & _RAND_A | _VARIANT | noise & _RAND_B)


def transfer_id(op: UUID, kind: int) -> UUID:
    """The id of the transfer of this kind that belongs to the operation."""
    return UUID(int=op.int & ~0xFF | kind)


def op_of(transfer: UUID) -> UUID:
    """The operation that a transfer belongs to."""
    return UUID(int=transfer.int & ~0xFF)
