"""Django set up with the environment as it is: to be imported before any model is."""

import django
from django.db import connection

django.setup()


def database() -> str:
    """Which server is measured."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT version()")
        return str(cursor.fetchone()[0])
