"""Rows of the request log as roll-ups need them, and what the ledger took for them."""

from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
import psycopg
from django.conf import settings

from billing.ids import new_op_id
from proxy.tasks import advance_usage
from tests.billing.books import query
from tests.factories import Caller
from tests.processes import until
from tests.proxy.test_crashed_rows import item

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def id_of(moment: datetime) -> str:
    """An operation's id as it would have been made then."""
    ms = (moment - EPOCH) // timedelta(milliseconds=1)
    return f"{ms:012x}"[:8] + "-" + f"{ms:012x}"[8:] + str(new_op_id())[13:]


def call(caller: Caller, cost: int = 100, *, at: datetime | None = None, **more: Any) -> dict[str, Any]:
    """A call that was answered and costs so many micros."""
    name = id_of(at) if at else str(new_op_id())
    return item(
        caller, id=name, status="ok", op="capture", cost=cost, price_micros=cost, http_status=200,
        input_tokens=10, output_tokens=20, latency_ms=900, endpoint_id=7, model="acme/one", kind="chat",
    ) | {"attempts": [{"endpoint": 7, "error": None, "status": 200}]} | more  # fmt: skip


def record(conn: psycopg.Connection[Any], *items: dict[str, Any]) -> None:
    conn.execute("SELECT record_batch(%s::json)", [orjson.dumps(items).decode()])


def take_in() -> None:
    """Runs the job until the roll-ups have all that is committed now.

    Transactions of every database of a server hold the horizon back, those of the suite's other half too.
    """
    [(seen,)] = query("SELECT (pg_snapshot_xmax(pg_current_snapshot())::text)::bigint")

    def taken() -> bool:
        advance_usage()
        return bool(query("SELECT (upto::text)::bigint >= %s FROM usage_horizon", seen)[0][0])

    until(taken, "the horizon to pass what is committed", 120)


def connect(*, autocommit: bool = True) -> psycopg.Connection[Any]:
    """A session of its own, as a gateway worker or a job has."""
    return psycopg.connect(settings.DATABASE_URL, autocommit=autocommit)
