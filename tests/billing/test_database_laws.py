"""What the database itself refuses, whoever asks."""

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
import pytest
from django.conf import settings
from django.db import IntegrityError, connection, transaction

from billing.caps import Scope
from billing.ids import new_op_id
from billing.partitions import ensure_partitions, months
from tests.billing.books import UZS, Customer, ask, end, query, reserve, set_clock, settle

pytestmark = pytest.mark.django_db


@contextmanager
def refused() -> Iterator[None]:
    with pytest.raises((IntegrityError, psycopg.Error)), transaction.atomic():
        yield


@pytest.mark.parametrize(
    ("table", "change"),
    [("transfer", "amount_micros = 1"), ("fx_rate", "micros_per_usd = 1"), ("markup", "bps = 0")],
)
def test_money_rows_are_only_added(table: str, change: str) -> None:
    Customer().pay(UZS)
    query(
        "INSERT INTO fx_rate (source, date, micros_per_usd, author) VALUES ('manual', '2026-01-01', 1, 'x')"
    )

    for statement in (f"UPDATE {table} SET {change}", f"DELETE FROM {table}", f"TRUNCATE {table}"):
        with refused():
            query(statement)


def test_a_months_own_table_is_append_only_too() -> None:
    Customer().pay(UZS)
    table = query("SELECT tableoid::regclass::text FROM transfer ORDER BY id DESC LIMIT 1")[0][0]

    for statement in (f"UPDATE {table} SET meta = NULL", f"DELETE FROM {table}", f"TRUNCATE {table}"):
        with refused():
            query(statement)


def test_a_wallet_can_neither_go_below_zero_nor_hold_more_than_it_has() -> None:
    alice = Customer()
    alice.pay(100)

    for change in ("paid_micros = -1", "bonus_micros = -1", "held_micros = -1", "held_micros = 101"):
        with refused():
            query(f"UPDATE wallet SET {change} WHERE org_id = %s", alice.org)


def test_a_transfer_has_an_amount_and_two_sides() -> None:
    insert = "INSERT INTO transfer (id, kind, debit, credit, amount_micros) VALUES (%s, 13, %s, %s, %s)"
    for debit, credit, micros in ((1, 2, 0), (1, 2, -5), (1, 1, 5)):
        with refused():
            query(insert, new_op_id(), debit, credit, micros)


def test_the_coming_months_always_exist() -> None:
    assert {"hold", "transfer"} <= {name for name, _, _ in months()}
    assert ensure_partitions() == []  # made by the migration

    set_clock("2027-06-15 12:00+00")  # nobody ran it for half a year: no hole is left
    made = ensure_partitions()

    assert "hold_2027_03" in made
    assert "transfer_2027_09" in made
    assert {str(until) for _, _, until in months()} == {"2027-10-01"}


def test_a_call_of_next_month_finds_its_place() -> None:
    alice = Customer()
    alice.pay(UZS)
    ms = query(
        "SELECT (extract(epoch FROM date_trunc('month', now()) + interval '2 months') * 1000)::bigint"
    )[0][0]
    id = type(new_op_id())(int=ms << 80 | new_op_id().int & ((1 << 80) - 1))

    assert reserve(ask(alice, id=id))[0].v == "ok"


def test_no_partition_is_a_default_one() -> None:
    assert query("SELECT count(*) FROM pg_partitioned_table WHERE partdefid <> 0") == [(0,)]


def test_nobody_but_the_gateway_may_call_the_money_functions() -> None:
    open_to_all = query(
        "SELECT p.oid::regprocedure::text"
        " FROM pg_proc p, aclexplode(coalesce(proacl, acldefault('f', proowner))) a"
        " WHERE pronamespace = 'public'::regnamespace AND a.grantee = 0 AND prosecdef"
    )
    assert open_to_all == []


def test_definer_functions_have_a_fixed_search_path() -> None:
    loose = query(
        "SELECT oid::regprocedure::text FROM pg_proc"
        " WHERE pronamespace = 'public'::regnamespace AND prosecdef AND NOT"
        " coalesce(proconfig::text LIKE '%%search_path=pg_catalog, public, pg_temp%%', false)"
    )
    assert loose == []


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    "statement",
    [
        "SELECT * FROM wallet",
        "UPDATE wallet SET paid_micros = 1",
        "INSERT INTO transfer (id, kind, debit, credit, amount_micros) VALUES (NULL, 1, 1, 2, 3)",
        "DELETE FROM hold",
        "UPDATE worker SET fenced_at = NULL",
        "INSERT INTO markup (kind, bps, author) VALUES ('margin', 0, 'me')",
        "SELECT wallet_credit(1, gen_random_uuid(), 2, 'promo', 1000000, NULL)",
        "SELECT system_transfer(gen_random_uuid(), 13, 'promo', 'revenue', 1, NULL)",
        "SELECT sweep()",
        "CREATE TABLE mine (i int)",
    ],
)
def test_the_gateways_role_touches_money_through_its_functions_only(statement: str) -> None:
    with (
        psycopg.connect(settings.GATEWAY_DATABASE_URL) as gateway,
        pytest.raises(psycopg.errors.InsufficientPrivilege),
    ):
        gateway.execute(statement)


@pytest.mark.django_db(transaction=True)
def test_the_gateways_role_may_do_its_work() -> None:
    with psycopg.connect(settings.GATEWAY_DATABASE_URL, autocommit=True) as gateway:
        for statement in (
            "SELECT reserve_batch('[]')",
            "SELECT settle_batch('[]')",
            "SELECT heartbeat(0)",
            "SELECT live_workers()",
            "SELECT release_unknown(0, '{}')",
            "SELECT sweep_if_late()",
            "SELECT * FROM fx_rate, markup, rate_version",
            "SELECT rates_version()",
        ):
            gateway.execute(statement)


def rows_read() -> int:
    """Rows that this transaction has read of the tables that every call touches."""
    return int(
        query(
            "SELECT sum(coalesce(seq_tup_read, 0) + coalesce(idx_tup_fetch, 0))::bigint"
            " FROM pg_stat_xact_user_tables WHERE relname ~ '^(hold|transfer|wallet|cap|cap_use|free_use)'"
        )[0][0]
    )


def test_a_call_reads_its_own_rows_however_many_there_are() -> None:
    """Also by plans that were made before: those of a gateway that was there first."""
    early, alice = ask(paying(), free_wish=True), paying()
    reserve(early)
    settle(end(early, 0))
    crowd = [ask(paying()) for _ in range(400)]
    reserve(*crowd)
    settle(*[end(call, 10) for call in crowd[:200]])
    alice.cap(Scope.PROJECT_MONTH, UZS)

    before = rows_read()
    call, free = ask(alice), ask(alice, free_wish=True)
    reserve(call, free)
    settle(end(call, 9_000), end(free, free_back=True))

    assert 10 < rows_read() - before < 60


def paying() -> Customer:
    customer = Customer()
    customer.pay(UZS)
    return customer


def test_bounds_keep_a_lookup_out_of_the_other_months() -> None:
    query("SET LOCAL plan_cache_mode = force_generic_plan")
    query("SET LOCAL enable_seqscan = off")
    query(
        "PREPARE held (uuid[], uuid, uuid) AS"
        " SELECT * FROM hold WHERE id = ANY ($1) AND id >= $2 AND id <= $3"
    )
    id = new_op_id()
    plan = explain(f"EXECUTE held (ARRAY['{id}']::uuid[], '{id}', '{id}')")
    query("DEALLOCATE held")

    assert "Subplans Removed" in plan
    assert plan.count("Index Scan") == 1


def explain(statement: str) -> str:
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF) {statement}")
        return "\n".join(line for (line,) in cursor.fetchall())
