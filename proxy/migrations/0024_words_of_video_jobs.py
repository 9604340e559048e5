from django.db import migrations, models


class Migration(migrations.Migration):
    """Labels; nothing of the tables changes."""

    dependencies = [
        ("proxy", "0023_names_in_the_admin"),
    ]

    operations = [
        migrations.AlterField(
            model_name="videojob",
            name="status",
            field=models.TextField(
                choices=[
                    ("creating", "no provider has said yes yet"),
                    ("queued", "waits for its turn"),
                    ("in_progress", "is being made"),
                    ("completed", "made"),
                    ("failed", "failed"),
                    ("expired", "nobody can say how it ended"),
                    ("deleted", "deleted"),
                ],
                verbose_name="state",
            ),
        ),
    ]
