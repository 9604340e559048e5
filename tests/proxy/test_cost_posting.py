"""Provider costs are posted once, also by two runs at once."""

from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest
from django.conf import settings

from billing.ids import new_op_id
from tests.billing.books import query
from tests.processes import until

pytestmark = pytest.mark.django_db(transaction=True)


def post() -> None:
    with psycopg.connect(settings.DATABASE_URL) as conn:
        conn.execute("SELECT post_costs(%s)", [[new_op_id() for _ in range(9)]])


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
