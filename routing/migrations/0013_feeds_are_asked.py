"""Feeds can be switched off with a reason and say when they are asked; rates of foreign dollars by day."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("routing", "0012_costs_by_time"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="GridRate",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("currency", models.TextField(choices=[("USD", "USD"), ("CAD", "CAD")])),
                ("date", models.DateField()),
                ("per_usd", models.DecimalField(decimal_places=6, max_digits=12)),
                ("seen_at", models.DateTimeField(auto_now_add=True)),
            ],
            options={
                "ordering": ["currency", "-date"],
            },
        ),
        migrations.AddField(
            model_name="feed",
            name="attribution",
            field=models.TextField(
                blank=True, help_text="What pages that show its prices say of the source."
            ),
        ),
        migrations.AddField(
            model_name="feed",
            name="key_last4",
            field=models.TextField(blank=True, editable=False),
        ),
        migrations.AddField(
            model_name="feed",
            name="paused_at",
            field=models.DateTimeField(blank=True, editable=False, null=True),
        ),
        migrations.AddField(
            model_name="feed",
            name="paused_by",
            field=models.ForeignKey(
                blank=True,
                editable=False,
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            model_name="feed",
            name="paused_reason",
            field=models.TextField(blank=True, db_default="", default="", editable=False),
        ),
        migrations.AddField(
            model_name="feedstate",
            name="next_at",
            field=models.DateTimeField(help_text="When it is asked again; whoever moves it asks.", null=True),
        ),
        migrations.AddField(
            model_name="feedstate",
            name="price_end",
            field=models.DateTimeField(help_text="End of the newest interval that was stored.", null=True),
        ),
        migrations.AlterField(
            model_name="gridnode",
            name="params",
            field=models.JSONField(
                blank=True,
                default=dict,
                help_text="static: usd_per_mwh; replay: series, if not of its own code.",
            ),
        ),
        migrations.AddConstraint(
            model_name="feed",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("paused_at", None), ("paused_reason", "")),
                    models.Q(("paused_at__isnull", False), models.Q(("paused_reason", ""), _negated=True)),
                    _connector="OR",
                ),
                name="routing_feed_paused_with_a_reason",
            ),
        ),
        migrations.AddConstraint(
            model_name="gridrate",
            constraint=models.UniqueConstraint(fields=("currency", "date"), name="routing_gridrate_once"),
        ),
        migrations.AddConstraint(
            model_name="gridrate",
            constraint=models.CheckConstraint(
                condition=models.Q(("per_usd__gt", 0)), name="routing_gridrate_positive"
            ),
        ),
    ]
