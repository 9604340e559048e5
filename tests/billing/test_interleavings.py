"""Two calls, one sweep, one crash and its replay in every order that there is, and every two of the ledger's
operations at the same time.

In order: a call is reserved and ends; the worker is taken for dead; the sweep comes once; the spool is
replayed once, and a zombie's own settles come all the same. All orders of these seven steps are walked as a
tree, whose shared beginnings are done once; the whole books are compared after every step.

At the same time: one operation has done its work and not committed yet when the next one comes on a second
connection; then it commits, or dies. What stands in the books is what one order of the two would have left.
"""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import datetime, timedelta
from itertools import count, permutations
from math import factorial
from pickle import dumps, loads
from uuid import UUID

import pytest
from django.db import connection, transaction

from billing.caps import Scope, remove_cap, set_cap
from billing.errors import InsufficientFunds
from billing.holds import Reserve, Settle
from billing.ids import Kind
from billing.ledger import payout
from billing.sweeper import sweep
from tests.billing.books import end, query
from tests.billing.model import PAID_IN, Model
from tests.billing.world import (
    BEGIN,
    World,
    admit,
    give_back,
    movable_clock,
    move_clock,
    put,
    refund_id,
    send,
)
from tests.processes import until

pytestmark = pytest.mark.django_db(transaction=True)

PRICE = ((500, 2_000_000),)  # 2,500 for the 1,000 units that each call asks for
STEPS = ("a reserve", "a end", "b reserve", "b end", "crash", "sweep", "replay")
# What must come before what: calls end after they began, and only a dead worker's spool is replayed.
BEFORE = {"a end": "a reserve", "b end": "b reserve", "replay": "crash"}
# Money and cap so that both calls, one, or one and a half fit.
FUNDS = {
    "enough": (10_000, None),
    "a wallet for one": (2_600, None),
    "a cap for one": (10_000, 2_600),
    "a cap for one and an overrun": (10_000, 4_000),
}
# What each call costs at its end; None is a release.
ENDS = {"both charged": (700, 900), "over the hold": (3_500, 900), "one given up": (None, 900)}


@pytest.fixture(autouse=True)
def clock() -> Iterator[None]:
    with movable_clock():
        yield
        remove_cap(Scope.PLATFORM_DAY, 0)


class Stage:
    """A world with two calls of one organization, and the steps that may happen to them."""

    def __init__(self, funds: str, ends: str) -> None:
        world = self.world = World()
        money, cap = FUNDS[funds]
        world.pay(0, money)
        if cap is not None:
            world.cap(Scope.PROJECT_DAY, 0, cap)
        a, b = (call(world, caller) for caller in (0, 1))
        spool = [end(one, cost) for one, cost in zip((a, b), ENDS[ends], strict=True)]
        self.steps: dict[str, Callable[[], object]] = {
            "a reserve": lambda: world.reserve([a]),
            "a end": lambda: world.record(spool[:1]),
            "b reserve": lambda: world.reserve([b]),
            "b end": lambda: world.record(spool[1:]),
            "crash": lambda: world.stop_worker(world.epochs[0]),
            "sweep": world.sweep,
            "replay": lambda: world.record(spool),
        }

    def walk(self, done: tuple[str, ...] = ()) -> int:
        """Every order of the steps that are left; how many there were."""
        if len(done) == len(STEPS):
            return 1
        orders = 0
        for step in STEPS:
            if step in done or BEFORE.get(step, step) not in (*done, step):
                continue
            before = self.world.model
            self.world.model = copied(before)
            with self.world.lost(f"step_{len(done)}"):
                try:
                    self.steps[step]()
                    self.world.assert_books_equal()
                except AssertionError as error:
                    error.add_note(" → ".join((*done, step)))
                    raise
                orders += self.walk((*done, step))
            self.world.model = before
        return orders


def copied(model: Model) -> Model:
    """Much faster than deepcopy."""
    copy: Model = loads(dumps(model))
    return copy


def call(world: World, caller: int, **changes: object) -> Reserve:
    return world.call(caller, 0, {"candidates": PRICE, "out_min": 1000, "out_max": 1000} | changes)


@pytest.mark.parametrize(
    ("funds", "ends"),
    [
        *((funds, "over the hold") for funds in FUNDS),
        ("enough", "both charged"),
        ("a wallet for one", "one given up"),
    ],
)
@pytest.mark.slow
def test_every_order_of_two_calls_a_sweep_a_crash_and_its_replay(funds: str, ends: str) -> None:
    with transaction.atomic():
        orders = Stage(funds, ends).walk()
        transaction.set_rollback(True)

    assert orders == factorial(len(STEPS)) // 2 ** len(BEFORE) == 630


# At the same time


days = count(1)
type Operation = tuple[Callable[[], object], Callable[[Model], object]]  # in the database, in the model
OPERATIONS = (
    "reserve c", "reserve a again", "reserve a free call", "settle a", "settle b over its hold",
    "settle p over its hold", "settle q over its hold", "replay all", "release a", "sweep", "pay", "pay out",
    "lower the cap", "refund",
)  # fmt: skip


class Floor:
    """A world in autocommit where everything is under way: calls a and b of one organization are held, c is
    still to come, p and q are calls of the two organizations that share the platform's cap.

    Each has a day of its own, far from those of other tests: what is committed for the platform's cap stays.
    """

    def __init__(self, day: int, cap: int | None) -> None:
        self.moment = BEGIN.replace(year=2080) + timedelta(days=day)
        move_clock(self.moment, for_good=True)
        world = self.world = World(self.moment)
        for who in range(4):
            world.pay(who, 6_000)
            world.gift(who, 300)
        a, b, p, q = (call(world, caller) for caller in (0, 1, 4, 5))
        c, free = call(world, 2), call(world, 3, free_wish=True, free_ok=True, free_quota=1)
        done = call(world, 0, candidates=((10, 0),))
        world.reserve([a, b, p, q, done])
        world.record([end(done, 10)])
        world.cap(Scope.PROJECT_DAY, 0, cap)
        world.cap(Scope.PLATFORM_DAY, 0, cap)
        world.stop_worker(world.epochs[0])
        costs = ((a, 700), (b, 9_000), (p, 3_600), (q, 3_600))
        ends = {one.id: end(one, cost, builtin=one.builtin) for one, cost in costs}
        org, project, paid, gone = world.orgs[0], world.projects[0], world.op_id(), world.op_id()
        self.operations: dict[str, Operation] = {
            "reserve c": reserving(c),
            "reserve a again": reserving(a),
            "reserve a free call": reserving(free),
            "settle a": settling(ends[a.id]),
            "settle b over its hold": settling(ends[b.id]),
            "settle p over its hold": settling(ends[p.id]),
            "settle q over its hold": settling(ends[q.id]),
            "replay all": settling(*(ends[one.id] for one in (q, b, a, p))),
            "release a": settling(end(a)),
            "sweep": (lambda: sweep().released, lambda model: model.sweep()),
            "pay": (
                lambda: put(org, paid, Kind.TOPUP, "adjustment", 5_000),
                lambda model: model.credit(org, paid, Kind.TOPUP, PAID_IN, 5_000),
            ),
            "pay out": (lambda: pay_out(org, gone, 1_000), lambda model: model.payout(org, gone, 1_000)),
            "lower the cap": (
                lambda: set_cap(Scope.PROJECT_DAY, project, 100),
                lambda model: model.caps.update({(Scope.PROJECT_DAY, project): 100}),
            ),
            "refund": (
                lambda: give_back(done.id), lambda model: model.refund(done.id, refund_id(done.id))
            ),
        }  # fmt: skip

    def run(self, first: str, second: str, other: ThreadPoolExecutor, *, crash: bool) -> None:
        """`second` comes while `first` has done its work and not committed; `first` commits or dies."""
        backend = other.submit(lambda: own_backend(self.moment)).result()
        with suppress(Died), transaction.atomic():
            told = [(first, self.operations[first][0]())]
            later = other.submit(self.operations[second][0])
            until(lambda: later.done() or is_waiting(backend), f"{second} to be done or to wait")
            if crash:
                raise Died
        told.append((second, later.result()))
        self.assert_is_some_order(told[crash:])

    def assert_is_some_order(self, told: list[tuple[str, object]]) -> None:
        """One sweep more first: what a sweep finds locked it leaves to the next one."""
        sweep()
        before, wrong = self.world.model, []
        for order in permutations(told):
            self.world.model = copied(before)
            try:
                for name, answer in order:
                    expected = self.operations[name][1](self.world.model)
                    # How many a sweep releases depends on what it finds locked.
                    assert name == "sweep" or answer == expected, f"{name} answered {answer}, not {expected}"
                self.world.model.sweep()
                self.world.assert_books_equal()
            except AssertionError as error:
                wrong.append(f"{[name for name, _ in order]}: {error}")
            else:
                return
        raise AssertionError("\n".join(wrong))


class Died(Exception):
    pass


def reserving(*calls: Reserve) -> Operation:
    return (lambda: admit(calls), lambda model: model.reserve(calls))


def settling(*ends: Settle) -> Operation:
    return (lambda: send(ends), lambda model: model.record(ends))


def pay_out(org: int, op: UUID, micros: int) -> bool | None:
    try:
        return payout(org, micros, op, reason="", author="")
    except InsufficientFunds:
        return None


def own_backend(moment: datetime) -> int:
    """This thread's connection, its clock put right; the process that serves it."""
    move_clock(moment, for_good=True)
    return int(query("SELECT pg_backend_pid()")[0][0])


def is_waiting(backend: int) -> bool:
    return bool(query("SELECT EXISTS (SELECT FROM pg_locks WHERE pid = %s AND NOT granted)", backend)[0][0])


@pytest.fixture
def other() -> Iterator[ThreadPoolExecutor]:
    """A thread, and so a connection, beside our own."""
    with ThreadPoolExecutor(1) as pool:
        yield pool
        pool.submit(lambda: connection.close()).result()  # the lambda: that thread's connection


@pytest.mark.slow
@pytest.mark.parametrize(
    ("cap", "crash"),
    [(None, False), (6_200, False), (6_200, True)],
    ids=["no cap", "a cap for one overrun", "dies"],
)
@pytest.mark.parametrize("first", OPERATIONS)
def test_two_at_the_same_time_are_one_after_the_other(
    first: str, cap: int | None, crash: bool, other: ThreadPoolExecutor
) -> None:
    assert len(OPERATIONS) == 14
    for second in OPERATIONS:
        with transaction.atomic():
            floor = Floor(next(days), cap)
        assert tuple(floor.operations) == OPERATIONS
        try:
            floor.run(first, second, other, crash=crash)
        except AssertionError as error:
            error.add_note(f"{first} | {second}")
            raise
