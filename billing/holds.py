"""Holds for the gateway: reserve before the upstream is called, settle before the answer ends.

One SQL call per batch, decided in the order of the list; the rules are in sql/reserve.sql and sql/settle.sql.
The connection should be in autocommit mode, so that a call is one transaction; inside an open transaction
(settle together with the request rows) it takes part in that one. Raises psycopg.Error: a DataError means an
item of the batch is wrong (halve the batch to find it), LockNotAvailable a busy wallet, SerializationFailure
"try again".

No Django here: the hot path imports it.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import date
from typing import Any, Literal
from uuid import UUID

import orjson
from psycopg import AsyncConnection

from accounts.values import value

type Connection = AsyncConnection[tuple[Any, ...]]
type Verdicts = Literal[
    "ok",
    "insufficient",
    "project_day",
    "project_month",
    "key_cap",
    "platform_day",
    "free_quota",
    "no_partition",
    "closed",
]


@value(frozen=True, kw_only=True)
class Reserve:
    """A call that asks to be let in. Field names are those of reserve_item in SQL."""

    id: UUID  # new_op_id()
    org: int
    project: int
    key: int
    candidates: tuple[tuple[int, int], ...]  # up to 3 of (fixed micros, micros per 10⁶ output units)
    out_min: int
    out_max: int  # equal to out_min where the caller gave a limit
    ttl_s: int
    owner: int  # the worker's epoch, or a negative number for a job
    quote: Mapping[str, object]
    free_wish: bool = False
    free_ok: bool = False
    free_quota: int = 100
    builtin: bool = False  # a call of the organizations platform and anonymous


@value(frozen=True)
class Verdict:
    """The answer. Unless v is "ok" nothing is held.

    "closed": this id was reserved and settled before. reset: when the cap or quota that denied renews.
    """

    v: Verdicts
    out: int  # granted output
    free: bool
    keep: tuple[int, ...]  # indexes of the candidates that may be tried
    hold: int  # micros
    avail: int  # micros of the wallet that nothing held before this call
    need: int  # micros that the cheapest way would have needed; the hold if let in
    reset: str | None  # ISO 8601


@value(frozen=True, kw_only=True)
class Settle:
    """The end of a call. Self-contained: works even if the hold is unknown. Fields as settle_item in SQL."""

    id: UUID
    org: int
    project: int
    key: int
    op: Literal["capture", "release"]
    cost: int = 0  # micros
    day: date | None = None  # of admission; only for a hold that the database lost
    free_back: bool = False  # nothing was delivered: a free unit returns
    builtin: bool = False


@value(frozen=True)
class Settled:
    """already: it was over before; charged is what it was charged then."""

    id: UUID
    state: Literal["captured", "released", "late_captured", "already"]
    charged: int  # micros, from the wallet
    overrun: int  # micros, our loss


def _json(items: Sequence[Reserve] | Sequence[Settle]) -> str:
    try:
        return orjson.dumps(items).decode()
    except TypeError:  # an int beyond 64 bits: unaffordable, and no reason to fail the batch
        return json.dumps([asdict(item) for item in items], default=str)


async def _call(conn: Connection, function: str, payload: str) -> list[dict[str, Any]]:
    # As text: orjson reads it several times faster than the driver's own JSON.
    cursor = await conn.execute(f"SELECT {function}(%s::json)::text".encode(), (payload,), prepare=True)
    row = await cursor.fetchone()
    assert row is not None
    answers: list[dict[str, Any]] = orjson.loads(row[0])
    return answers


async def reserve(conn: Connection, items: Sequence[Reserve]) -> list[Verdict]:
    """Hold the worst case of each call, or say why not; one Verdict per item, in order."""
    answers = await _call(conn, "reserve_batch", _json(items))
    return [Verdict(**{**answer, "keep": tuple(answer["keep"])}) for answer in answers]


async def settle(conn: Connection, items: Sequence[Settle]) -> list[Settled]:
    """Charge or release each call exactly once; on return it is durable (unless in an open transaction)."""
    answers = await _call(conn, "settle_batch", _json(items))
    return [Settled(UUID(a["id"]), a["state"], a["charged"], a["overrun"]) for a in answers]


async def _value(conn: Connection, query: bytes, *args: object) -> Any:
    row = await (await conn.execute(query, args)).fetchone()
    assert row is not None
    return row[0]


async def heartbeat_start(conn: Connection, host: str, pid: int) -> int:
    """A new epoch for this worker process: the owner of its holds."""
    return int(await _value(conn, b"SELECT heartbeat_start(%s, %s)", host, pid))


async def heartbeat(conn: Connection, epoch: int) -> bool:
    """Every 2 s. False: we were taken for dead and the epoch is fenced; start a new one."""
    return bool(await _value(conn, b"SELECT heartbeat(%s)", epoch))


async def heartbeat_stop(conn: Connection, epoch: int) -> None:
    """An orderly end, after the drain."""
    await conn.execute(b"SELECT heartbeat_stop(%s)", (epoch,))


async def sweep_if_late(conn: Connection) -> int:
    """Releases what dead workers hold while no sweeper runs; how many holds. Nothing while one does."""
    return int(await _value(conn, b"SELECT sweep_if_late()"))


async def live_workers(conn: Connection) -> int:
    """Gateway workers with a heartbeat of the last 10 s."""
    return int(await _value(conn, b"SELECT live_workers()"))


async def release_unknown(conn: Connection, epoch: int, known: Sequence[UUID], *, older_s: int = 60) -> int:
    """Give back this worker's open holds older than `older_s` that it doesn't know; how many there were."""
    query = b"SELECT release_unknown(%s, %s::uuid[], %s)"
    return int(await _value(conn, query, epoch, list(known), older_s))
