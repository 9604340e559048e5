"""Papers, which the database keeps from being changed."""

import django.db.models.deletion
import django.utils.timezone
from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True
    dependencies = [
        ("accounts", "0007_billing_details"),
        ("billing", "0001_initial"),  # make_append_only
    ]

    operations = [
        migrations.CreateModel(
            name="Paper",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("receipt", "receipt"),
                            ("statement", "statement"),
                            ("act", "act of services"),
                        ],
                        max_length=10,
                        verbose_name="kind",
                    ),
                ),
                ("subject", models.CharField(max_length=20, verbose_name="subject")),
                ("figures", models.JSONField(editable=False)),
                ("payer", models.JSONField(editable=False)),
                ("company", models.JSONField(editable=False)),
                ("sha256", models.CharField(editable=False, max_length=64)),
                ("issued_at", models.DateTimeField(default=django.utils.timezone.now, verbose_name="issued")),
                (
                    "organization",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="papers",
                        to="accounts.organization",
                    ),
                ),
            ],
            options={
                "verbose_name": "paper",
                "verbose_name_plural": "papers",
                "ordering": ["-pk"],
                "constraints": [
                    models.UniqueConstraint(fields=("organization", "kind", "subject"), name="paper_once"),
                    models.CheckConstraint(
                        condition=models.Q(("sha256__regex", "^[0-9a-f]{64}$")), name="paper_digest"
                    ),
                ],
            },
        ),
        migrations.RunSQL("SELECT make_append_only('dashboard_paper')"),
    ]
