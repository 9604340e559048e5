"""A chart's thousands of costs are read out of an index alone.

The columns rewrite the table once: prices of hosted models, which alone make it large, haven't begun before
this release. Vacuum follows inserts closely, as an index alone only answers for pages that it has seen.
"""

import django.db.models.fields.json
import django.db.models.functions.comparison
from django.contrib.postgres.operations import AddIndexConcurrently, RemoveIndexConcurrently
from django.db import migrations, models


def _of_document(path: str) -> models.GeneratedField:
    number = models.BigIntegerField()
    expression = django.db.models.functions.comparison.Cast(django.db.models.fields.json.KT(path), number)
    return models.GeneratedField(expression=expression, output_field=number, db_persist=True)


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("routing", "0015_sites_have_bounds")]

    operations = [
        migrations.AddField("costversion", "output_nano", _of_document("components__output")),
        migrations.AddField("costversion", "energy_nano", _of_document("energy__energy_nano")),
        AddIndexConcurrently(
            model_name="costversion",
            index=models.Index(
                fields=["endpoint", "valid_from"],
                include=["id", "output_nano", "energy_nano"],
                name="routing_cost_over_time",
            ),
        ),
        RemoveIndexConcurrently(model_name="costversion", name="routing_cost_by_time"),
        migrations.RunSQL(
            "ALTER TABLE routing_costversion SET"
            " (autovacuum_vacuum_insert_scale_factor = 0, autovacuum_vacuum_insert_threshold = 2000)",
            "ALTER TABLE routing_costversion RESET"
            " (autovacuum_vacuum_insert_scale_factor, autovacuum_vacuum_insert_threshold)",
        ),
    ]
