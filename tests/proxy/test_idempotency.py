"""One Idempotency-Key is one charge, however its first call ended."""

from uuid import UUID

import pytest

from billing.ids import new_op_id
from tests.billing.books import UZS, Customer, ask, end, query, reserve
from tests.billing.world import send

pytestmark = pytest.mark.django_db


def claim(customer: Customer, op: UUID) -> str:
    return query("SELECT verdict FROM claim_idempotency(%s, 'k', 'print', %s)", customer.project, op)[0][0]


def age(minutes: int) -> None:
    query("UPDATE idempotency SET created_at = billing_now() - make_interval(mins => %s)", minutes)


@pytest.fixture
def alice() -> Customer:
    alice = Customer()
    alice.pay(UZS)
    return alice


def test_a_call_that_was_charged_is_done_although_it_failed(alice: Customer) -> None:
    call = ask(alice)
    reserve(call)
    assert claim(alice, call.id) == "claimed"
    send([end(call, 700)])
    query("UPDATE proxy_request SET status = 'error' WHERE id = %s", call.id)

    assert claim(alice, new_op_id()) == "done"


def test_a_call_that_failed_without_a_charge_may_be_tried_again(alice: Customer) -> None:
    call = ask(alice)
    reserve(call)
    claim(alice, call.id)
    send([end(call)])
    query("UPDATE proxy_request SET status = 'error' WHERE id = %s", call.id)

    assert claim(alice, new_op_id()) == "claimed"


@pytest.mark.parametrize("minutes", [18, 25 * 60])
@pytest.mark.parametrize("swept", [True, False])
def test_a_late_charge_of_a_key_that_went_on_is_waived(alice: Customer, minutes: int, swept: bool) -> None:
    first, second = ask(alice), ask(alice)
    reserve(first)
    claim(alice, first.id)
    if swept:
        query("SELECT settle_batch(json_build_array(row_to_json(x))) FROM (SELECT id, org, project, key,"
              " 'release' AS op FROM hold WHERE id = %s) x", first.id)  # fmt: skip
    age(minutes)

    assert claim(alice, second.id) == "claimed"
    reserve(second)
    send([end(second, 700)])
    assert send([end(first, 700)])[0][:2] == ("already", 0)  # found in a spool at last
    assert alice.wallet() == (UZS - 700, 0, 0)
