from django.db import migrations, models


class Migration(migrations.Migration):
    """A label; nothing of the table changes."""

    dependencies = [
        ("billing", "0025_fewer_statements_a_batch"),
    ]

    operations = [
        migrations.AlterField(
            model_name="adjustment",
            name="call",
            field=models.UUIDField(blank=True, null=True, verbose_name="request ID"),
        ),
    ]
