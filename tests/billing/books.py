"""The money functions as tests call them, over Django's connection and so inside the test's transaction."""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any
from uuid import UUID, uuid4

import orjson
from django.db import connection

from billing.caps import Scope, set_cap
from billing.holds import Reserve, Settle, Settled, Verdict
from billing.ids import Kind, new_op_id

UZS = 1_000_000  # micros

# No test sees another one's rows: ids are never used twice, in whichever process of the suite.
_next_id = itertools.count(uuid4().int >> 70 & ~0xFFFFF | 1)


@dataclass(frozen=True, slots=True)
class Customer:
    """An organization with one project and one key; no rows in accounts, which money functions don't read."""

    org: int = field(default_factory=lambda: next(_next_id))
    project: int = field(default_factory=lambda: next(_next_id))
    key: int = field(default_factory=lambda: next(_next_id))

    def wallet(self) -> tuple[int, int, int]:
        """paid, bonus, held."""
        found = query("SELECT paid_micros, bonus_micros, held_micros FROM wallet WHERE org_id = %s", self.org)
        return found[0] if found else (0, 0, 0)

    def available(self) -> int:
        paid, bonus, held = self.wallet()
        return paid + bonus - held

    def pay(self, micros: int) -> None:
        """A payment that arrived, without a top-up: so not through an account that top-ups answer for."""
        credit(self.org, Kind.TOPUP, "clearing:test", micros)

    def gift(self, micros: int) -> None:
        """Promo money."""
        credit(self.org, Kind.PROMO, "promo", micros)

    def cap(self, scope: Scope, micros: int) -> None:
        set_cap(scope, self.key if "KEY" in scope.name else self.project, micros)

    def use(self) -> dict[int, tuple[int, int]]:
        """(spent, held) by scope, of the windows of today."""
        found = query(
            "SELECT c.scope, u.spent, u.held FROM (VALUES (1, %s), (2, %s), (3, %s), (4, %s), (5, %s))"
            " c (scope, id), cap_used(c.scope::smallint, c.id, billing_today()) u",
            *[self.project] * 2 + [self.key] * 3,
        )
        return {scope: (spent, held) for scope, spent, held in found}

    def free_used(self) -> int:
        found = query("SELECT used FROM free_use WHERE org = %s AND day = billing_today()", self.org)
        return found[0][0] if found else 0

    def transfers(self, op: UUID) -> dict[str, int]:
        """Micros by kind of one operation."""
        ids = [UUID(int=op.int | kind) for kind in Kind]
        found = query("SELECT kind, amount_micros FROM transfer WHERE id = ANY(%s)", ids)
        return {Kind(kind).name.lower(): micros for kind, micros in found}


def query(sql: str, *args: object) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql, args)
        return cursor.fetchall() if cursor.description else []


def credit(org: int, kind: Kind, source: str, micros: int) -> None:
    query("SELECT wallet_credit(%s, %s, %s, %s, %s, NULL)", org, new_op_id(), kind, source, micros)


def ask(customer: Customer, **changes: Any) -> Reserve:
    """A call of at most 1,000 units at 2 micros each plus 500: 2,500 at worst."""
    call = Reserve(
        id=new_op_id(), org=customer.org, project=customer.project, key=customer.key,
        candidates=((500, 2_000_000),), out_min=1000, out_max=1000, ttl_s=960, owner=1, quote={"c": 1},
    )  # fmt: skip
    return replace(call, **changes)


def end(call: Reserve, cost: int | None = None, **changes: Any) -> Settle:
    """The capture of a call, or its release without a cost."""
    op = "release" if cost is None else "capture"
    return replace(
        Settle(id=call.id, org=call.org, project=call.project, key=call.key, op=op, cost=cost or 0), **changes
    )


def reserve(*items: Reserve) -> list[Verdict]:
    answers = _batch("reserve_batch", items)
    return [Verdict(**{**answer, "keep": tuple(answer["keep"])}) for answer in answers]


def settle(*items: Settle) -> list[Settled]:
    return [Settled(**{**answer, "id": UUID(answer["id"])}) for answer in _batch("settle_batch", items)]


def _batch(function: str, items: Sequence[object]) -> list[dict[str, Any]]:
    answers: list[dict[str, Any]] = orjson.loads(
        query(f"SELECT {function}(%s::json)::text", orjson.dumps(items).decode())[0][0]
    )
    return answers


def set_clock(moment: str | None) -> None:
    """Put the database's clock at this moment, until the test's transaction is rolled back."""
    body = f"SELECT timestamptz '{moment}'" if moment else "SELECT clock_timestamp()"
    query(f"CREATE OR REPLACE FUNCTION billing_now() RETURNS timestamptz LANGUAGE sql VOLATILE AS $${body}$$")
