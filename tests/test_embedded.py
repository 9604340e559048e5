"""The suite's own ground: a database per worker, one for live tests, nothing flushed."""

import pytest
from django.db import connection

from tests.embedded import worker_number


@pytest.mark.django_db
def test_the_database_is_the_workers_own():
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_database(), current_setting('fsync')")
        assert cursor.fetchone() == (f"test_{worker_number()}", "on")
