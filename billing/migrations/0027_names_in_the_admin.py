import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

import billing.ids


class Migration(migrations.Migration):
    """Labels; nothing of the tables changes."""

    dependencies = [
        ("billing", "0026_words_of_adjustments"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AlterField(
            model_name="fxreading",
            name="digest",
            field=models.CharField(max_length=64, unique=True, verbose_name="digest of the answer"),
        ),
        migrations.AlterField(
            model_name="fxreading",
            name="micros_per_usd",
            field=models.BigIntegerField(null=True, verbose_name="so'm for one dollar, micros"),
        ),
        migrations.AlterField(
            model_name="notice",
            name="org",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="accounts.organization",
                verbose_name="organization",
            ),
        ),
        migrations.AlterField(
            model_name="notice",
            name="dedupe_key",
            field=models.CharField(editable=False, max_length=120, verbose_name="told once for"),
        ),
        migrations.AlterField(
            model_name="delivery",
            name="user",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
                verbose_name="user",
            ),
        ),
        migrations.AlterField(
            model_name="adjustment",
            name="op_id",
            field=models.UUIDField(
                default=billing.ids.new_op_id,
                editable=False,
                unique=True,
                verbose_name="number of the operation",
            ),
        ),
    ]
