"""The request log's tables and functions, kept as SQL beside the migrations that load them."""

from pathlib import Path
from typing import Any

from django.db import connections

_SQL = Path(__file__).parent / "sql"


def script(name: str) -> str:
    """One file of proxy/sql."""
    return (_SQL / f"{name}.sql").read_text()


def after_migrate(*, using: str, **_: Any) -> None:
    """At every migrate: the gateway's rights are in force, also for tables that came later."""
    connection = connections[using]
    if connection.vendor != "postgresql" or "proxy_request" not in connection.introspection.table_names():
        return
    with connection.cursor() as cursor:
        cursor.execute(script("grants"))
