"""Refunds, corrections and payouts: asked by one person, approved by another one, done once."""

import os
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier
from uuid import UUID, uuid4

import pytest
from django.db import IntegrityError, connection, transaction
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from accounts.models import User
from billing import adjustments
from billing.adjustments import BankDetails
from billing.errors import (
    AdjustmentDecided,
    AlreadyReversed,
    AmountRefused,
    BillingError,
    InsufficientFunds,
    NothingToReverse,
    OwnAdjustment,
)
from billing.ids import new_op_id
from billing.invariants import broken, check
from billing.ledger import balance, refund, refund_part, refunded
from billing.models import Adjustment, Notice
from tests.billing.books import UZS, Customer, ask, end, reserve, settle
from tests.factories import Caller, make_caller

pytestmark = pytest.mark.django_db
Kind = Adjustment.Kind
BANK = BankDetails("ALICE TEST", "20208000900123456789", "00014")
EXAMPLES = int(os.environ.get("MODEL_EXAMPLES", "1000")) // 20


def person() -> User:
    return User.objects.create(email=f"{uuid4().hex}@test.invalid", is_staff=True)


def charged(caller: Caller, paid: int, bonus: int = 0) -> UUID:
    """A call of the caller that was charged so much of each part; the wallet must have it."""
    customer = Customer(caller.organization.pk, caller.project.pk, caller.api_key.pk)
    call = ask(customer, candidates=((paid + bonus, 0),))
    assert [verdict.v for verdict in reserve(call)] == ["ok"]
    settle(end(call, paid + bonus))
    return call.id


def filed(caller: Caller, kind: Kind, micros: int, call: UUID | None = None) -> Adjustment:
    made = Adjustment(
        kind=kind,
        org=caller.organization,
        amount_micros=micros,
        call=call,
        reason="inside",
        told="for you",
        requested_by=person(),
    )
    return adjustments.file_adjustment(made)


def our_laws() -> list[str]:
    names = ("refunds_within_charges", "adjustments_are_their_transfers", "transfers_are_well_formed")
    return [str(finding) for finding in broken(check()) if finding.invariant.name in names]


def test_a_charge_is_given_back_in_parts_to_where_it_came_from_and_never_beyond_what_it_was() -> None:
    alice = make_caller(balance_uzs=10, bonus_uzs=1)
    call = charged(alice, paid=2 * UZS, bonus=UZS)
    before = balance(alice.organization.pk)
    assert (before.paid, before.bonus) == (8 * UZS, 0)

    assert refund_part(call, UZS, new_op_id(), {}) == UZS
    assert refund_part(call, 3 * UZS // 2, new_op_id(), {}) == 3 * UZS // 2
    now = balance(alice.organization.pk)
    assert (now.paid, now.bonus) == (10 * UZS, UZS // 2)
    with pytest.raises(AmountRefused):
        refund_part(call, UZS, new_op_id(), {})
    assert refund(call, reason="rest", author="test") == UZS // 2
    with pytest.raises(AlreadyReversed):
        refund_part(call, 1, new_op_id(), {})
    assert refunded(call) == 3 * UZS
    assert our_laws() == []


def test_a_refund_is_one_operation_however_often_it_is_asked_for() -> None:
    alice = make_caller(balance_uzs=10)
    call, op = charged(alice, paid=2 * UZS), new_op_id()
    assert refund_part(call, UZS, op, {}) == UZS
    assert refund_part(call, UZS, op, {}) == 0
    assert balance(alice.organization.pk).paid == 9 * UZS


def test_an_operator_refunds_calls_of_that_organization_only() -> None:
    alice, bob = make_caller(balance_uzs=10), make_caller(balance_uzs=10)
    call = charged(bob, paid=UZS)
    with pytest.raises(NothingToReverse):
        filed(alice, Kind.REFUND, UZS, call)
    with pytest.raises(NothingToReverse):
        filed(alice, Kind.REFUND, UZS, new_op_id())
    with pytest.raises(AmountRefused):
        filed(bob, Kind.REFUND, UZS + 1, call)


def test_who_asks_may_not_approve_and_the_database_says_so_too() -> None:
    made = filed(make_caller(), Kind.BONUS, UZS)
    with pytest.raises(OwnAdjustment):
        adjustments.approve(made.pk, made.requested_by)
    with pytest.raises(IntegrityError), transaction.atomic():
        Adjustment.objects.filter(pk=made.pk).update(
            state="done", decided_by=made.requested_by, decided_at=timezone.now()
        )
    assert balance(made.org_id).total == 0


@pytest.mark.parametrize(
    ("kind", "paid", "bonus"), [(Kind.BONUS, 5, 3), (Kind.CREDIT, 8, 0), (Kind.DEBIT, 2, 0)]
)
def test_a_preview_is_what_then_happens_and_changes_nothing_itself(kind: Kind, paid: int, bonus: int) -> None:
    alice = make_caller(balance_uzs=5)
    made = filed(alice, kind, 3 * UZS)

    seen = adjustments.preview(made)
    assert balance(made.org_id).paid == 5 * UZS
    adjustments.approve(made.pk, person())

    assert balance(made.org_id) == seen.wallet_after
    assert (seen.wallet_after.paid, seen.wallet_after.bonus) == (paid * UZS, bonus * UZS)
    (moved,) = seen.transfers
    assert moved.amount_micros == 3 * UZS
    assert {leg.after - leg.before for leg in seen.accounts} == {3 * UZS, -3 * UZS}
    with pytest.raises(AdjustmentDecided):
        adjustments.approve(made.pk, person())
    assert our_laws() == []


def test_what_the_wallet_doesnt_have_is_not_taken_and_can_be_tried_again() -> None:
    made = filed(make_caller(balance_uzs=2), Kind.DEBIT, 3 * UZS)
    with pytest.raises(InsufficientFunds):
        adjustments.preview(made)
    with pytest.raises(InsufficientFunds):
        adjustments.approve(made.pk, person())
    made.refresh_from_db()
    assert made.state == "pending"


def test_a_customer_hears_of_what_was_given_and_not_of_what_was_refused() -> None:
    alice = make_caller()
    adjustments.approve(filed(alice, Kind.BONUS, UZS).pk, person())
    adjustments.reject(filed(alice, Kind.BONUS, UZS).pk, person(), "no")
    (notice,) = Notice.objects.filter(org=alice.organization, kind="refund")
    assert (notice.facts["amount_micros"], notice.facts["reason"]) == (UZS, "for you")


def test_a_payout_leaves_the_wallet_when_it_is_approved_and_the_bank_when_it_is_sent() -> None:
    alice = make_caller(balance_uzs=10, bonus_uzs=5)
    with pytest.raises(AmountRefused):
        adjustments.ask_payout(alice.organization, alice.user, 11 * UZS, BANK, "leaving")
    made = adjustments.ask_payout(alice.organization, alice.user, 10 * UZS, BANK, "leaving")
    assert bytes(made.bank_details or b"").find(b"20208000900123456789") == -1
    assert adjustments.bank_details(made) == BANK and made.bank_hint == "•••• 6789"
    with pytest.raises(IntegrityError), transaction.atomic():
        adjustments.ask_payout(alice.organization, alice.user, UZS, BANK, "twice")

    adjustments.approve(made.pk, person())
    assert balance(alice.organization.pk).paid == 0
    sent = adjustments.mark_sent(made.pk, person(), "PO-17")
    assert sent.bank_details is None and sent.bank_hint
    with pytest.raises(AdjustmentDecided):
        adjustments.mark_returned(made.pk, person(), "late")
    states = Notice.objects.filter(org=alice.organization, kind="refund").order_by("pk")
    assert [notice.facts["state"] for notice in states] == ["done", "sent"]
    assert our_laws() == []


def test_a_payout_that_the_bank_refuses_comes_back_once() -> None:
    alice = make_caller(balance_uzs=10)
    made = adjustments.ask_payout(alice.organization, alice.user, 4 * UZS, BANK, "")
    adjustments.approve(made.pk, person())
    adjustments.mark_returned(made.pk, person(), "no such account")
    with pytest.raises(AdjustmentDecided):
        adjustments.mark_returned(made.pk, person(), "no such account")
    assert balance(alice.organization.pk).paid == 10 * UZS
    assert our_laws() == []


def test_a_customer_withdraws_their_own_request_while_it_waits() -> None:
    alice, bob = make_caller(balance_uzs=10), make_caller()
    made = adjustments.ask_payout(alice.organization, alice.user, 4 * UZS, BANK, "")
    with pytest.raises(AdjustmentDecided):
        adjustments.withdraw(made.pk, bob.organization.pk, bob.user)
    assert adjustments.withdraw(made.pk, alice.organization.pk, alice.user).bank_details is None
    with pytest.raises(AdjustmentDecided):
        adjustments.approve(made.pk, person())
    assert not Notice.objects.filter(org=alice.organization, kind="refund").exists()


def test_what_nobody_decides_expires_and_its_bank_details_are_forgotten() -> None:
    alice = make_caller(balance_uzs=10)
    made = adjustments.ask_payout(alice.organization, alice.user, 4 * UZS, BANK, "")
    Adjustment.objects.filter(pk=made.pk).update(expires_at=timezone.now() - timedelta(seconds=1))
    with pytest.raises(AdjustmentDecided):
        adjustments.approve(made.pk, person())
    assert adjustments.expire() >= 1
    made.refresh_from_db()
    assert (made.state, made.bank_details) == ("expired", None)


@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    steps=st.lists(
        st.tuples(
            st.sampled_from([*Kind.values, "call", "sent", "returned", "withdraw"]),
            st.integers(1, 4_000),
            st.integers(0, 3),
        ),
        max_size=14,
    )
)
def test_any_order_of_refunds_corrections_and_payouts_keeps_the_books(
    steps: list[tuple[str, int, int]],
) -> None:
    with transaction.atomic():
        alice, calls = make_caller(), []
        maker, checker = person(), person()
        for kind, micros, which in [("credit", 4_000, 0), ("bonus", 1_000, 0), *steps]:
            try:
                with transaction.atomic():
                    _step(alice, calls, (maker, checker), (kind, micros, which))
            except (BillingError, IntegrityError):
                pass
            now = balance(alice.organization.pk)
            assert 0 <= now.held <= now.total and now.paid >= 0 and now.bonus >= 0
        assert our_laws() == []
        for call, cost in calls:
            assert 0 <= refunded(call) <= cost
        transaction.set_rollback(True)


def _step(
    alice: Caller, calls: list[tuple[UUID, int]], people: tuple[User, User], step: tuple[str, int, int]
) -> None:
    kind, micros, which = step
    maker, checker = people
    payout = Adjustment.objects.filter(org=alice.organization, kind="payout", state__in=["pending", "done"])
    if kind == "call":
        if balance(alice.organization.pk).available >= micros:
            calls.append((charged(alice, micros), micros))
    elif kind == "sent":
        adjustments.mark_sent(payout.get().pk, checker, "x") if payout else None
    elif kind == "returned":
        adjustments.mark_returned(payout.get().pk, checker, "x") if payout else None
    elif kind == "withdraw":
        adjustments.withdraw(payout.get().pk, alice.organization.pk, maker) if payout else None
    else:
        call = calls[which % len(calls)][0] if calls and kind == "refund" else None
        if kind == "refund" and call is None:
            return
        made = Adjustment(
            kind=kind,
            org=alice.organization,
            amount_micros=micros,
            call=call,
            reason="x",
            requested_by=maker,
        )
        adjustments.file_adjustment(made)
        adjustments.approve(made.pk, checker)


@pytest.mark.django_db(transaction=True)
def test_two_operators_who_approve_at_once_move_the_money_once() -> None:
    alice = make_caller(balance_uzs=10)
    made = filed(alice, Kind.BONUS, UZS)
    operators = [person() for _ in range(4)]
    start = Barrier(len(operators))

    def approve(operator: User) -> bool:
        start.wait()
        try:
            adjustments.approve(made.pk, operator)
        except AdjustmentDecided:
            return False
        finally:
            connection.close()
        return True

    with ThreadPoolExecutor(len(operators)) as pool:
        won = list(pool.map(approve, operators))
    assert sorted(won) == [False, False, False, True]
    assert balance(alice.organization.pk).bonus == UZS


@pytest.mark.django_db(transaction=True)
def test_partial_refunds_at_once_never_add_up_to_more_than_the_charge() -> None:
    alice = make_caller(balance_uzs=10)
    call = charged(alice, paid=5 * UZS)
    start = Barrier(8)

    def give(_: int) -> int:
        start.wait()
        try:
            return refund_part(call, UZS, new_op_id(), {})
        except (AmountRefused, AlreadyReversed):
            return 0
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as pool:
        given_back = sum(pool.map(give, range(8)))
    assert given_back == 5 * UZS == refunded(call)
    assert balance(alice.organization.pk).paid == 10 * UZS
