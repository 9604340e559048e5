"""A connection that the server ends."""

import psycopg
import pytest
from django.conf import settings

from proxy.connection import Connection


@pytest.mark.django_db
async def test_a_connection_that_was_cut_is_replaced_for_its_next_user():
    """`live()` once gave the dead one for ever: a worker's heartbeat never came back."""
    connection = Connection(settings.GATEWAY_DATABASE_URL)
    cut = await connection.live()
    with pytest.raises(psycopg.OperationalError):
        await cut.execute("SELECT pg_terminate_backend(pg_backend_pid())")
    fresh = await connection.live()
    assert fresh is not cut
    assert await (await fresh.execute("SELECT 1")).fetchone() == (1,)
    await connection.close()
