"""Money outside of calls, as worked examples."""

import pytest

from billing.errors import AlreadyReversed, AmountRefused, InsufficientFunds, NothingToReverse
from billing.ids import Kind, new_op_id
from billing.ledger import Balance, Reference, balance, credit_promo, payout, refund, top_up
from tests.billing.books import UZS, Customer, ask, end, query, reserve, settle

pytestmark = pytest.mark.django_db


def sums(*accounts: str) -> int:
    """Balance of these system accounts, from all transfers there are."""
    return int(
        query(
            "SELECT coalesce(sum(CASE WHEN t.credit = a.id THEN amount_micros ELSE -amount_micros END), 0)"
            " FROM ledger_account a JOIN transfer t ON a.id IN (t.debit, t.credit) WHERE a.code = ANY(%s)",
            list(accounts),
        )[0][0]
    )


def test_an_organization_without_a_wallet_has_nothing() -> None:
    assert balance(Customer().org) == Balance(0, 0, 0)


def test_a_top_up_comes_from_clearing_and_opens_the_free_units() -> None:
    alice, before = Customer(), sums("clearing:bank")
    reference = Reference("bank", f"{alice.org}:1")

    assert top_up(alice.org, 5 * UZS, new_op_id(), reference)

    assert balance(alice.org) == Balance(5 * UZS, 0, 0)
    assert sums("clearing:bank") == before - 5 * UZS
    assert reserve(ask(alice, free_wish=True))[0].free


def test_the_same_payment_is_credited_once() -> None:
    alice, op = Customer(), new_op_id()
    reference = Reference("payme", f"{alice.org}:1")

    assert top_up(alice.org, UZS, op, reference)
    assert not top_up(alice.org, UZS, op, reference)
    assert not top_up(alice.org, UZS, new_op_id(), reference)
    assert not top_up(alice.org, UZS, op, Reference("payme", f"{alice.org}:2"))

    assert balance(alice.org).total == UZS


def test_promo_money_is_bonus_and_one_external_id_gives_it_once() -> None:
    bob = Customer()

    assert credit_promo(bob.org, 100, reason="welcome", source="demo", external_id=str(bob.org))
    assert not credit_promo(bob.org, 100, source="demo", external_id=str(bob.org))
    assert credit_promo(bob.org, 50)

    assert balance(bob.org) == Balance(0, 150, 0)
    assert not reserve(ask(bob, free_wish=True))[0].free


@pytest.mark.parametrize("micros", [0, -1, 9_000_000_000_000_000_001])
def test_absurd_amounts_are_refused(micros: int) -> None:
    with pytest.raises(AmountRefused):
        credit_promo(Customer().org, micros)


def test_a_refund_returns_each_part_to_where_it_came_from_once() -> None:
    alice = Customer()
    alice.gift(500)
    alice.pay(10_000)
    call = ask(alice)
    reserve(call)
    settle(end(call, 700))

    assert refund(call.id, reason="our fault", author="operator") == 700

    assert alice.wallet() == (10_000, 500, 0)
    with pytest.raises(AlreadyReversed):
        refund(call.id, reason="again", author="operator")
    assert alice.wallet() == (10_000, 500, 0)


def test_what_was_never_charged_cannot_be_refunded() -> None:
    with pytest.raises(NothingToReverse):
        refund(new_op_id(), reason="", author="operator")


def test_only_paid_money_that_no_call_holds_can_leave() -> None:
    alice, op = Customer(), new_op_id()
    alice.pay(10_000)
    alice.gift(5_000)
    reserve(ask(alice))
    assert balance(alice.org).refundable == 7_500

    with pytest.raises(InsufficientFunds):
        payout(alice.org, 7_501, new_op_id(), reason="closing", author="operator")
    assert payout(alice.org, 7_500, op, reason="closing", author="operator")
    assert not payout(alice.org, 7_500, op, reason="closing", author="operator")

    assert alice.wallet() == (2_500, 5_000, 2_500)


def test_the_cost_of_an_orphaned_call_is_booked_once() -> None:
    op, before = new_op_id(), sums("payable:acme")

    assert query("SELECT orphan(%s, 'acme', 77)", op) == [(True,)]
    assert query("SELECT orphan(%s, 'acme', 77)", op) == [(False,)]

    assert sums("payable:acme") == before + 77


def test_every_kind_of_movement_leaves_the_ledger_at_zero() -> None:
    alice = Customer()
    alice.pay(3_000)
    alice.gift(100)
    call, late = ask(alice), ask(alice, candidates=((10, 0),))
    reserve(call, late)
    settle(end(call, 90_000), end(late))
    settle(end(late, 20))
    refund(call.id, reason="test", author="test")
    query("SELECT orphan(%s, 'acme', 5)", new_op_id())

    kinds = {row[0] for row in query("SELECT DISTINCT kind FROM transfer")}
    total = query("SELECT coalesce(sum(micros), 0) FROM account_balance")[0][0]

    assert kinds >= {
        Kind.TOPUP,
        Kind.PROMO,
        Kind.CHARGE_PAID,
        Kind.CHARGE_BONUS,
        Kind.OVERRUN,
        Kind.LATE_LOSS,
    }
    assert total == 0
