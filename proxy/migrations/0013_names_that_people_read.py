"""What rows are called in admin."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [
        ("proxy", "0012_costs_of_others"),
    ]

    operations = [
        migrations.AlterModelOptions(
            name="request",
            options={
                "managed": False,
                "ordering": ["-id"],
                "verbose_name": "request",
                "verbose_name_plural": "requests",
            },
        ),
    ]
