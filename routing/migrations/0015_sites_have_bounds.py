"""Figures of sites and machines that make no sense are refused."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("routing", "0014_how_far_a_price_has_gone"),
    ]

    operations = [
        migrations.AddField(
            model_name="hosting",
            name="quantization",
            field=models.TextField(blank=True, help_text="As benchmark prices call it: FP8; empty: full."),
        ),
        migrations.AddConstraint(
            model_name="datacentre",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("ceiling_usd__gt", models.F("floor_usd")), ("floor_usd__gte", 0), ("tariff_usd__gte", 0)
                ),
                name="routing_datacentre_bounds",
            ),
        ),
        migrations.AddConstraint(
            model_name="datacentre",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("host_factor__gte", 1), ("indexed_share__range", (0, 1)), ("pue__gte", 1)
                ),
                name="routing_datacentre_factors",
            ),
        ),
        migrations.AddConstraint(
            model_name="datacentre",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("override_usd", None),
                    models.Q(
                        ("override_until__isnull", False),
                        ("override_usd__gte", 0),
                        models.Q(("override_reason", ""), _negated=True),
                    ),
                    _connector="OR",
                ),
                name="routing_datacentre_overridden_with_a_reason",
            ),
        ),
        migrations.AddConstraint(
            model_name="hosting",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("gpus__gt", 0),
                    ("planned_use__gt", 0),
                    ("planned_use__lte", 1),
                    ("tokens_per_s__gt", 0),
                    ("floor_usd__gte", 0),
                    ("gpu_hour_usd__gte", 0),
                    ("idle_kw__gte", 0),
                    ("joules_per_token__gte", 0),
                    ("cached_weight__gte", 0),
                    ("input_weight__gte", 0),
                ),
                name="routing_hosting_figures",
            ),
        ),
    ]
