from django.db import migrations, models


class Migration(migrations.Migration):
    """A label; nothing of the table changes."""

    dependencies = [
        ("accounts", "0012_sign_ins_and_clock"),
    ]

    operations = [
        migrations.AlterField(
            model_name="project",
            name="rescue",
            field=models.BooleanField(
                db_default=False,
                default=False,
                help_text="When a provider breaks off in the middle of an answer, another one continues it.",
                verbose_name="continue broken streams",
            ),
        ),
    ]
