"""Provider costs are posted once, also by two runs at once."""

from concurrent.futures import ThreadPoolExecutor
from uuid import uuid4

import psycopg
import pytest
from django.conf import settings

from billing.ids import new_op_id
from tests.billing.books import query
from tests.factories import make_caller, rows
from tests.processes import until
from tests.proxy.test_crashed_rows import item, record

pytestmark = pytest.mark.django_db(transaction=True)


OWED = "SELECT coalesce(sum(amount_micros), 0)::bigint AS micros FROM transfer WHERE credit = %s AND kind = 9"


def post() -> None:
    with psycopg.connect(settings.DATABASE_URL) as conn:
        conn.execute("SELECT post_costs(%s)", [[new_op_id() for _ in range(9)]])


def payable(provider: str) -> int:
    found = rows("SELECT a.id FROM ledger_account a WHERE code = %s", f"payable:{provider}")
    return sum(row["micros"] for one in found for row in rows(OWED, one["id"]))


def waits_for(holder: psycopg.Connection) -> bool:
    found = query("SELECT count(*) FROM pg_locks WHERE NOT granted AND transactionid IS NOT NULL")
    return bool(found[0][0]) and not holder.closed


def test_a_run_that_waited_for_another_one_does_not_set_the_horizon_back() -> None:
    with (
        psycopg.connect(settings.DATABASE_URL) as old,
        psycopg.connect(settings.DATABASE_URL) as first,
        ThreadPoolExecutor(1) as pool,
    ):
        old.execute("SELECT pg_current_xact_id()")  # the horizon of whoever looks now
        first.execute("SELECT FROM proxy_cost_posting FOR UPDATE")
        second = pool.submit(post)
        until(lambda: waits_for(first), "the second run to wait")
        old.commit()
        first.execute("UPDATE proxy_cost_posting SET horizon = pg_snapshot_xmin(pg_current_snapshot())")
        [far] = first.execute("SELECT horizon FROM proxy_cost_posting").fetchone() or ["0"]
        first.commit()
        second.result()

    assert query("SELECT horizon >= %s::text::xid8 FROM proxy_cost_posting", far) == [(True,)]


def test_each_provider_is_owed_its_own_part_of_a_call():
    """The one that served 5,000 nano-USD, one that broke off before it 2,000, at 12,000 so'm a dollar."""
    served, left = f"s{uuid4().hex[:8]}", f"l{uuid4().hex[:8]}"
    call = item(make_caller(balance_uzs=1), provider=served, status="ok", provider_cost_nano=7_000)
    record(call | {"micros_per_usd": 12_000_000_000, "owed_elsewhere": {left: 2_000}})
    until(lambda: (post(), payable(served))[1], "the horizon to pass the row")
    assert (payable(served), payable(left)) == (60_000, 24_000)
