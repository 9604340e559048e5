"""Months of the request log go without holding anybody up, and never with what somebody still reads."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from io import StringIO

import pytest
from django.core.management import call_command
from django.db import connection

from billing.partitions import add_index, drop_due, months
from tests.billing.books import Customer, ask, query
from tests.factories import make_caller
from tests.processes import until
from tests.proxy.usage import call, connect, id_of, record

pytestmark = pytest.mark.django_db(transaction=True)

# A hold of that month would have nowhere to go, so a free call takes another one's place.
_COPY = """
INSERT INTO proxy_request
SELECT (jsonb_populate_record(r, jsonb_build_object('id', %s, 'cost_micros', 0, 'price_micros', 0))).*
  FROM proxy_request r WHERE org_id = %s LIMIT 1
"""


def first_month() -> datetime:
    [found] = [first for parent, first, _ in months() if parent == "proxy_request"]
    return datetime(found.year, found.month, found.day, tzinfo=UTC)


@pytest.fixture
def old_month() -> Iterator[str]:
    """A month below those that are there, whose retention is over."""
    [name] = query(
        "SELECT 'proxy_request' || to_char(from_month - interval '1 month', '_YYYY_MM') FROM partitioned"
        " WHERE parent = 'proxy_request'"
    )[0]
    query(
        "SELECT add_month('proxy_request', (from_month - interval '1 month')::date, '') FROM partitioned"
        " WHERE parent = 'proxy_request'"
    )
    query(
        "UPDATE partitioned SET from_month = from_month - interval '1 month', kept_months = 1"
        " WHERE parent = 'proxy_request'"
    )
    yield name
    query("UPDATE partitioned SET kept_months = 13 WHERE parent = 'proxy_request'")


def exists(table: str) -> bool:
    return bool(query("SELECT to_regclass(%s) IS NOT NULL", table)[0][0])


def waits() -> bool:
    return bool(query("SELECT count(*) FROM pg_locks WHERE NOT granted AND locktype = 'virtualxid'")[0][0])


def dropped() -> list[str]:
    try:
        return drop_due()
    finally:
        connection.close()


def test_an_export_of_the_old_month_delays_no_charge_and_reads_to_its_end(old_month: str) -> None:
    alice = make_caller(balance_uzs=1)
    with connect() as gateway, ThreadPoolExecutor(1) as pool:
        record(gateway, call(alice, 5))
        for _ in range(3):
            query(_COPY, id_of(first_month()), alice.organization.pk)
        with connect(autocommit=False) as reader:
            export = reader.cursor(name="export")
            export.itersize = 1
            export.execute("SELECT id FROM proxy_request WHERE org_id = %s", [alice.organization.pk])
            assert export.fetchone()
            dropping = pool.submit(dropped)
            until(waits, "the dropping to wait for the export")
            gateway.execute("SET lock_timeout = '1s'")
            record(gateway, call(alice, 7))
            assert len(export.fetchall()) == 3, "its month is there as long as it reads"
            assert not dropping.done()
            export.close()
        assert dropping.result() == [old_month]
    assert alice.charged() == 12
    assert [row["cost_micros"] for row in alice.requests()] == [5, 7]
    assert not exists(old_month)


def test_a_month_that_is_read_for_long_goes_with_the_next_run(
    old_month: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with connect(autocommit=False) as reader:
        reader.execute("SELECT FROM proxy_request LIMIT 1")
        monkeypatch.setattr("billing.partitions._PATIENCE", "100ms")
        assert drop_due() == []
        assert exists(old_month)
    alice = Customer()
    alice.pay(10**6)
    assert ask(alice)
    out = StringIO()
    call_command("partitions", drop_due=True, stdout=out)
    assert f"dropped {old_month}" in out.getvalue()
    assert not exists(old_month)
    assert drop_due() == []


def test_an_index_is_built_month_by_month_also_after_it_broke_off() -> None:
    with connection.cursor() as cursor:
        for _ in range(2):
            add_index(cursor, "proxy_content", "proxy_content_try", "(log_key_id)")
        [(whole, of_months)] = query(
            "SELECT (SELECT indisvalid FROM pg_index WHERE indexrelid = 'proxy_content_try'::regclass),"
            " (SELECT count(*) FROM pg_inherits WHERE inhparent = 'proxy_content_try'::regclass)"
        )
        assert whole
        assert of_months >= 5
        cursor.execute("DROP INDEX proxy_content_try")
