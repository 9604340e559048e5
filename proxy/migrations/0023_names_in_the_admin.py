from django.db import migrations, models


class Migration(migrations.Migration):
    """Labels; nothing of the tables changes."""

    dependencies = [
        ("proxy", "0022_usage_of_endpoints"),
    ]

    operations = [
        migrations.AlterField(
            model_name="videojob",
            name="op_id",
            field=models.UUIDField(unique=True, verbose_name="request ID"),
        ),
        migrations.AlterField(
            model_name="videojob",
            name="org_id",
            field=models.BigIntegerField(verbose_name="number of the organization"),
        ),
        migrations.AlterField(
            model_name="videojob",
            name="project_id",
            field=models.BigIntegerField(verbose_name="number of the project"),
        ),
        migrations.AlterField(
            model_name="videojob",
            name="key_id",
            field=models.BigIntegerField(verbose_name="number of the key"),
        ),
        migrations.AlterField(
            model_name="videojob",
            name="epoch",
            field=models.BigIntegerField(verbose_name="number of its process"),
        ),
        migrations.AlterField(
            model_name="videojob",
            name="provider_id",
            field=models.BigIntegerField(null=True, verbose_name="number of the provider"),
        ),
        migrations.AlterField(
            model_name="videojob",
            name="upstream_id",
            field=models.TextField(blank=True, verbose_name="number at the provider"),
        ),
        migrations.AlterField(
            model_name="videojob", name="model", field=models.TextField(verbose_name="model")
        ),
        migrations.AlterField(
            model_name="videojob", name="asked", field=models.TextField(verbose_name="as the caller named it")
        ),
        migrations.AlterField(
            model_name="videojob", name="size", field=models.TextField(blank=True, verbose_name="Size")
        ),
        migrations.AlterField(
            model_name="videojob", name="seconds", field=models.IntegerField(verbose_name="Seconds")
        ),
        migrations.AlterField(
            model_name="videojob",
            name="status",
            field=models.TextField(
                choices=[
                    ("creating", "Creating"),
                    ("queued", "Queued"),
                    ("in_progress", "In Progress"),
                    ("completed", "Completed"),
                    ("failed", "Failed"),
                    ("expired", "Expired"),
                    ("deleted", "Deleted"),
                ],
                verbose_name="state",
            ),
        ),
        migrations.AlterField(
            model_name="videojob",
            name="progress",
            field=models.SmallIntegerField(default=0, verbose_name="Progress"),
        ),
        migrations.AlterField(
            model_name="videojob",
            name="misses",
            field=models.SmallIntegerField(default=0, verbose_name="polls without an answer"),
        ),
        migrations.AlterField(
            model_name="videojob", name="error_code", field=models.TextField(blank=True, verbose_name="error")
        ),
        migrations.AlterField(
            model_name="videojob", name="created_at", field=models.DateTimeField(verbose_name="created")
        ),
        migrations.AlterField(
            model_name="videojob", name="updated_at", field=models.DateTimeField(verbose_name="changed")
        ),
        migrations.AlterField(
            model_name="videojob",
            name="polled_at",
            field=models.DateTimeField(null=True, verbose_name="last asked"),
        ),
        migrations.AlterField(
            model_name="videojob",
            name="settled_at",
            field=models.DateTimeField(null=True, verbose_name="settled"),
        ),
        migrations.AlterField(
            model_name="videojob", name="expires_at", field=models.DateTimeField(verbose_name="expires")
        ),
    ]
