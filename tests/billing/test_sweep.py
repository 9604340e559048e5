"""What dead workers leave behind. Time is moved by the database's own clock."""

from datetime import datetime, timedelta

import pytest

from billing.sweeper import sweep
from tests.billing.books import UZS, Customer, ask, end, query, reserve, set_clock, settle

pytestmark = pytest.mark.django_db


class Clock:
    """The database's clock under the test's hand, from far enough ahead that no other worker is alive."""

    def __init__(self) -> None:
        self.now = query("SELECT clock_timestamp() + interval '1 hour'")[0][0]
        self.forward(0)

    def forward(self, seconds: float) -> None:
        self.now: datetime = self.now + timedelta(seconds=seconds)
        set_clock(self.now.isoformat())


@pytest.fixture
def clock() -> Clock:
    clock = Clock()
    sweep()  # whatever others left; suspicion starts here
    return clock


def start() -> int:
    return int(query("SELECT heartbeat_start('host', 1)")[0][0])


def beat(epoch: int) -> bool:
    return bool(query("SELECT heartbeat(%s)", epoch)[0][0])


def test_a_silent_worker_is_suspected_then_fenced_and_its_holds_are_released(clock: Clock) -> None:
    alice = Customer()
    alice.pay(UZS)
    epoch = start()
    call = ask(alice, owner=epoch)
    free = ask(alice, owner=epoch, free_wish=True)
    reserve(call, free)

    for seconds in (8, 3, 2):  # 8 s silent: alive; 11 s: suspected; 13 s: too soon after
        clock.forward(seconds)
        assert epoch not in sweep().fenced
    clock.forward(2)
    swept = sweep()

    assert (epoch in swept.fenced, swept.released) == (True, 2)
    assert (alice.wallet(), alice.free_used()) == ((UZS, 0, 0), 0)
    assert settle(end(call, 700))[0].state == "late_captured"


def test_a_beat_in_time_takes_the_suspicion_away(clock: Clock) -> None:
    epoch = start()
    for seconds in (8, 4, 2):
        clock.forward(seconds)
        sweep()
    assert beat(epoch)
    clock.forward(6)

    assert epoch not in sweep().fenced


def test_a_zombie_learns_that_it_was_fenced(clock: Clock) -> None:
    epoch = start()
    for seconds in (8, 4, 4):
        clock.forward(seconds)
        sweep()

    assert not beat(epoch)
    assert start() > epoch


def test_after_a_pause_of_the_sweeper_nobody_is_fenced_on_old_suspicion(clock: Clock) -> None:
    epoch = start()
    for seconds in (8, 4):
        clock.forward(seconds)
        sweep()
    clock.forward(60)  # the database or the sweeper was away; the worker could not beat either
    assert epoch not in sweep().fenced
    assert beat(epoch)
    clock.forward(5)

    assert epoch not in sweep().fenced


def test_an_orderly_end_leaves_nothing_to_wait_for(clock: Clock) -> None:
    alice = Customer()
    alice.pay(UZS)
    epoch = start()
    reserve(ask(alice, owner=epoch))
    query("SELECT heartbeat_stop(%s)", epoch)

    assert sweep().released == 1
    assert alice.wallet() == (UZS, 0, 0)


def test_a_live_workers_hold_is_released_a_minute_past_its_expiry(clock: Clock) -> None:
    alice = Customer()
    alice.pay(UZS)
    epoch = start()
    reserve(ask(alice, owner=epoch, ttl_s=30))

    for _ in range(17):
        clock.forward(5)
        assert beat(epoch)
        sweep()
    assert alice.wallet() == (UZS, 0, 2_500)
    clock.forward(6)
    sweep()
    assert alice.wallet() == (UZS, 0, 0)


def test_a_jobs_hold_ends_only_through_its_job(clock: Clock) -> None:
    alice = Customer()
    alice.pay(UZS)
    reserve(ask(alice, owner=-7, ttl_s=1))
    clock.forward(3600)
    sweep()

    assert alice.wallet() == (UZS, 0, 2_500)


def test_a_worker_gives_back_what_it_does_not_know(clock: Clock) -> None:
    alice = Customer()
    alice.pay(UZS)
    epoch = start()
    known, lost = ask(alice, owner=epoch), ask(alice, owner=epoch)
    reserve(known, lost)
    clock.forward(61)
    reserve(ask(alice, owner=epoch))

    assert query("SELECT release_unknown(%s, %s::uuid[])", epoch, [known.id]) == [(1,)]
    assert alice.wallet() == (UZS, 0, 5_000)


def test_live_workers_are_those_with_a_fresh_beat(clock: Clock) -> None:
    start()
    second = start()
    assert query("SELECT live_workers()") == [(2,)]
    clock.forward(8)
    beat(second)
    clock.forward(3)

    assert query("SELECT live_workers()") == [(1,)]


def test_a_hold_that_cannot_be_released_keeps_nobody_elses_money(clock: Clock) -> None:
    alice, bob = Customer(), Customer()
    epoch = start()
    for customer in (alice, bob):
        customer.pay(UZS)
        reserve(ask(customer, owner=epoch))
    query("UPDATE wallet SET held_micros = 1 WHERE org_id = %s", alice.org)

    query("SELECT heartbeat_stop(%s)", epoch)

    assert sweep().released == 1
    assert (alice.wallet()[2], bob.wallet()[2]) == (1, 0)


def test_a_dead_worker_is_found_although_the_clock_was_set_back(clock: Clock) -> None:
    epoch = start()
    clock.forward(-1800)
    fenced = []
    for _ in range(5):
        clock.forward(5)
        fenced += sweep().fenced

    assert epoch in fenced
