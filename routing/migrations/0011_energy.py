"""Sites, market feeds and what hosted models cost to run; new tables, and one empty column beside prices."""

from pathlib import Path

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

SQL = (Path(__file__).parent.parent / "sql" / "0011_energy.sql").read_text()
UNDO = """
DROP FUNCTION routing_published_once() CASCADE;
"""


class Migration(migrations.Migration):
    dependencies = [
        ("routing", "0010_switched_off_with_a_reason"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddField(
            model_name="costversion",
            name="energy",
            field=models.JSONField(
                help_text="Of a hosted model: what the price was made of (routing/energy/pricing.py).",
                null=True,
            ),
        ),
        migrations.CreateModel(
            name="BenchmarkPrice",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("provider", models.TextField()),
                ("quantization", models.TextField(blank=True)),
                ("input_nano", models.BigIntegerField(help_text="nano-USD per 10^6 tokens")),
                ("output_nano", models.BigIntegerField(help_text="nano-USD per 10^6 tokens")),
                ("url", models.URLField(max_length=500)),
                ("seen_at", models.DateField()),
                (
                    "model",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="benchmarks",
                        to="routing.model",
                    ),
                ),
            ],
            options={
                "ordering": ["model", "provider", "-seen_at"],
            },
        ),
        migrations.CreateModel(
            name="Feed",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "slug",
                    models.SlugField(
                        help_text="The adapter: caiso, nyiso, ercot, ieso, miso, …", unique=True
                    ),
                ),
                ("name", models.TextField()),
                ("step_s", models.PositiveIntegerField(default=300, help_text="Seconds between two prices.")),
                (
                    "poll_s",
                    models.PositiveIntegerField(
                        default=300, help_text="Seconds between two questions, at least."
                    ),
                ),
                (
                    "needs_terms",
                    models.BooleanField(default=False, help_text="Off until an operator accepts its terms."),
                ),
                ("needs_key", models.BooleanField(default=False)),
                ("terms_url", models.TextField(blank=True)),
                ("sealed_key", models.BinaryField(null=True)),
                ("terms_accepted_at", models.DateTimeField(blank=True, editable=False, null=True)),
                ("simulated", models.BooleanField(default=False, help_text="Made by us; pages say so.")),
                ("active", models.BooleanField(default=True)),
                (
                    "terms_accepted_by",
                    models.ForeignKey(
                        editable=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "ordering": ["slug"],
            },
        ),
        migrations.CreateModel(
            name="FeedState",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("tried_at", models.DateTimeField(null=True)),
                ("ok_at", models.DateTimeField(null=True)),
                ("error", models.TextField(blank=True)),
                ("failures", models.PositiveIntegerField(default=0)),
                ("resting_until", models.DateTimeField(null=True)),
                (
                    "feed",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE, related_name="state", to="routing.feed"
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="GridNode",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "code",
                    models.TextField(
                        help_text="As the market writes it: TH_NP15_GEN-APND, HB_NORTH, TORONTO:HUB."
                    ),
                ),
                ("currency", models.TextField(choices=[("USD", "USD"), ("CAD", "CAD")], default="USD")),
                (
                    "params",
                    models.JSONField(
                        blank=True,
                        default=dict,
                        help_text="static: usd_per_mwh; replay: series and its pace.",
                    ),
                ),
                (
                    "feed",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="nodes", to="routing.feed"
                    ),
                ),
            ],
            options={
                "ordering": ["feed", "code"],
            },
        ),
        migrations.CreateModel(
            name="GridHour",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("hour", models.DateTimeField()),
                ("least", models.DecimalField(decimal_places=6, max_digits=12)),
                ("mean", models.DecimalField(decimal_places=6, max_digits=12)),
                ("most", models.DecimalField(decimal_places=6, max_digits=12)),
                ("close", models.DecimalField(decimal_places=6, max_digits=12)),
                (
                    "node",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="hours",
                        to="routing.gridnode",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="DataCentre",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("place", models.TextField(help_text="For people: Dallas, Texas.")),
                ("country", models.CharField(help_text="ISO 3166-1; where data stays.", max_length=2)),
                ("pue", models.DecimalField(decimal_places=3, default="1.250", max_digits=5)),
                (
                    "host_factor",
                    models.DecimalField(
                        decimal_places=3,
                        default="1.500",
                        help_text="Server at the wall ÷ its GPUs.",
                        max_digits=5,
                    ),
                ),
                (
                    "indexed_share",
                    models.DecimalField(
                        decimal_places=3,
                        default="1.000",
                        help_text="phi: the load that pays the live price.",
                        max_digits=4,
                    ),
                ),
                (
                    "hedge_usd",
                    models.DecimalField(
                        decimal_places=6,
                        default="0",
                        help_text="What the rest of the load pays.",
                        max_digits=12,
                    ),
                ),
                (
                    "adder_usd",
                    models.DecimalField(
                        decimal_places=6,
                        default="25",
                        help_text="Wires, capacity, retailer, losses, tax.",
                        max_digits=12,
                    ),
                ),
                ("floor_usd", models.DecimalField(decimal_places=6, default="0", max_digits=12)),
                (
                    "ceiling_usd",
                    models.DecimalField(
                        decimal_places=6,
                        default="300",
                        help_text="Above it the site is drained, not priced.",
                        max_digits=12,
                    ),
                ),
                (
                    "tariff_usd",
                    models.DecimalField(
                        decimal_places=6,
                        default="65",
                        help_text="Delivered; when the market has been silent for a day.",
                        max_digits=12,
                    ),
                ),
                ("in_flight_max", models.PositiveIntegerField(default=256, help_text="Calls at once.")),
                (
                    "queue_budget_ms",
                    models.PositiveIntegerField(default=1500, help_text="Longest wait that is acceptable."),
                ),
                (
                    "metrics_url",
                    models.TextField(blank=True, help_text="Prometheus text of vLLM, SGLang or llama.cpp."),
                ),
                (
                    "override_usd",
                    models.DecimalField(
                        blank=True,
                        decimal_places=6,
                        help_text="Delivered price by hand instead of the market.",
                        max_digits=12,
                        null=True,
                    ),
                ),
                ("override_until", models.DateTimeField(blank=True, null=True)),
                ("override_reason", models.TextField(blank=True)),
                (
                    "provider",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="site",
                        to="routing.provider",
                    ),
                ),
                (
                    "node",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="sites",
                        to="routing.gridnode",
                    ),
                ),
            ],
            options={
                "verbose_name": "data centre",
                "ordering": ["provider__slug"],
            },
        ),
        migrations.CreateModel(
            name="GridPrice",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("start", models.DateTimeField()),
                ("end", models.DateTimeField()),
                (
                    "price",
                    models.DecimalField(
                        decimal_places=6,
                        help_text="Per MWh, in the node's currency, as published; may be negative.",
                        max_digits=12,
                    ),
                ),
                ("usd", models.DecimalField(decimal_places=6, help_text="The same in USD.", max_digits=12)),
                ("seen_at", models.DateTimeField(auto_now_add=True)),
                (
                    "node",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="prices",
                        to="routing.gridnode",
                    ),
                ),
            ],
            options={
                "ordering": ["node", "-start"],
            },
        ),
        migrations.CreateModel(
            name="Hosting",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("gpus", models.PositiveSmallIntegerField()),
                ("gpu", models.TextField(default="H100")),
                ("gpu_hour_usd", models.DecimalField(decimal_places=4, default="1.5000", max_digits=8)),
                (
                    "joules_per_token",
                    models.DecimalField(
                        decimal_places=4,
                        help_text="GPUs only, per output token, its share of prompt included.",
                        max_digits=8,
                    ),
                ),
                (
                    "tokens_per_s",
                    models.PositiveIntegerField(help_text="Output tokens a second of the whole deployment."),
                ),
                ("planned_use", models.DecimalField(decimal_places=3, default="0.500", max_digits=4)),
                ("input_weight", models.DecimalField(decimal_places=4, default="0.2000", max_digits=5)),
                ("cached_weight", models.DecimalField(decimal_places=4, default="0.0500", max_digits=5)),
                (
                    "floor_usd",
                    models.DecimalField(
                        decimal_places=4,
                        default="0",
                        help_text="Least USD per 10^6 output tokens.",
                        max_digits=10,
                    ),
                ),
                (
                    "idle_kw",
                    models.DecimalField(
                        decimal_places=3,
                        default="0",
                        help_text="Standby that isn't switched off; 0: it is.",
                        max_digits=6,
                    ),
                ),
                ("source", models.TextField(blank=True, help_text="Where the figures were measured.")),
                (
                    "endpoint",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="hosting",
                        to="routing.endpoint",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="Preference",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("since", models.DateTimeField()),
                ("challenged_ticks", models.PositiveSmallIntegerField(default=0)),
                (
                    "challenger",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="routing.endpoint",
                    ),
                ),
                (
                    "endpoint",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="routing.endpoint"
                    ),
                ),
                (
                    "model",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="preference",
                        to="routing.model",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="SitePrice",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("at", models.DateTimeField()),
                ("smoothed_usd", models.DecimalField(decimal_places=6, max_digits=12, null=True)),
                ("delivered_usd", models.DecimalField(decimal_places=6, max_digits=12)),
                (
                    "state",
                    models.TextField(
                        choices=[
                            ("fresh", "live"),
                            ("hold", "last known"),
                            ("estimated", "estimated"),
                            ("tariff", "contract price"),
                            ("override", "set by an operator"),
                        ]
                    ),
                ),
                ("drained", models.BooleanField(default=False)),
                (
                    "site",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="prices",
                        to="routing.datacentre",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="SiteState",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("at", models.DateTimeField()),
                (
                    "price_end",
                    models.DateTimeField(help_text="End of the newest interval that is known.", null=True),
                ),
                ("smoothed_usd", models.DecimalField(decimal_places=6, max_digits=12, null=True)),
                ("delivered_usd", models.DecimalField(decimal_places=6, max_digits=12)),
                (
                    "state",
                    models.TextField(
                        choices=[
                            ("fresh", "live"),
                            ("hold", "last known"),
                            ("estimated", "estimated"),
                            ("tariff", "contract price"),
                            ("override", "set by an operator"),
                        ]
                    ),
                ),
                ("drained", models.BooleanField(default=False)),
                (
                    "site",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="state",
                        to="routing.datacentre",
                    ),
                ),
            ],
        ),
        migrations.AddConstraint(
            model_name="gridnode",
            constraint=models.UniqueConstraint(fields=("feed", "code"), name="routing_gridnode_once"),
        ),
        migrations.AddConstraint(
            model_name="gridhour",
            constraint=models.UniqueConstraint(fields=("node", "hour"), name="routing_gridhour_once"),
        ),
        migrations.AddConstraint(
            model_name="gridprice",
            constraint=models.UniqueConstraint(fields=("node", "start"), name="routing_gridprice_once"),
        ),
        migrations.AddConstraint(
            model_name="gridprice",
            constraint=models.CheckConstraint(
                condition=models.Q(("end__gt", models.F("start"))), name="routing_gridprice_lasts"
            ),
        ),
        migrations.AddConstraint(
            model_name="siteprice",
            constraint=models.UniqueConstraint(fields=("site", "at"), name="routing_siteprice_once"),
        ),
        migrations.RunSQL(SQL, UNDO),
    ]
