import uuid

import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models
from django.db.models.lookups import Exact

_DAYS = models.Q(("content_days__gte", 7), ("content_days__lte", 90))
_LENGTH = models.Func(models.F("public_key"), function="octet_length", output_field=models.IntegerField())


class Migration(migrations.Migration):
    """A project's sealed content log: off or on, for how long, and the public keys that it is sealed to.

    The column of the switch keeps its name: processes of the release before read it while this one starts.
    """

    dependencies = [("accounts", "0007_billing_details")]
    operations = [
        migrations.AlterField(
            "project",
            "content_logging",
            models.CharField(
                "content log",
                choices=[("off", "Off"), ("encrypted", "Encrypted")],
                db_column="content_logging",
                default="off",
                max_length=10,
            ),
        ),
        migrations.RenameField("project", "content_logging", "content_log"),
        migrations.AddField(
            "project",
            "content_days",
            models.PositiveSmallIntegerField("days that content is kept", db_default=30, default=30),
        ),
        migrations.AddField(
            "project",
            "content_since",
            models.DateTimeField("content kept since", blank=True, editable=False, null=True),
        ),
        migrations.AddConstraint(
            "project", models.CheckConstraint(condition=_DAYS, name="project_content_days")
        ),
        migrations.CreateModel(
            name="LogKey",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("public_id", models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                ("public_key", models.BinaryField(max_length=32)),
                ("fingerprint", models.CharField("fingerprint", editable=False, max_length=64)),
                ("created_at", models.DateTimeField("created", default=django.utils.timezone.now)),
                ("retired_at", models.DateTimeField("retired", blank=True, null=True)),
                (
                    "project",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="log_keys",
                        to="accounts.project",
                    ),
                ),
                (
                    "created_by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "verbose_name": "log key",
                "verbose_name_plural": "log keys",
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("retired_at", None)), fields=("project",), name="logkey_one_seals"
                    ),
                    models.UniqueConstraint(fields=("project", "fingerprint"), name="logkey_once"),
                    models.CheckConstraint(condition=Exact(_LENGTH, 32), name="logkey_is_32_bytes"),
                ],
            },
        ),
    ]
