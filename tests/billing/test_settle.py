"""The end of a hold, as worked examples in micros."""

from datetime import date

import pytest
from django.db import DataError

from billing.caps import Scope
from billing.holds import Reserve
from tests.billing.books import UZS, Customer, ask, end, query, reserve, set_clock, settle

pytestmark = pytest.mark.django_db


def held(customer: Customer, **changes: object) -> Reserve:
    call = ask(customer, **changes)
    assert reserve(call)[0].v == "ok"
    return call


def test_a_capture_charges_the_cost_and_frees_the_rest() -> None:
    alice = Customer()
    alice.pay(10_000)
    call = held(alice)

    [settled] = settle(end(call, 700))

    assert (settled.state, settled.charged, settled.overrun) == ("captured", 700, 0)
    assert alice.wallet() == (9_300, 0, 0)
    assert alice.transfers(call.id) == {"charge_paid": 700}
    assert alice.use() == dict.fromkeys((1, 2, 3, 4, 5), (700, 0))


def test_bonus_is_spent_before_paid_money() -> None:
    alice = Customer()
    alice.gift(500)
    alice.pay(10_000)
    call = held(alice)

    settle(end(call, 700))

    assert alice.wallet() == (9_800, 0, 0)
    assert alice.transfers(call.id) == {"charge_bonus": 500, "charge_paid": 200}


def test_a_release_gives_everything_back() -> None:
    alice = Customer()
    alice.pay(10_000)
    call = held(alice)

    [settled] = settle(end(call))

    assert (settled.state, settled.charged) == ("released", 0)
    assert alice.wallet() == (10_000, 0, 0)
    assert alice.transfers(call.id) == {}
    assert alice.use() == dict.fromkeys((1, 2, 3, 4, 5), (0, 0))


def test_releasing_twice_gives_back_once() -> None:
    alice = Customer()
    alice.pay(10_000)
    call, other = held(alice), held(alice)

    assert [s.state for s in settle(end(call), end(call))] == ["released", "already"]
    assert settle(end(call))[0].state == "already"
    assert alice.wallet() == (10_000, 0, 2_500)
    settle(end(other))


def test_a_zero_charge_closes_the_hold_without_a_transfer() -> None:
    alice = Customer()
    alice.pay(10_000)
    call = held(alice)

    assert settle(end(call, 0))[0].state == "captured"
    assert (alice.wallet(), alice.transfers(call.id)) == ((10_000, 0, 0), {})


def test_more_than_the_hold_is_taken_from_what_is_available() -> None:
    alice = Customer()
    alice.pay(10_000)
    call = held(alice)

    assert settle(end(call, 4_000))[0].charged == 4_000
    assert alice.wallet() == (6_000, 0, 0)


def test_what_the_wallet_does_not_cover_is_our_loss() -> None:
    alice = Customer()
    alice.pay(6_000)
    call, other = held(alice), held(alice)

    [settled] = settle(end(call, 9_000))

    assert (settled.charged, settled.overrun) == (3_500, 5_500)
    assert alice.wallet() == (2_500, 0, 2_500)
    assert alice.transfers(call.id) == {"charge_paid": 3_500, "overrun": 5_500}
    settle(end(other))


def test_a_cap_bounds_the_overrun_but_not_the_hold() -> None:
    alice = Customer()
    alice.pay(UZS)
    alice.cap(Scope.PROJECT_DAY, 3_000)
    call = held(alice)
    assert settle(end(call, 9_000))[0].charged == 3_000

    bob = Customer()
    bob.pay(UZS)
    call = held(bob)
    bob.cap(Scope.KEY_LIFETIME, 1)  # lowered under a call that runs
    assert settle(end(call, 9_000))[0].charged == 2_500


def test_settling_twice_charges_once() -> None:
    alice = Customer()
    alice.pay(10_000)
    call = held(alice)

    first, second = settle(end(call, 700), end(call, 800))
    [third] = settle(end(call, 900))

    assert (first.state, second.state, third.state) == ("captured", "already", "already")
    assert (second.charged, third.charged) == (700, 700)
    assert settle(end(call))[0].state == "already"
    assert alice.wallet() == (9_300, 0, 0)


def test_a_capture_after_the_sweep_is_late() -> None:
    alice = Customer()
    alice.pay(10_000)
    call = held(alice)
    settle(end(call))

    [settled] = settle(end(call, 700))

    assert (settled.state, settled.charged) == ("late_captured", 700)
    assert alice.wallet() == (9_300, 0, 0)
    assert settle(end(call, 700))[0].state == "already"


def test_a_late_capture_takes_no_more_than_is_there_and_the_rest_is_our_loss() -> None:
    alice = Customer()
    alice.pay(3_000)
    call = held(alice)
    settle(end(call))
    held(alice)

    [settled] = settle(end(call, 2_000))

    assert (settled.charged, settled.overrun) == (500, 1_500)
    assert alice.transfers(call.id) == {"charge_paid": 500, "late_loss": 1_500}


def test_released_and_captured_in_one_batch_is_late_too() -> None:
    alice = Customer()
    alice.pay(10_000)
    call = held(alice)

    assert [s.state for s in settle(end(call), end(call, 700))] == ["released", "late_captured"]
    assert alice.wallet() == (9_300, 0, 0)


def test_a_settle_works_without_its_hold() -> None:
    alice = Customer()
    alice.pay(10_000)
    lost = ask(alice)

    [settled] = settle(end(lost, 700, day=date(2026, 11, 20)))

    assert (settled.state, settled.charged) == ("late_captured", 700)
    assert settle(end(lost, 700))[0].state == "already"
    assert alice.wallet() == (9_300, 0, 0)
    assert query("SELECT state, charged_micros, day FROM hold WHERE id = %s", lost.id) == [
        (3, 700, date(2026, 11, 20))
    ]


def test_the_release_of_an_unknown_hold_does_nothing() -> None:
    alice = Customer()

    assert settle(end(ask(alice)))[0].state == "released"
    assert query("SELECT 1 FROM hold WHERE org = %s", alice.org) == []


def test_a_free_call_returns_its_unit_only_if_nothing_was_delivered() -> None:
    bob = Customer()
    calls = [held(bob, free_wish=True, free_ok=True) for _ in range(3)]

    settle(end(calls[0], free_back=True), end(calls[1]), end(calls[2], 0))

    assert bob.free_used() == 2


def test_a_free_call_costs_nothing_whatever_its_worker_says() -> None:
    alice = Customer()
    alice.pay(10_000)
    call = held(alice, free_wish=True)

    [settled] = settle(end(call, 700))

    assert (settled.state, settled.charged, settled.overrun) == ("captured", 0, 0)
    assert alice.wallet() == (10_000, 0, 0)


def test_a_hold_of_another_caller_cannot_be_settled() -> None:
    alice, bob = Customer(), Customer()
    alice.pay(10_000)
    call = held(alice)

    with pytest.raises(DataError):
        settle(end(call, 700, org=bob.org))


def test_a_cost_beyond_all_measure_is_clamped() -> None:
    alice = Customer()
    alice.pay(10_000)
    call = held(alice)

    assert settle(end(call, 2**63))[0].charged == 10_000


def test_a_negative_cost_is_refused() -> None:
    with pytest.raises(DataError):
        settle(end(ask(Customer()), -1))


def test_a_month_cap_counts_all_its_days_also_for_an_overrun_within_one_batch() -> None:
    alice = Customer()
    alice.pay(UZS)
    alice.cap(Scope.PROJECT_MONTH, 12_000)
    set_clock("2026-11-20 12:00+05")
    friday = [held(alice), held(alice)]
    set_clock("2026-11-21 12:00+05")
    saturday = held(alice)
    set_clock("2026-12-01 00:00+05")
    december = held(alice)

    settled = settle(*[end(call, 5_000) for call in (*friday, saturday, december)])

    # November's 12,000: 5,000 and 5,000, then what is left; December has its own.
    assert [s.charged for s in settled] == [5_000, 4_500, 2_500, 5_000]
    assert sum(s.charged for s in settled[:3]) == 12_000
