"""The books in PostgreSQL and in plain Python side by side: each step is done in both, all is compared."""

import itertools
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import orjson
from django.db import connection

from billing.caps import Scope, remove_cap, set_cap
from billing.errors import AlreadyReversed, InsufficientFunds, NothingToReverse
from billing.holds import Reserve, Settle, Verdict
from billing.ids import Kind, new_op_id, transfer_id
from billing.ledger import payout, refund
from billing.sweeper import sweep
from tests.billing.books import Customer, ask, query
from tests.billing.model import PAID_IN, PROMO, TASHKENT, Model

# Far from the rows of other tests, a minute before midnight of a month's last day in Tashkent.
BEGIN = datetime(2040, 1, 31, 23, 59, tzinfo=TASHKENT)
# Columns of a request row that the books don't look at.
ROW = {
    "at": BEGIN, "model": "m", "asked": "m", "endpoint_id": None, "provider": "p", "kind": "chat",
    "stream": True, "sandbox": False, "free": False,
    "status": "ok", "http_status": 200, "error_code": "", "finish_reason": "",
    "attempts": [], "input_tokens": 1, "cached_tokens": 0, "cache_write_tokens": 0, "output_tokens": 1,
    "reasoning_tokens": 0, "estimated": False, "price_micros": 0, "hold_micros": 0, "provider_cost_nano": 0,
    "markup_bps": 0, "prices": {}, "latency_ms": 1,
}  # fmt: skip
# The bounds of the ids leave all months but this one alone.
EVERYTHING = """SELECT json_build_object(
    'wallets', (SELECT json_agg(json_build_array(
            org_id, paid_micros, bonus_micros, held_micros, topped_up_at IS NOT NULL))
        FROM wallet WHERE org_id = ANY(%(orgs)s)),
    'holds', (SELECT json_agg(json_build_array(
            id, org, project, key, amount_micros, granted_output, free, builtin, state, charged_micros, owner,
            day, extract(epoch FROM created_at)::bigint, extract(epoch FROM expires_at)::bigint))
        FROM hold WHERE id = ANY(%(ids)s) AND id BETWEEN %(low)s AND %(high)s),
    'uses', (SELECT json_agg(json_build_array(scope, scope_id, window_start, spent_micros, held_micros))
        FROM cap_use WHERE (spent_micros, held_micros) <> (0, 0) AND scope_id = ANY(%(scope_ids)s)
         AND (scope_id <> 0 OR window_start BETWEEN %(since)s AND %(until)s)),
    'free', (SELECT json_agg(json_build_array(org, day, used))
        FROM free_use WHERE org = ANY(%(orgs)s) AND used > 0),
    'transfers', (SELECT json_agg(json_build_array(id, kind, debit, credit, amount_micros))
        FROM transfer WHERE id BETWEEN %(low)s AND %(high)s AND (
            debit = ANY(%(accounts)s) AND debit >= 4294967296
            OR credit = ANY(%(accounts)s) AND credit >= 4294967296 OR id = ANY(%(losses)s))),
    'rows', (SELECT json_agg(json_build_array(id, cost_micros))
        FROM proxy_request WHERE id = ANY(%(ids)s) AND id BETWEEN %(low)s AND %(high)s),
    'workers', (SELECT json_agg(json_build_array(epoch, suspect_at IS NOT NULL, fenced_at IS NOT NULL))
        FROM worker WHERE epoch = ANY(%(epochs)s)))::text"""


@contextmanager
def movable_clock() -> Iterator[None]:
    """The clock stands at BEGIN, and each transaction may put it to a moment of its own; see move_clock."""
    own = "nullif(current_setting('test.now', true), '')::timestamptz"
    define = (
        "CREATE OR REPLACE FUNCTION billing_now() RETURNS timestamptz LANGUAGE sql VOLATILE AS $$SELECT {}$$"
    )
    query(define.format(f"coalesce({own}, clock_timestamp())"))
    try:
        move_clock(BEGIN, for_good=True)
        sweep()  # what other tests left
        yield
    finally:
        query(define.format("clock_timestamp()"))
        query("SELECT set_config('test.now', '', false)")
        query("UPDATE sweeper SET last_at = clock_timestamp()")


def move_clock(moment: datetime, *, for_good: bool = False) -> None:
    """Put the database's clock at this moment until the transaction's end, or in this session for good."""
    query("SELECT set_config('test.now', %s, %s)", moment.isoformat(), not for_good)


def execute(sql: str, parameters: Any) -> Any:
    """The one value of a statement that is asked for often: prepared, and without Django's wrapping."""
    connection.ensure_connection()
    return connection.connection.execute(sql, parameters, prepare=True).fetchone()[0]


class World:
    """Four organizations that share nothing, but for the platform's cap over the last two.

    The first has two projects and two keys. Lives in a transaction, which its owner rolls back.
    """

    def __init__(self, begin: datetime = BEGIN) -> None:
        self.customers = [Customer() for _ in range(4)]
        first = self.customers[0]
        self.callers = [
            (first.org, first.project, first.key, False),
            (first.org, first.project, second_key := Customer().key, False),
            (first.org, second_project := Customer().project, second_key, False),
            *((c.org, c.project, c.key, i > 0) for i, c in enumerate(self.customers[1:])),
        ]
        self.projects = [first.project, second_project, *(c.project for c in self.customers[1:])]
        self.keys = [first.key, second_key, *(c.key for c in self.customers[1:])]
        self.orgs = [c.org for c in self.customers]
        self.begin = self.now = begin
        move_clock(begin)
        months = query("SELECT first_id, past_id FROM partitioned")
        query("UPDATE sweeper SET last_at = %s", begin)
        first, past = max(m[0] for m in months), min(m[1] for m in months)
        self.model = Model(now=begin, first=first, past=past, swept=begin)
        self.calls: list[Reserve] = []
        self.epochs = [self.start_worker()]
        self._base = new_op_id().int & ~(0xFFFFF << 8)
        self._ids = itertools.count(1)

    def op_id(self) -> UUID:
        """New, of this month, and in no order."""
        return UUID(int=self._base | (next(self._ids) * 40_503 & 0xFFFF) << 8)

    def call(self, caller: int, worker: int, drawn: dict[str, Any]) -> Reserve:
        org, project, key, builtin = self.callers[caller]
        owner = self.epochs[worker % len(self.epochs)] if worker >= 0 else worker
        self.calls.append(
            ask(
                self.customers[0], id=self.op_id(), org=org, project=project, key=key, builtin=builtin,
                owner=owner, **drawn,
            )
        )  # fmt: skip
        return self.calls[-1]

    def reserve(self, calls: Sequence[Reserve]) -> None:
        assert admit(calls) == self.model.reserve(calls)

    def record(self, ends: Sequence[Settle]) -> None:
        assert send(ends) == self.model.record(ends)

    # Money from outside

    def pay(self, who: int, micros: int, op: UUID | None = None) -> None:
        self.credit(who, Kind.TOPUP, ("adjustment", PAID_IN), micros, op)

    def gift(self, who: int, micros: int, op: UUID | None = None) -> None:
        self.credit(who, Kind.PROMO, ("promo", PROMO), micros, op)

    def credit(self, who: int, kind: Kind, source: tuple[str, int], micros: int, op: UUID | None) -> None:
        org, op, (code, number) = self.orgs[who], op or self.op_id(), source
        done = put(org, op, kind, code, micros)
        assert done is self.model.credit(org, op, kind, number, micros)

    def payout(self, who: int, micros: int, op: UUID) -> None:
        expected = self.model.payout(self.orgs[who], op, micros)
        try:
            done = payout(self.orgs[who], micros, op, reason="", author="")
        except InsufficientFunds:
            done = None
        assert done is expected

    def refund(self, op: UUID) -> None:
        assert give_back(op) == self.model.refund(op, refund_id(op))

    # Caps, time, workers

    def cap(self, scope: Scope, which: int, micros: int | None) -> None:
        ids = self.keys if "KEY" in scope.name else self.projects
        scope_id = 0 if scope == Scope.PLATFORM_DAY else ids[which % len(ids)]
        if micros is None:
            remove_cap(scope, scope_id)
            self.model.caps.pop((scope, scope_id), None)
        else:
            set_cap(scope, scope_id, micros)
            self.model.caps[scope, scope_id] = micros

    def tick(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)
        self.model.now = self.now
        move_clock(self.now)

    def start_worker(self) -> int:
        epoch = int(execute("SELECT heartbeat_start('host', 1)", []))
        self.model.start_worker(epoch)
        return epoch

    def stop_worker(self, epoch: int) -> None:
        execute("SELECT heartbeat_stop(%s)::text", [epoch])
        self.model.workers[epoch].fenced = True

    def beat(self, epoch: int) -> None:
        assert execute("SELECT heartbeat(%s)", [epoch]) is self.model.heartbeat(epoch)

    def sweep(self) -> None:
        assert sweep().released == self.model.sweep()

    def give_back(self, epoch: int, known: Sequence[UUID]) -> None:
        found = execute("SELECT release_unknown(%s, %s::uuid[])", [epoch, list(known)])
        assert found == self.model.release_unknown(epoch, known)

    # Crashes

    @contextmanager
    def lost(self, name: str = "crash") -> Iterator[None]:
        """What happens in here dies before its commit: of none of it is anything left."""
        raw = connection.connection
        raw.execute(f"SAVEPOINT {name}")
        try:
            yield
        finally:
            raw.execute(f"ROLLBACK TO SAVEPOINT {name}")
            raw.execute(f"RELEASE SAVEPOINT {name}")

    # Comparison

    def assert_books_equal(self) -> None:
        """Everything that the model knows of stands in the database just so, and nothing beside it."""
        model = self.model
        found = orjson.loads(execute(EVERYTHING, self.range()))
        same("wallets", found, {(org, w.paid, w.bonus, w.held, w.paying) for org, w in model.wallets.items()})
        holds = {
            (
                str(id), h.call.org, h.call.project, h.call.key, h.amount, h.out, h.free, h.call.builtin,
                h.state, h.charged, h.owner, str(h.day),
                int(h.created.timestamp()), int(h.expires.timestamp()),
            )
            for id, h in model.holds.items()
        }  # fmt: skip
        same("holds", found, holds)
        uses = {(scope, id, str(day), use.spent, use.held) for (scope, id, day), use in model.uses.items()}
        same("uses", found, {use for use in uses if use[3:] != (0, 0)})
        same("free", found, {(org, str(day), used) for (org, day), used in model.free_used.items() if used})
        same("transfers", found, {(str(id), id.int & 0xFF, *legs) for id, legs in model.transfers.items()})
        same("rows", found, {(str(id), micros) for id, micros in model.rows.items()})
        workers = {(epoch, w.suspect is not None, w.fenced) for epoch, w in model.workers.items()}
        same("workers", found, workers)

    def range(self) -> dict[str, Any]:
        """All rows that may be ours."""
        ids = list({*self.model.holds, *(call.id for call in self.calls), *self.model.rows})
        days = [hold.day for hold in self.model.holds.values()]
        return {
            "orgs": self.orgs,
            "ids": ids,
            "low": UUID(int=self._base >> 80 << 80),
            "high": UUID(int=(self._base >> 80) + 600_000 << 80),
            "scope_ids": [*self.projects, *self.keys, 0],
            "since": min([self.begin.date(), *days]),
            "until": max([self.begin.date(), *days]),
            "accounts": [2**32 + 2 * org + part for org in self.orgs for part in (0, 1)],
            "losses": [transfer_id(id, kind) for id in ids for kind in (Kind.OVERRUN, Kind.LATE_LOSS)],
            "epochs": list(self.model.workers),
        }


def admit(calls: Sequence[Reserve]) -> list[Verdict]:
    """Reserve, as the gateway does."""
    answers = orjson.loads(execute("SELECT reserve_batch(%s::json)::text", [orjson.dumps(calls).decode()]))
    return [Verdict(**{**answer, "keep": tuple(answer["keep"])}) for answer in answers]


def send(ends: Sequence[Settle]) -> list[tuple[str, int, int]]:
    """The ends of calls as the gateway sends them, settled and logged in one: state, charged, our loss."""
    items = [
        ROW | asdict(end) | {"org_id": end.org, "project_id": end.project, "key_id": end.key} for end in ends
    ]
    found = orjson.loads(execute("SELECT record_batch(%s::json)::text", [orjson.dumps(items).decode()]))
    return [(answer["state"], answer["charged"], answer["overrun"]) for answer in found]


def put(org: int, op: UUID, kind: Kind, source: str, micros: int) -> bool:
    """Credit; whether it was new."""
    return bool(
        execute("SELECT wallet_credit(%s, %s, %s, %s, %s, NULL)", [org, op, int(kind), source, micros])
    )


def give_back(op: UUID) -> int | None:
    """Refund; None if it was done before."""
    try:
        return refund(op, reason="", author="")
    except AlreadyReversed:
        return None
    except NothingToReverse:
        return 0


def refund_id(op: UUID) -> UUID:
    """The id that the product gave to a refund."""
    charges = [transfer_id(op, kind) for kind in (Kind.CHARGE_PAID, Kind.CHARGE_BONUS)]
    found = query("SELECT op_id FROM reversal WHERE reverses = ANY(%s)", charges)
    return UUID(str(found[0][0])) if found else op


def same(what: str, found: dict[str, list[list[Any]] | None], due: set[tuple[Any, ...]]) -> None:
    rows = {tuple(row) for row in found[what] or ()}
    if rows != due:
        raise AssertionError(f"{what}: found {sorted(rows - due)} in place of {sorted(due - rows)}")
