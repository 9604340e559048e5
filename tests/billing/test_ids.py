"""Ids of operations and of the transfers that belong to them."""

import time
from uuid import RFC_4122

from billing.ids import Kind, new_op_id, op_of, transfer_id


def test_an_op_id_is_a_uuid_of_version_7_whose_last_byte_is_zero() -> None:
    before = time.time_ns() // 1_000_000
    op = new_op_id()
    after = time.time_ns() // 1_000_000

    assert (op.version, op.variant) == (7, RFC_4122)
    assert op.bytes[-1] == 0
    assert before <= op.int >> 80 <= after


def test_a_transfers_id_is_the_operations_with_the_kind_in_its_last_byte() -> None:
    op = new_op_id()

    charge = transfer_id(op, Kind.CHARGE_PAID)

    assert charge.bytes[:-1] == op.bytes[:-1]
    assert charge.bytes[-1] == 3
    assert op_of(charge) == op


def test_ids_of_one_millisecond_differ() -> None:
    assert len({new_op_id() for _ in range(10_000)}) == 10_000
