"""Admission, as worked examples in micros."""

import pytest
from django.db import DataError

from billing.caps import Scope
from billing.ids import new_op_id
from tests.billing.books import UZS, Customer, ask, end, query, reserve, set_clock, settle

pytestmark = pytest.mark.django_db


def test_an_affordable_call_holds_its_worst_case() -> None:
    alice = Customer()
    alice.pay(10_000)

    [verdict] = reserve(ask(alice))

    assert (verdict.v, verdict.out, verdict.keep, verdict.free) == ("ok", 1000, (0,), False)
    assert (verdict.hold, verdict.need, verdict.avail) == (2_500, 2_500, 10_000)
    assert alice.wallet() == (10_000, 0, 2_500)
    assert alice.use() == dict.fromkeys((1, 2, 3, 4, 5), (0, 2_500))


def test_without_money_nothing_is_held() -> None:
    bob = Customer()

    [verdict] = reserve(ask(bob))

    assert (verdict.v, verdict.need, verdict.avail, verdict.hold) == ("insufficient", 2_500, 0, 0)
    assert bob.wallet() == (0, 0, 0)
    assert query("SELECT 1 FROM hold WHERE org = %s", bob.org) == []


def test_exactly_as_many_calls_pass_as_the_balance_covers() -> None:
    alice = Customer()
    alice.pay(25_000)

    verdicts = reserve(*[ask(alice) for _ in range(256)])

    assert [v.v for v in verdicts] == ["ok"] * 10 + ["insufficient"] * 246
    assert alice.wallet() == (25_000, 0, 25_000)


def test_a_too_dear_call_denies_no_smaller_one_behind_it() -> None:
    alice = Customer()
    alice.pay(3_000)

    verdicts = reserve(ask(alice, candidates=((9_000, 0),)), ask(alice))

    assert [v.v for v in verdicts] == ["insufficient", "ok"]


def test_the_output_is_lowered_to_what_the_wallet_allows_down_to_the_least() -> None:
    alice = Customer()
    alice.pay(1_500)

    [lowered] = reserve(ask(alice, out_min=256))
    [denied] = reserve(ask(alice, out_min=256))

    assert (lowered.v, lowered.out, lowered.hold) == ("ok", 500, 1_500)
    assert (denied.v, denied.need) == ("insufficient", 500 + 512)


def test_the_hold_is_that_of_the_dearest_candidate_that_may_be_tried() -> None:
    alice = Customer()
    alice.pay(4_500)

    [verdict] = reserve(ask(alice, candidates=((500, 2_000_000), (9_000, 0), (500, 4_000_000))))

    assert (verdict.keep, verdict.hold) == ((0, 2), 4_500)


def test_the_first_affordable_candidate_decides_the_output() -> None:
    alice = Customer()
    alice.pay(1_500)

    [verdict] = reserve(ask(alice, out_min=100, candidates=((2_000, 1), (500, 2_000_000), (500, 1_000_000))))

    assert (verdict.keep, verdict.out, verdict.hold) == ((1, 2), 500, 1_500)


def test_a_part_of_a_micro_is_held_as_a_whole_one() -> None:
    alice = Customer()
    alice.pay(UZS)

    assert reserve(ask(alice, candidates=((0, 1),), out_min=1, out_max=1))[0].hold == 1


@pytest.mark.parametrize(
    ("scope", "verdict"),
    [
        (Scope.PROJECT_DAY, "project_day"),
        (Scope.PROJECT_MONTH, "project_month"),
        (Scope.KEY_LIFETIME, "key_cap"),
        (Scope.KEY_DAY, "key_cap"),
        (Scope.KEY_MONTH, "key_cap"),
    ],
)
def test_each_cap_holds_spent_and_held_together(scope: Scope, verdict: str) -> None:
    alice = Customer()
    alice.pay(UZS)
    alice.cap(scope, 6_000)
    first, second = ask(alice), ask(alice)

    assert [v.v for v in reserve(first, second, ask(alice))] == ["ok", "ok", verdict]
    settle(end(first, 700))
    assert [v.v for v in reserve(ask(alice), ask(alice))] == ["ok", verdict]
    assert alice.wallet() == (UZS - 700, 0, 5_000)


def test_the_denial_says_when_the_window_ends_in_tashkent() -> None:
    set_clock("2026-11-30 19:30+00")  # half past midnight of 1 December in Tashkent
    alice = Customer()
    alice.pay(UZS)
    alice.cap(Scope.PROJECT_DAY, 10)
    assert reserve(ask(alice))[0].reset == "2026-12-02T00:00:00+05:00"

    bob = Customer()
    bob.pay(UZS)
    bob.cap(Scope.PROJECT_MONTH, 10)
    assert reserve(ask(bob))[0].reset == "2027-01-01T00:00:00+05:00"

    charlie = Customer()
    charlie.pay(UZS)
    charlie.cap(Scope.KEY_LIFETIME, 10)
    assert reserve(ask(charlie))[0].reset is None


def test_a_new_day_has_a_new_window_and_the_call_of_yesterday_counts_in_its_own() -> None:
    alice = Customer()
    alice.pay(UZS)
    alice.cap(Scope.PROJECT_DAY, 2_500)
    set_clock("2026-11-21 18:59:59+00")
    late = ask(alice)
    assert [v.v for v in reserve(late, ask(alice))] == ["ok", "project_day"]

    set_clock("2026-11-21 19:00:00+00")
    assert reserve(ask(alice))[0].v == "ok"
    settle(end(late, 2_000))

    assert alice.use()[Scope.PROJECT_DAY] == (0, 2_500)
    assert alice.use()[Scope.PROJECT_MONTH] == (2_000, 2_500)


def test_a_used_up_cap_denies_free_calls_too() -> None:
    alice = Customer()
    alice.pay(UZS)
    call = ask(alice)
    reserve(call)
    settle(end(call, 2_000))
    alice.cap(Scope.PROJECT_DAY, 2_000)

    [verdict] = reserve(ask(alice, free_wish=True, free_ok=True))

    assert (verdict.v, alice.free_used()) == ("project_day", 0)


def test_a_free_call_takes_a_unit_and_no_money() -> None:
    bob = Customer()

    verdicts = reserve(*[ask(bob, free_wish=True, free_ok=True, free_quota=2) for _ in range(3)])

    assert [(v.v, v.free) for v in verdicts] == [("ok", True), ("ok", True), ("free_quota", False)]
    assert [v.hold for v in verdicts] == [0, 0, 0]
    assert (bob.free_used(), bob.wallet()) == (2, (0, 0, 0))
    assert bob.use() == dict.fromkeys((1, 2, 3, 4, 5), (0, 0))
    assert verdicts[2].reset is not None


def test_after_the_quota_the_standard_price_is_paid_if_the_wallet_covers_it() -> None:
    alice = Customer()
    alice.pay(2_500)

    verdicts = reserve(*[ask(alice, free_wish=True, free_quota=1) for _ in range(3)])

    assert [(v.v, v.free) for v in verdicts] == [("ok", True), ("ok", False), ("free_quota", False)]


def test_without_verification_or_payment_a_free_model_is_priced() -> None:
    bob = Customer()
    bob.gift(2_500)

    verdicts = reserve(ask(bob, free_wish=True), ask(bob, free_wish=True))

    assert [(v.v, v.free) for v in verdicts] == [("ok", False), ("insufficient", False)]


def test_the_platforms_day_cap_binds_both_built_in_organizations_only() -> None:
    platform, anonymous, alice = Customer(), Customer(), Customer()
    for customer in (platform, anonymous, alice):
        customer.pay(UZS)
    used = "SELECT coalesce(sum(spent_micros + held_micros), 0) FROM cap_use"
    query(
        f"INSERT INTO cap VALUES (6, 0, 3000 + ({used} WHERE scope = 6 AND window_start = billing_today()))"
    )

    verdicts = reserve(ask(platform, builtin=True), ask(anonymous, builtin=True), ask(alice))

    assert [v.v for v in verdicts] == ["ok", "platform_day", "ok"]


def test_an_id_of_a_month_without_partition_is_refused() -> None:
    alice = Customer()
    alice.pay(UZS)
    old = (1_500_000_000_000 << 80) | (new_op_id().int & ((1 << 80) - 1))

    assert reserve(ask(alice, id=type(new_op_id())(int=old)), ask(alice))[0].v == "no_partition"
    assert alice.wallet()[2] == 2_500


def test_the_same_call_twice_is_held_once() -> None:
    alice = Customer()
    alice.pay(UZS)
    call = ask(alice)

    first, second = reserve(call, call)
    [again] = reserve(call)
    settle(end(call, 100))
    [after] = reserve(call)

    assert first == second
    assert (again.v, again.hold, again.out, again.keep) == ("ok", 2_500, 1000, (0,))
    assert after.v == "closed"
    assert alice.wallet() == (UZS - 100, 0, 0)


def test_an_absurd_price_is_unaffordable_and_harms_no_neighbour() -> None:
    alice = Customer()
    alice.pay(UZS)
    dear = ask(alice, candidates=((2**63 - 1, 2**63 - 1),), out_max=2**62, out_min=2**62)

    assert [v.v for v in reserve(dear, ask(alice))] == ["insufficient", "ok"]


@pytest.mark.parametrize(
    "wrong",
    [
        {"candidates": ()},
        {"candidates": ((1, 1),) * 4},
        {"candidates": ((-1, 1),)},
        {"out_min": -1},
        {"out_min": 2000},
        {"ttl_s": 0},
        {"org": 0},
        {"id": new_op_id().__class__(int=new_op_id().int | 1)},
    ],
)
def test_a_wrong_item_fails_its_batch_for_the_gateway_to_halve(wrong: dict[str, object]) -> None:
    with pytest.raises(DataError):
        reserve(ask(Customer(), **wrong))
