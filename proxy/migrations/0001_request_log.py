from django.db import migrations, models

from proxy.schema import script

SCRIPTS = ("request", "record_batch", "idempotency", "refusals", "post_costs")


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("accounts", "0001_initial"),
        ("billing", "0001_initial"),
        ("routing", "0001_the_catalog"),
    ]

    operations = [
        migrations.RunSQL("".join(script(name) for name in SCRIPTS), migrations.RunSQL.noop),
        migrations.RunSQL("SELECT register_partitioned('proxy_request')", migrations.RunSQL.noop),
        migrations.CreateModel(
            name="Request",
            fields=[("id", models.UUIDField(primary_key=True, serialize=False))],
            options={"db_table": "proxy_request", "managed": False, "ordering": ["-id"]},
        ),
    ]
