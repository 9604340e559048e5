from django.db import migrations, models

HELP = "When a provider breaks off in the middle of an answer, another one goes on with it."


class Migration(migrations.Migration):
    """Whether streams of a project that break off are continued by another endpoint (docs/routing.md)."""

    dependencies = [("accounts", "0004_alerts")]
    operations = [
        migrations.AddField(
            "project",
            "rescue",
            models.BooleanField("continue broken streams", default=False, db_default=False, help_text=HELP),
        ),
    ]
