"""A provider may have several credentials: the one that each had becomes a row of its own.

The secret moves as it is sealed. The new row is numbered by nothing that anybody has kept, so nothing else
changes; gateways of the release before keep the catalog that they have until they end.
"""

from pathlib import Path

import django.db.models.deletion
from django.db import migrations, models

SQL = (Path(__file__).parent.parent / "sql" / "0009_credentials.sql").read_text()
MOVE = """
INSERT INTO routing_credential (provider_id, label, ref, sealed, last4, from_env, weight, active, version,
                                disabled_reason, created_at)
SELECT id, 'main', credential_ref, credential_sealed, credential_last4,
       sealed_from_env AND credential_sealed IS NOT NULL, 1, true, 1, '', clock_timestamp()
  FROM routing_provider
 WHERE credential_ref <> '' OR credential_sealed IS NOT NULL
 ORDER BY id
"""
# Deferred checks of the moved rows must be over before their table is altered.
CHECKED = "SET CONSTRAINTS ALL IMMEDIATE; SET CONSTRAINTS ALL DEFERRED"


class Migration(migrations.Migration):
    dependencies = [("routing", "0008_what_providers_list")]

    operations = [
        migrations.CreateModel(
            name="Credential",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "provider",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="credentials",
                        to="routing.provider",
                    ),
                ),
                (
                    "label",
                    models.CharField(help_text="For operators; customers never see it.", max_length=60),
                ),
                (
                    "ref",
                    models.TextField(
                        blank=True, help_text="env:NAME, if the secret is read from the environment."
                    ),
                ),
                ("sealed", models.BinaryField(null=True)),
                ("last4", models.CharField(blank=True, editable=False, max_length=4)),
                ("from_env", models.BooleanField(default=False, editable=False)),
                (
                    "weight",
                    models.PositiveSmallIntegerField(
                        default=1,
                        help_text="Its share of the calls beside the others; 0: only when no other one is left.",
                    ),
                ),
                ("active", models.BooleanField(default=True)),
                ("version", models.PositiveIntegerField(default=1, editable=False)),
                ("disabled_at", models.DateTimeField(editable=False, null=True)),
                ("disabled_reason", models.CharField(blank=True, editable=False, max_length=60)),
                ("retired_at", models.DateTimeField(editable=False, null=True)),
                ("created_at", models.DateTimeField(auto_now_add=True)),
            ],
            options={
                "ordering": ["provider", "id"],
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("ref", ""), _negated=True),
                        fields=("provider", "ref"),
                        name="routing_credential_ref_once",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("disabled_at", None),
                            models.Q(("disabled_reason", ""), _negated=True),
                            _connector="OR",
                        ),
                        name="routing_credential_disabled_for_a_reason",
                    ),
                ],
            },
        ),
        migrations.RunSQL(SQL),
        migrations.RunSQL(MOVE),
        migrations.RunSQL(CHECKED),
        migrations.RemoveField("provider", "credential_ref"),
        migrations.RemoveField("provider", "credential_sealed"),
        migrations.RemoveField("provider", "credential_last4"),
        migrations.RemoveField("provider", "sealed_from_env"),
    ]
