"""A small catalog and a rate of the dollar, for the pages that show prices."""

from pathlib import Path

import pytest
from django.core.management import call_command
from django.db import connection

from proxy import offers
from tests.catalog import catalog_yaml


@pytest.fixture
def catalog(db: None, tmp_path: Path) -> None:
    """The live stack's catalog at 12,000 so'm for a dollar; models at provider gamma are available."""
    file = tmp_path / "catalog.yaml"
    file.write_text(catalog_yaml("http://127.0.0.1:1"))
    call_command("catalog", "load", str(file), skip_checks=True, verbosity=0)
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO fx_rate (source, date, micros_per_usd, author)"
            " VALUES ('manual', '2026-01-01', 12000000000, 'test')"
        )
    offers._held.clear()  # a rolled back version number comes again with another catalog
    yield
    offers._held.clear()
