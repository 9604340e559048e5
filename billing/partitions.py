"""Months of holds, transfers and whatever else called register_partitioned() (sql/partition.sql)."""

import logging
from datetime import date
from typing import Any

from django.db import OperationalError, connections
from django.db.backends.utils import CursorWrapper
from psycopg import sql

from billing.errors import MonthRefused
from billing.sql import script

log = logging.getLogger(__name__)

_KEPT = {"transfer", "hold"}  # what every balance is made of
# How long a detaching waits for readers that began before it. Calls go on meanwhile; the next run ends it.
_PATIENCE = "30s"
_DUE = """
SELECT parent FROM partitioned
 WHERE from_month + make_interval(months => kept_months)
       < date_trunc('month', billing_now() AT TIME ZONE 'UTC')
 ORDER BY parent
"""
# Months below the first one that are still attached by half, or that nobody has dropped yet.
_LEFT = """
SELECT p.parent, c.relname, i.inhdetachpending
  FROM partitioned p JOIN pg_class c ON c.relkind = 'r' AND c.relnamespace = 'public'::regnamespace
   AND c.relname ~ ('^' || p.parent || '_[0-9]{4}_[0-9]{2}$')
   AND right(c.relname, 7) < to_char(p.from_month, 'YYYY_MM')
  LEFT JOIN pg_inherits i ON i.inhrelid = c.oid
 WHERE p.kept_months IS NOT NULL AND i.inhdetachpending IS NOT FALSE
"""


def ensure_partitions(using: str = "default") -> list[str]:
    """Attach what is missing up to three months ahead; the names of the new tables. Safe to repeat."""
    with connections[using].cursor() as cursor:
        cursor.execute("SELECT ensure_partitions()")
        return list(cursor.fetchone()[0])


def after_migrate(*, using: str, **_: Any) -> None:
    """At every migrate, so at every start: the coming months exist and the gateway's rights are in force."""
    connection = connections[using]
    if connection.vendor != "postgresql" or "partitioned" not in connection.introspection.table_names():
        return  # this database was migrated without us, or back
    ensure_partitions(using)
    with connection.cursor() as cursor:
        cursor.execute(script("grants"))


def months(using: str = "default") -> list[tuple[str, date, date]]:
    """(table, first month, first month that is not there yet) of each partitioned table."""
    with connections[using].cursor() as cursor:
        cursor.execute("SELECT parent, from_month, until_month FROM partitioned ORDER BY parent")
        found: list[tuple[str, date, date]] = cursor.fetchall()
        return found


def detach_oldest(parent: str, using: str = "default") -> str:
    """Detach the oldest month without holding up anybody; the name of the table that it becomes.

    Raises MonthRefused for the ledger and its holds, which stay, and for the months from the last one on.
    """
    with connections[using].cursor() as cursor:
        cursor.execute(
            "SELECT from_month, to_char(from_month, '_YYYY_MM') FROM partitioned WHERE parent = %s"
            " AND from_month < date_trunc('month', billing_now()) - interval '1 month'",
            [parent],
        )
        found = cursor.fetchone()
        if found is None or parent in _KEPT:
            raise MonthRefused(f"{parent} has no month that may be detached")
        table = parent + found[1]
        # First the registry: from here on no call is let in with an id of that month.
        cursor.execute(
            "UPDATE partitioned SET from_month = from_month + interval '1 month'"
            " WHERE parent = %s AND from_month = %s",
            [parent, found[0]],
        )
        names = sql.Identifier(parent), sql.Identifier(table)
        cursor.execute(sql.SQL("ALTER TABLE {} DETACH PARTITION {} CONCURRENTLY").format(*names))
    return str(table)


def drop_due(using: str = "default") -> list[str]:
    """Drop the months whose retention is over; their names. Safe to repeat, and beside running calls.

    A month that somebody still reads is left to the next run: nobody new sees it any more.
    """
    with connections[using].cursor() as cursor:
        cursor.execute("SELECT set_config('lock_timeout', %s, false)", [_PATIENCE])
        try:
            dropped = _drop_left(cursor)
            cursor.execute(_DUE)
            while due := cursor.fetchall():
                for [parent] in due:
                    detach_oldest(parent, using)
                dropped += _drop_left(cursor)
                cursor.execute(_DUE)
        except OperationalError as error:
            log.warning("a month is still being read; its dropping waits: %s", type(error).__name__)
            return []
        finally:
            cursor.execute("RESET lock_timeout")
    return dropped


def _drop_left(cursor: CursorWrapper) -> list[str]:
    cursor.execute(_LEFT)
    left = cursor.fetchall()
    for parent, table, pending in left:
        names = sql.Identifier(parent), sql.Identifier(table)
        if pending:
            cursor.execute(sql.SQL("ALTER TABLE {} DETACH PARTITION {} FINALIZE").format(*names))
        cursor.execute(sql.SQL("DROP TABLE {}").format(names[1]))
    return [str(table) for _, table, _ in left]


def add_index(cursor: CursorWrapper, parent: str, name: str, definition: str) -> None:
    """An index of a partitioned table, built month by month beside running calls; months to come have it too.

    definition: what follows ON <table>. Safe to repeat after it broke off. Not in a transaction.
    """
    of = sql.SQL(definition)  # written in a migration, never by anybody else
    whole = sql.Identifier(name)
    made = sql.SQL("CREATE INDEX IF NOT EXISTS {} ON ONLY {} {}")
    cursor.execute(made.format(whole, sql.Identifier(parent), of))
    cursor.execute(
        "SELECT inhrelid::regclass::text FROM pg_inherits WHERE inhparent = %s::regclass", [parent]
    )
    for [month] in cursor.fetchall():
        own = sql.Identifier(month.replace(parent, name, 1))
        cursor.execute(
            "SELECT EXISTS (SELECT FROM pg_index WHERE indexrelid = to_regclass(%s) AND NOT indisvalid)",
            [month.replace(parent, name, 1)],
        )
        if cursor.fetchone()[0]:
            cursor.execute(sql.SQL("DROP INDEX {}").format(own))
        built = sql.SQL("CREATE INDEX CONCURRENTLY IF NOT EXISTS {} ON {} {}")
        cursor.execute(built.format(own, sql.Identifier(month), of))
        cursor.execute(sql.SQL("ALTER INDEX {} ATTACH PARTITION {}").format(whole, own))
