"""Market feeds, their nodes and prices have names that people read in admin."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [
        ("routing", "0017_names_of_sites"),
    ]

    operations = [
        migrations.AlterModelOptions(
            name="feed",
            options={
                "ordering": ["slug"],
                "verbose_name": "market feed",
                "verbose_name_plural": "market feeds",
            },
        ),
        migrations.AlterModelOptions(
            name="gridnode",
            options={
                "ordering": ["feed", "code"],
                "verbose_name": "grid node",
                "verbose_name_plural": "grid nodes",
            },
        ),
        migrations.AlterModelOptions(
            name="gridprice",
            options={
                "ordering": ["node", "-start"],
                "verbose_name": "grid price",
                "verbose_name_plural": "grid prices",
            },
        ),
        migrations.AlterModelOptions(
            name="gridrate",
            options={
                "ordering": ["currency", "-date"],
                "verbose_name": "dollar by day",
                "verbose_name_plural": "dollars by day",
            },
        ),
    ]
