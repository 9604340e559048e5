"""What the books say about a top-up, and several callers at once."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

from django.db import connection

from billing.ids import new_op_id
from billing.models import TopUp
from tests.factories import MICROS, rows
from tests.processes import until

POOL = 8  # deploy/gunicorn.conf.py


def wallet(topup: TopUp) -> int:
    """So'm of paid money."""
    found = rows("SELECT paid_micros FROM wallet WHERE org_id = %s", topup.org_id)
    return found[0]["paid_micros"] // MICROS if found else 0


def transfers(topup: TopUp) -> list[int]:
    """Kinds of all transfers of the wallet."""
    query = "SELECT kind FROM transfer WHERE paid_account(%s) IN (debit, credit) ORDER BY id"
    return [row["kind"] for row in rows(query, topup.org_id)]


def spend(topup: TopUp, uzs: int) -> None:
    """A call of the organization took so much of its paid money."""
    taken = (topup.org_id, new_op_id(), 7, "refund_payable", uzs * MICROS)
    rows("SELECT wallet_debit(%s, %s, %s, %s, %s, NULL)", *taken)


def at_once(count: int, *calls: Any, on: TopUp) -> list[Any]:
    """Each call so many times. They really are parallel: the top-up's row is let go when all wait for it, or
    as many as a single worker has connections, should the kernel have given it all of them.
    """
    with ThreadPoolExecutor(count * len(calls)) as pool, _held(on):
        running = [pool.submit(call) for _ in range(count) for call in calls]
        enough = min(len(running), POOL)
        until(lambda: _waiting() >= enough, f"{enough} calls at the lock")
    return [future.result() for future in running]


@contextmanager
def _held(topup: TopUp) -> Iterator[None]:
    """Another transaction has the top-up's lock."""
    holder = connection.copy()
    holder.set_autocommit(False)
    try:
        with holder.cursor() as cursor:
            cursor.execute("SELECT FROM billing_topup WHERE id = %s FOR UPDATE", [topup.pk])
        yield
    finally:
        holder.rollback()
        holder.close()


def _waiting() -> int:
    """Sessions of this database that wait for a lock."""
    query = (
        "SELECT count(*) AS n FROM pg_stat_activity"
        " WHERE datname = current_database() AND wait_event_type = 'Lock'"
    )
    found: int = rows(query)[0]["n"]
    return found
