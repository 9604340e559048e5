"""What operators read of sites; no table changes."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [
        ("routing", "0016_costs_over_time"),
    ]

    operations = [
        migrations.AlterModelOptions(
            name="benchmarkprice",
            options={
                "ordering": ["model", "provider", "-seen_at"],
                "verbose_name": "benchmark price",
                "verbose_name_plural": "benchmark prices",
            },
        ),
        migrations.AlterModelOptions(
            name="datacentre",
            options={
                "ordering": ["provider__slug"],
                "verbose_name": "data centre",
                "verbose_name_plural": "data centres",
            },
        ),
        migrations.AlterModelOptions(
            name="hosting",
            options={
                "ordering": ["endpoint"],
                "verbose_name": "hosted model",
                "verbose_name_plural": "hosted models",
            },
        ),
        migrations.AlterModelOptions(
            name="preference",
            options={
                "ordering": ["model"],
                "verbose_name": "preferred site",
                "verbose_name_plural": "preferred sites",
            },
        ),
    ]
