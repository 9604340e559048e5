"""Any history of reserve, settle, payment and cap: the SQL functions end where plain Python does, in batches
as one by one, and the books balance."""

from operator import add
from typing import Any
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from billing.caps import Scope, remove_cap, set_cap
from billing.holds import Reserve, Settle
from billing.ids import Kind
from tests.billing.books import Customer, ask, credit, end, query, reserve, settle
from tests.billing.model import LONGEST_FIRST, Model

pytestmark = pytest.mark.django_db

small = st.integers(min_value=0, max_value=3_000)
prices = st.integers(min_value=0, max_value=4_000_000)
calls = st.fixed_dictionaries(
    {
        "candidates": st.lists(st.tuples(small, prices), min_size=1, max_size=3).map(tuple),
        "out": st.tuples(small, small).map(sorted),
        "free_wish": st.booleans(),
        "free_ok": st.booleans(),
        "free_quota": st.integers(0, 3),
        "project": st.integers(0, 1),
        "key": st.integers(0, 1),
    }
)
# An end names a call by its number among those asked so far, so that ends repeat, come late and come before.
ends = st.fixed_dictionaries(
    {
        "call": st.integers(0, 5),
        "cost": st.none() | st.integers(0, 6_000),
        "free_back": st.booleans(),
    }
)
steps = st.one_of(
    st.tuples(st.just("reserve"), st.lists(calls, min_size=1, max_size=6)),
    st.tuples(st.just("again"), st.lists(st.integers(0, 12), min_size=1, max_size=3)),
    st.tuples(st.just("settle"), st.lists(ends, min_size=1, max_size=6)),
    st.tuples(st.just("pay"), st.integers(1, 8_000)),
    st.tuples(st.just("gift"), st.integers(1, 8_000)),
    st.tuples(
        st.just("cap"), st.tuples(st.sampled_from(list(NAMES := LONGEST_FIRST)), st.integers(0, 1), small)
    ),
    st.tuples(st.just("uncap"), st.tuples(st.sampled_from(NAMES), st.integers(0, 1))),
)
# Most begin with some money: without it little happens.
beginnings = st.sampled_from([[], [("pay", 9_000)], [("gift", 2_000), ("pay", 9_000)]])
histories = st.builds(add, beginnings, st.lists(steps, min_size=1, max_size=14))
thorough = settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


class World:
    """One organization with two projects and two keys, in the database and in the model."""

    def __init__(self, *, one_by_one: bool) -> None:
        self.one_by_one = one_by_one
        self.first, self.second = Customer(), Customer()
        self.model = Model()
        self.calls: list[Reserve] = []

    def scope_id(self, scope: Scope, which: int) -> int:
        customer = (self.first, self.second)[which]
        return customer.key if "KEY" in scope.name else customer.project

    def call(self, drawn: dict[str, Any]) -> Reserve:
        customers = (self.first, self.second)
        out_min, out_max = drawn["out"]
        self.calls.append(
            ask(
                self.first,
                project=customers[drawn["project"]].project,
                key=customers[drawn["key"]].key,
                out_min=out_min,
                out_max=out_max,
                **{name: drawn[name] for name in ("candidates", "free_wish", "free_ok", "free_quota")},
            )
        )
        return self.calls[-1]

    def known(self, number: int) -> Reserve:
        """A call of this number; one that was never reserved if there is none."""
        if number < len(self.calls):
            return self.calls[number]
        return ask(self.first)

    def take(self, kind: str, drawn: Any) -> list[Any]:
        """Do a step in both, compare what they answer."""
        match kind:
            case "reserve":
                return self.reserve([self.call(one) for one in drawn])
            case "again":
                return self.reserve([self.known(number) for number in drawn if number < len(self.calls)])
            case "settle":
                return self.settle(
                    [end(self.known(d["call"]), d["cost"], free_back=d["free_back"]) for d in drawn]
                )
            case "pay":
                credit(self.first.org, Kind.TOPUP, "clearing:bank", drawn)
                self.model.paid += drawn
                self.model.paying = True
            case "gift":
                credit(self.first.org, Kind.PROMO, "promo", drawn)
                self.model.bonus += drawn
            case "cap":
                scope, which, micros = drawn
                set_cap(scope, self.scope_id(scope, which), micros)
                self.model.caps[scope, self.scope_id(scope, which)] = micros
            case "uncap":
                scope, which = drawn
                remove_cap(scope, self.scope_id(scope, which))
                self.model.caps.pop((scope, self.scope_id(scope, which)), None)
        return []

    def reserve(self, items: list[Reserve]) -> list[Any]:
        batches = [[item] for item in items] if self.one_by_one else [items]
        answers = [v for batch in batches for v in reserve(*batch)]
        expected = [self.model.reserve(item) for item in items]
        assert [(v.v, v.out, v.free, v.keep, v.hold) for v in answers] == expected
        return expected

    def settle(self, items: list[Settle]) -> list[Any]:
        batches = [[item] for item in items] if self.one_by_one else [items]
        answers = [s for batch in batches for s in settle(*batch)]
        expected = [self.model.settle(item) for item in items]
        assert [(s.state, s.charged, s.overrun) for s in answers] == expected
        return expected

    def assert_books_equal(self) -> None:
        model, org = self.model, self.first.org
        assert self.first.wallet() == (model.paid, model.bonus, model.held)
        assert self.first.free_used() == model.free_used
        assert self.uses() == {
            window: (use.spent, use.held) for window, use in model.uses.items() if use.spent or use.held
        }
        found = query("SELECT id, amount_micros, state, charged_micros FROM hold WHERE org = %s", org)
        assert {row[0]: row[1:] for row in found} == {
            id: (hold.amount, hold.state, hold.charged) for id, hold in model.holds.items()
        }
        self.assert_ledger_explains_wallet()

    def uses(self) -> dict[tuple[int, int], tuple[int, int]]:
        windows = [(scope, self.scope_id(scope, which)) for scope in LONGEST_FIRST for which in (0, 1)]
        found = query(
            "SELECT c.scope, c.id, u.spent, u.held FROM (SELECT unnest(%s::smallint[]), unnest(%s::bigint[]))"
            " c (scope, id), cap_used(c.scope, c.id, billing_today()) u WHERE u.spent <> 0 OR u.held <> 0",
            [int(scope) for scope, _ in windows],
            [scope_id for _, scope_id in windows],
        )
        return {(scope, scope_id): (spent, held) for scope, scope_id, spent, held in found}

    def assert_ledger_explains_wallet(self) -> None:
        org, model = self.first.org, self.model
        [(paid, bonus)] = query(
            "SELECT coalesce(sum(CASE WHEN credit = paid_account(%s) THEN amount_micros"
            " WHEN debit = paid_account(%s) THEN -amount_micros END), 0)::bigint,"
            " coalesce(sum(CASE WHEN credit = bonus_account(%s) THEN amount_micros"
            " WHEN debit = bonus_account(%s) THEN -amount_micros END), 0)::bigint FROM transfer",
            *[org] * 4,
        )
        assert (paid, bonus) == (model.paid, model.bonus)
        losses = [UUID(int=id.int | kind) for id in model.holds for kind in (Kind.OVERRUN, Kind.LATE_LOSS)]
        lost = query(
            "SELECT coalesce(sum(amount_micros), 0)::bigint FROM transfer WHERE id = ANY(%s)", losses
        )
        assert lost == [(model.lost,)]


@given(histories)
@thorough
def test_batches_end_where_plain_python_does(history: list[tuple[str, Any]]) -> None:
    world = World(one_by_one=False)
    for kind, drawn in history:
        world.take(kind, drawn)
    world.assert_books_equal()


@given(histories)
@thorough
def test_one_by_one_ends_where_plain_python_does(history: list[tuple[str, Any]]) -> None:
    world = World(one_by_one=True)
    for kind, drawn in history:
        world.take(kind, drawn)
    world.assert_books_equal()


@given(st.lists(calls, min_size=2, max_size=24), st.integers(0, 20_000), st.data())
@thorough
def test_a_batch_of_several_organizations_is_as_good_as_each_alone(
    drawn: list[dict[str, Any]], balance: int, data: st.DataObject
) -> None:
    worlds = [World(one_by_one=False) for _ in range(3)]
    for world in worlds:
        if balance:
            world.take("pay", balance)
    batch = [(world := data.draw(st.sampled_from(worlds)), world.call(one)) for one in drawn]

    answers = reserve(*[call for _, call in batch])

    assert [(v.v, v.out, v.free, v.keep, v.hold) for v in answers] == [
        world.model.reserve(call) for world, call in batch
    ]
    ended = [(world, end(call, data.draw(st.none() | st.integers(0, 6_000)))) for world, call in batch]
    settled = settle(*[item for _, item in ended])
    assert [(s.state, s.charged, s.overrun) for s in settled] == [
        world.model.settle(item) for world, item in ended
    ]
    for world in worlds:
        world.assert_books_equal()
