import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    """Where providers' lists of models are read from, and what they say otherwise than the catalog."""

    dependencies = [
        ("routing", "0007_who_goes_on"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddField(
            model_name="costversion",
            name="from_sync",
            field=models.BooleanField(
                db_default=False, default=False, help_text="Read off the provider's list."
            ),
        ),
        migrations.AddField(
            model_name="endpoint",
            name="price_pinned",
            field=models.BooleanField(
                db_default=False, default=False, help_text="The catalog sync leaves its price alone."
            ),
        ),
        migrations.AddField(
            model_name="provider",
            name="list_fee_bps",
            field=models.PositiveIntegerField(
                db_default=0,
                default=0,
                help_text="What it adds to its listed prices, in basis points: 550 is 5.5 %.",
            ),
        ),
        migrations.AddField(
            model_name="provider",
            name="model_list",
            field=models.TextField(
                blank=True,
                choices=[
                    ("", "as its dialect"),
                    ("off", "not read"),
                    ("openai", "OpenAI"),
                    ("openrouter", "OpenRouter (with prices)"),
                    ("anthropic", "Anthropic"),
                    ("gemini", "Gemini"),
                ],
                db_default="",
                default="",
            ),
        ),
        migrations.CreateModel(
            name="ProviderSync",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("tried_at", models.DateTimeField(null=True, verbose_name="last tried")),
                ("ok_at", models.DateTimeField(null=True, verbose_name="last read")),
                ("error", models.TextField(blank=True, verbose_name="error")),
                ("failures", models.PositiveIntegerField(default=0, verbose_name="failures in a row")),
                ("counts", models.JSONField(default=dict, verbose_name="counts")),
                (
                    "absent",
                    models.JSONField(
                        default=dict, help_text="Endpoint id → the days on which it wasn't listed."
                    ),
                ),
                (
                    "provider",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="sync",
                        to="routing.provider",
                    ),
                ),
            ],
            options={
                "verbose_name": "catalog sync",
                "verbose_name_plural": "catalog syncs",
                "ordering": ["provider__slug"],
            },
        ),
        migrations.CreateModel(
            name="CatalogProposal",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "kind",
                    models.TextField(
                        choices=[
                            ("new", "new model"),
                            ("vanished", "no longer listed"),
                            ("price", "price"),
                            ("context", "context window"),
                            ("max_output", "longest output"),
                            ("capabilities", "capabilities"),
                        ],
                        verbose_name="kind",
                    ),
                ),
                (
                    "subject",
                    models.TextField(help_text="What the provider calls the model.", verbose_name="model"),
                ),
                ("before", models.JSONField(null=True)),
                ("after", models.JSONField(null=True)),
                (
                    "change_bps",
                    models.IntegerField(
                        help_text="The largest step of a component; empty from zero.", null=True
                    ),
                ),
                (
                    "state",
                    models.TextField(
                        choices=[
                            ("open", "open"),
                            ("accepted", "accepted"),
                            ("applied", "applied by sync"),
                            ("rejected", "rejected"),
                            ("superseded", "superseded"),
                        ],
                        default="open",
                        verbose_name="state",
                    ),
                ),
                ("found_at", models.DateTimeField(auto_now_add=True, verbose_name="found")),
                ("seen_at", models.DateTimeField(verbose_name="last seen")),
                ("decided_at", models.DateTimeField(null=True, verbose_name="decided")),
                ("reason", models.TextField(blank=True, verbose_name="reason")),
                (
                    "cost",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="routing.costversion",
                    ),
                ),
                (
                    "decided_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "endpoint",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="proposals",
                        to="routing.endpoint",
                    ),
                ),
                (
                    "provider",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="proposals",
                        to="routing.provider",
                    ),
                ),
            ],
            options={
                "verbose_name": "catalog proposal",
                "verbose_name_plural": "catalog proposals",
                "ordering": ["provider__slug", "kind", "subject", "-id"],
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("state", "open")),
                        fields=("provider", "kind", "subject", "endpoint"),
                        name="routing_proposal_open_once",
                        nulls_distinct=False,
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("state", "open"), ("decided_at__isnull", False), _connector="XOR"
                        ),
                        name="routing_proposal_decided",
                    ),
                ],
            },
        ),
    ]
