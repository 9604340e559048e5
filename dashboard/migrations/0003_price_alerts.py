import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0007_billing_details"),
        ("dashboard", "0002_paper_versions"),
        ("routing", "0017_names_of_sites"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="PriceAlert",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "below_micros",
                    models.BigIntegerField(help_text="Micros per 10^6 output tokens.", verbose_name="below"),
                ),
                ("armed", models.BooleanField(default=True, verbose_name="armed")),
                ("times_told", models.PositiveIntegerField(default=0, verbose_name="times told")),
                ("told_at", models.DateTimeField(editable=False, null=True, verbose_name="told")),
                (
                    "created_at",
                    models.DateTimeField(default=django.utils.timezone.now, verbose_name="created"),
                ),
                (
                    "model",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="+", to="routing.model"
                    ),
                ),
                (
                    "organization",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="accounts.organization",
                    ),
                ),
                (
                    "user",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "verbose_name": "price alert",
                "verbose_name_plural": "price alerts",
                "ordering": ["model", "pk"],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("organization", "user", "model"), name="price_alert_once"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("below_micros__gt", 0)), name="price_alert_positive"
                    ),
                ],
            },
        ),
    ]
