"""Finding the newest cost of an endpoint, and those of some time; replayed history has times of its own."""

import django.utils.timezone
from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("routing", "0011_energy")]

    operations = [
        migrations.AlterField(
            model_name="costversion",
            name="valid_from",
            field=models.DateTimeField(default=django.utils.timezone.now),
        ),
        AddIndexConcurrently(
            model_name="costversion",
            index=models.Index(fields=["endpoint", "-id"], name="routing_cost_newest"),
        ),
        AddIndexConcurrently(
            model_name="costversion",
            index=models.Index(fields=["endpoint", "valid_from"], name="routing_cost_by_time"),
        ),
    ]
