"""How far a followed price has gone from where it began."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("routing", "0013_feeds_are_asked")]

    operations = [
        migrations.AddField(
            model_name="catalogproposal",
            name="drift_bps",
            field=models.IntegerField(
                help_text="Of a price: how far from what an operator set last, or from a month ago.",
                null=True,
            ),
        ),
    ]
