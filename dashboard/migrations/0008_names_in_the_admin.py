import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    """Labels; nothing of the tables changes."""

    dependencies = [
        ("dashboard", "0007_dismissals"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AlterField(
            model_name="paper",
            name="organization",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="papers",
                to="accounts.organization",
                verbose_name="organization",
            ),
        ),
        migrations.AlterField(
            model_name="paper", name="figures", field=models.JSONField(editable=False, verbose_name="figures")
        ),
        migrations.AlterField(
            model_name="paper", name="payer", field=models.JSONField(editable=False, verbose_name="payer")
        ),
        migrations.AlterField(
            model_name="paper", name="company", field=models.JSONField(editable=False, verbose_name="company")
        ),
        migrations.AlterField(
            model_name="paper",
            name="sha256",
            field=models.CharField(editable=False, max_length=64, verbose_name="SHA-256 digest"),
        ),
        migrations.AlterField(
            model_name="accountexport",
            name="user",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
                verbose_name="user",
            ),
        ),
        migrations.AlterField(
            model_name="accountclosure",
            name="user",
            field=models.OneToOneField(
                on_delete=django.db.models.deletion.PROTECT,
                primary_key=True,
                related_name="closure",
                serialize=False,
                to=settings.AUTH_USER_MODEL,
                verbose_name="user",
            ),
        ),
        migrations.AlterField(
            model_name="acceptance",
            name="user",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
                verbose_name="user",
            ),
        ),
        migrations.AlterField(
            model_name="acceptance",
            name="text",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="acceptances",
                to="dashboard.legaltext",
                verbose_name="legal text",
            ),
        ),
    ]
