from django.db import migrations, models

TTFT = "Expected until traffic says better: milliseconds to the first token."
RATE = "Expected until traffic says better: output tokens a second."


class Migration(migrations.Migration):
    """What an operator expects of an endpoint that no traffic has measured yet."""

    dependencies = [("routing", "0005_moderation_models")]
    operations = [
        migrations.AddField(
            "endpoint", "ttft_ms", models.PositiveIntegerField(null=True, blank=True, help_text=TTFT)
        ),
        migrations.AddField(
            "endpoint", "token_rate", models.PositiveIntegerField(null=True, blank=True, help_text=RATE)
        ),
    ]
