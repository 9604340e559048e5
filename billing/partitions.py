"""Months of holds, transfers and whatever else called register_partitioned() (sql/partition.sql)."""

from typing import Any

from django.db import connections

from billing.sql import script


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
