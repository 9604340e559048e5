"""The release that gives providers several credentials takes each one's single credential along."""

from importlib import import_module

import pytest
from django.db import connection

from routing.credentials import seal, unseal

MOVE = import_module("routing.migrations.0009_credentials").MOVE


@pytest.mark.django_db
def test_no_credential_is_lost() -> None:
    """On tables of this test's own that stand before the real ones."""
    sealed, typed = seal("sk-env-0001"), seal("sk-typed-0002")
    rows = [
        (1, "env:A", sealed, "0001", True),
        (2, "env:B", None, "", False),
        (3, "", typed, "0002", False),
        (4, "env:D", typed, "0002", False),
        (5, "", None, "", False),
    ]
    with connection.cursor() as cursor:
        cursor.execute("""CREATE TEMP TABLE routing_provider (id bigint, credential_ref text,
            credential_sealed bytea, credential_last4 text, sealed_from_env boolean) ON COMMIT DROP""")
        cursor.execute("""CREATE TEMP TABLE routing_credential (LIKE public.routing_credential
            INCLUDING IDENTITY) ON COMMIT DROP""")
        cursor.executemany("INSERT INTO routing_provider VALUES (%s, %s, %s, %s, %s)", rows)
        cursor.execute(MOVE)
        cursor.execute("""SELECT provider_id, label, ref, sealed, last4, from_env, weight, active, version
                            FROM routing_credential ORDER BY provider_id""")
        moved = cursor.fetchall()
    assert [(row[0], row[2], row[4], row[5]) for row in moved] == [
        (1, "env:A", "0001", True),
        (2, "env:B", "", False),
        (3, "", "0002", False),
        (4, "env:D", "0002", False),
    ]
    assert {(row[1], *row[6:]) for row in moved} == {("main", 1, True, 1)}
    opened = [unseal(bytes(row[3])) if row[3] else None for row in moved]
    assert opened == ["sk-env-0001", None, "sk-typed-0002", "sk-typed-0002"]
