"""Triggers of the catalog: version bump, append-only costs, the gateway's grants."""

from pathlib import Path

from django.db import migrations

SQL = (Path(__file__).parent.parent / "sql" / "0002_versions.sql").read_text()
UNDO = """
DROP FUNCTION routing_bump_catalog() CASCADE;
DROP FUNCTION routing_append_only() CASCADE;
DROP SEQUENCE routing_catalog_versions;
"""


class Migration(migrations.Migration):
    dependencies = [("routing", "0001_the_catalog")]

    operations = [
        migrations.RunSQL(
            "INSERT INTO routing_catalogversion (id, version) VALUES (1, 1)",
            "DELETE FROM routing_catalogversion",
        ),
        migrations.RunSQL(SQL, UNDO),
    ]
