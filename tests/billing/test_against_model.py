"""Any history of calls, payments, caps, workers, crashes and replays, over midnight and month's end: the SQL
functions end where plain Python does, after each step and in every row, and the ledger's laws hold.

MODEL_EXAMPLES=20000 tries more histories than the suite does.
"""

import os
from collections.abc import Iterator
from dataclasses import replace
from typing import Any
from uuid import UUID

import orjson
import psycopg
import pytest
from django.db import transaction
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from hypothesis.stateful import run_state_machine_as_test as run_machine

from billing.caps import Scope
from billing.holds import Reserve, Settle
from billing.invariants import check
from tests.billing.books import end, query
from tests.billing.world import BEGIN, World, movable_clock, send

pytestmark = pytest.mark.django_db(transaction=True)

EXAMPLES = int(os.environ.get("MODEL_EXAMPLES", "1000"))
STEPS = 12

small = st.integers(0, 3_000)
number = st.integers(0, 7)  # of a call, a worker, an organization …, modulo how many there are
calls = st.fixed_dictionaries(
    {
        "candidates": st.lists(
            st.tuples(small, st.integers(0, 4_000_000)), min_size=1, max_size=3
        ).map(tuple),
        "out": st.tuples(small, small).map(sorted),
        "free": st.sampled_from([None, None, (True, 0), (True, 2), (False, 2)]),  # (eligible, quota)
        "ttl_s": st.sampled_from([30, 960]),
        "caller": st.integers(0, 5),
        "worker": st.sampled_from([0, 0, 0, 1, -7]),  # -7: a job
    }
)  # fmt: skip
ends = st.tuples(number, st.none() | st.integers(0, 6_000), st.booleans())
crashes = st.sampled_from([False, False, False, True])
SECONDS = [-7_200, -1, 1, 11, 50, 61, 61, 3_600, 86_400, 31 * 86_400]  # clocks are set back, too
WRONG = ["another caller's hold", "a negative cost", "no month to settle in", "no month to reserve in"]
GONE = UUID("015d3ef7-9800-7000-8000-000000000000")  # of July 2017


class Books(RuleBasedStateMachine):
    """One example is one transaction, which is rolled back; a crash is a savepoint that is."""

    laws_before: dict[str, int]
    laws = False

    def __init__(self) -> None:
        super().__init__()
        self.atomic = transaction.atomic()
        self.atomic.__enter__()
        try:
            self.world = World()
        except BaseException:
            self.roll_back()
            raise
        self.sent: list[Settle] = []  # what a spool may still hold
        self.ops: list[UUID] = []

    @initialize(
        paid=st.sampled_from([0, 9_000, 50_000]),
        bonus=st.sampled_from([0, 2_000]),
        who=number,
        laws=st.sampled_from([False, False, False, True]),
    )
    def begin(self, paid: int, bonus: int, who: int, laws: bool) -> None:
        """Most begin with money: without it little happens. A quarter ends with all laws, which are slow."""
        self.laws = laws
        for org in (0, who % 4):
            if paid:
                self.world.pay(org, paid)
            if bonus:
                self.world.gift(org, bonus)

    # Calls

    @rule(drawn=st.lists(calls, min_size=1, max_size=5), batches=st.booleans(), crash=crashes)
    def reserve(self, drawn: list[dict[str, Any]], batches: bool, crash: bool) -> None:
        self.ask([self.call(**one) for one in drawn], batches, crash)

    reserve_more = reserve

    def call(self, caller: int, worker: int, out: list[int], free: Any, **drawn: Any) -> Reserve:
        drawn |= {"out_min": out[0], "out_max": out[1], "free_wish": free is not None}
        if free is not None:
            drawn |= {"free_ok": free[0], "free_quota": free[1]}
        return self.world.call(caller, worker, drawn)

    @precondition(lambda self: self.world.calls)
    @rule(which=st.lists(number, min_size=1, max_size=3), batches=st.booleans())
    def reserve_again(self, which: list[int], batches: bool) -> None:
        """The answer was lost."""
        self.ask([self.known(one) for one in which], batches, crash=False)

    def ask(self, items: list[Reserve], batches: bool, crash: bool) -> None:
        if crash:
            with self.world.lost():
                query("SELECT reserve_batch(%s::json)", orjson.dumps(items).decode())
            return
        for batch in [items] if batches else [[item] for item in items]:
            self.world.reserve(batch)

    def known(self, which: int) -> Reserve:
        """The newest calls have the small numbers."""
        return self.world.calls[-1 - which % len(self.world.calls)]

    @precondition(lambda self: self.world.calls)
    @rule(
        drawn=st.lists(ends, min_size=1, max_size=5),
        again=st.lists(number, max_size=2),
        batches=st.booleans(),
        crash=crashes,
    )
    def settle(self, drawn: list[Any], again: list[int], batches: bool, crash: bool) -> None:
        """Some calls end; some ends of before are sent again among them. A crash leaves them in the spool."""
        new = [
            end(call, cost, free_back=back, builtin=call.builtin)
            for call, cost, back in ((self.known(which), cost, back) for which, cost, back in drawn)
        ]
        old = [self.sent[-1 - which % len(self.sent)] for which in again if self.sent]
        self.sent += new
        self.deliver(sorted(new + old, key=lambda item: item.id.int >> 9), batches, crash)

    @precondition(lambda self: self.sent)
    @rule(which=st.lists(number, min_size=1, max_size=6), batches=st.booleans(), crash=crashes)
    def replay(self, which: list[int], batches: bool, crash: bool) -> None:
        """What a spool holds is sent again: in part, in another order, some of it twice."""
        self.deliver([self.sent[-1 - one % len(self.sent)] for one in which], batches, crash)

    settle_more = settle

    def deliver(self, items: list[Settle], batches: bool, crash: bool) -> None:
        if crash:
            with self.world.lost():
                send(items)
            return
        for batch in [items] if batches else [[item] for item in items]:
            self.world.record(batch)

    @rule(what=st.sampled_from(["unknown", *WRONG]), caller=st.integers(0, 5), cost=small, which=number)
    def oddity(self, what: str, caller: int, cost: int, which: int) -> None:
        """A hold that the database lost, as reserve waits for no disk; an item that must be refused."""
        call = self.world.call(caller, 0, {})
        if what == "unknown":
            day = BEGIN.date() if which else None
            self.sent.append(end(call, cost, builtin=call.builtin, day=day))
            self.world.record(self.sent[-1:])
            return
        self.world.calls.pop()
        if what == "no month to reserve in":
            self.world.reserve([replace(call, id=GONE)])
            return
        self.world.reserve([call])
        bad = {
            "another caller's hold": end(call, 5, project=call.project + 1),
            "a negative cost": end(call, -1),
            "no month to settle in": end(call, 5, id=GONE),
        }[what]
        if what == "another caller's hold" and call.id not in self.world.model.holds:
            return
        # One bad item refuses its batch, and nothing of the batch has happened.
        with self.world.lost(), pytest.raises((psycopg.DataError, psycopg.IntegrityError)):
            send([end(call, 3), bad])

    # Money, caps

    @rule(
        what=st.sampled_from(["pay", "pay", "gift", "refund", "payout", "payout again"]),
        who=st.integers(0, 3),
        which=number,
        micros=st.integers(1, 9_000),
        twice=st.booleans(),
    )
    def money(self, what: str, who: int, which: int, micros: int, twice: bool) -> None:
        """Each operation happens once, however often it is asked for."""
        op = self.ops[which % len(self.ops)] if what == "payout again" and self.ops else self.world.op_id()
        for _ in range(1 + twice):
            if what == "pay":
                self.world.pay(who, micros, op)
            elif what == "gift":
                self.world.gift(who, micros, op)
            elif what == "refund":
                if self.world.calls:
                    self.world.refund(self.known(which).id)
            else:
                self.ops.append(op)
                self.world.payout(who, micros, op)

    @rule(
        scope=st.sampled_from(Scope),
        which=number,
        micros=st.sampled_from([None, 0, 1, 500, 3_000]) | st.integers(0, 20_000),
    )
    def cap(self, scope: Scope, which: int, micros: int | None) -> None:
        """Set, raised, lowered under what is held, taken away."""
        self.world.cap(scope, which, micros)

    # Time, workers

    @rule(seconds=st.sampled_from(SECONDS))
    def tick(self, seconds: int) -> None:
        self.world.tick(seconds)

    @rule(
        what=st.sampled_from(["beat", "beat", "start", "stop", "sweep", "sweep", "die", "die", "give back"]),
        which=number,
        known=st.lists(number, max_size=3),
    )
    def worker(self, what: str, which: int, known: list[int]) -> None:
        world = self.world
        epoch = world.epochs[which % len(world.epochs)]
        match what:
            case "beat":
                world.beat(epoch)
            case "start":
                world.epochs.insert(0, world.start_worker())
            case "stop":
                world.stop_worker(epoch)
            case "sweep":
                world.sweep()
            case "die":  # nobody beats while the sweeper goes on
                for seconds in (8, 3, 2, 2) if which else (11, 5):
                    world.tick(seconds)
                    world.sweep()
            case "give back":
                ids = [self.known(one).id for one in known] if world.calls else []
                world.give_back(epoch, ids)

    # What must hold

    @invariant()
    def books_are_equal(self) -> None:
        self.world.assert_books_equal()

    def teardown(self) -> None:
        """An hour later every hold but those of jobs is over; the product's own checks agree."""
        try:
            self.world.tick(3_600)
            self.world.sweep()
            self.world.assert_books_equal()
            if self.laws:
                assert _laws() == self.laws_before
        finally:
            self.roll_back()

    def roll_back(self) -> None:
        transaction.set_rollback(True)
        self.atomic.__exit__(None, None, None)


@pytest.fixture
def clock() -> Iterator[None]:
    with movable_clock():
        yield


@pytest.mark.slow
def test_any_history_ends_where_plain_python_does(clock: None) -> None:
    Books.laws_before = _laws()
    run_machine(
        Books,
        settings=settings(
            max_examples=EXAMPLES,
            stateful_step_count=STEPS,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )


def _laws() -> dict[str, int]:
    """How often each law is broken; the jobs of this world are no videos, so the law of those is left out."""
    return {f.invariant.name: f.broken for f in check() if f.invariant.name != "jobs_own_their_holds"}
