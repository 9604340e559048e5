"""Settings of a benchmark's own database and Django set up with them: to be imported before any model is."""

import os

import django

from tests import embedded

DATABASE = "bench"
ENVIRONMENT = embedded.environment(DATABASE, valkey_db=3)
os.environ.update(ENVIRONMENT)
django.setup()


def fresh_database() -> dict[str, str]:
    """An empty, migrated database; the environment of processes that work on it."""
    embedded.clone(DATABASE)
    return ENVIRONMENT
