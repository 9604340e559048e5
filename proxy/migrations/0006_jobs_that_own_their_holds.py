from django.db import migrations, models

from proxy.schema import script

OPEN = ["creating", "queued", "in_progress"]
OVER = ["completed", "failed", "expired", "deleted"]


class Migration(migrations.Migration):
    """Videos are jobs that own their holds. An Idempotency-Key stays taken while its job runs."""

    dependencies = [("proxy", "0005_units_of_every_kind")]
    operations = [
        migrations.CreateModel(
            name="VideoJob",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("op_id", models.UUIDField(unique=True)),
                ("org_id", models.BigIntegerField()),
                ("project_id", models.BigIntegerField()),
                ("key_id", models.BigIntegerField()),
                ("epoch", models.BigIntegerField()),
                ("provider_id", models.BigIntegerField(null=True)),
                ("upstream_id", models.TextField(blank=True)),
                ("model", models.TextField()),
                ("asked", models.TextField()),
                ("size", models.TextField(blank=True)),
                ("seconds", models.IntegerField()),
                (
                    "status",
                    models.TextField(
                        choices=[(name, name.replace("_", " ").title()) for name in OPEN + OVER]
                    ),
                ),
                ("progress", models.SmallIntegerField(default=0)),
                ("misses", models.SmallIntegerField(default=0)),
                ("error_code", models.TextField(blank=True)),
                ("row", models.JSONField()),
                ("tariff", models.JSONField()),
                ("created_at", models.DateTimeField()),
                ("updated_at", models.DateTimeField()),
                ("polled_at", models.DateTimeField(null=True)),
                ("settled_at", models.DateTimeField(null=True)),
                ("expires_at", models.DateTimeField()),
            ],
            options={
                "verbose_name": "video job",
                "verbose_name_plural": "video jobs",
                "db_table": "proxy_video",
                "ordering": ["-id"],
                "indexes": [
                    models.Index(fields=["org_id", "-id"], name="proxy_video_org"),
                    models.Index(
                        condition=models.Q(("settled_at", None)),
                        fields=["polled_at"],
                        name="proxy_video_open",
                    ),
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(settled_at=None, status__in=OPEN)
                        | models.Q(settled_at__isnull=False, status__in=OVER),
                        name="proxy_video_settled_once_over",
                    )
                ],
            },
        ),
        migrations.RunSQL(script("videos") + script("idempotency"), migrations.RunSQL.noop),
    ]
