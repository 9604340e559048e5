"""Months of holds, transfers and whatever else called register_partitioned() (sql/partition.sql)."""

from datetime import date
from typing import Any

from django.db import connections
from psycopg import sql

from billing.errors import MonthRefused
from billing.sql import script

_KEPT = {"transfer", "hold"}  # what every balance is made of


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
