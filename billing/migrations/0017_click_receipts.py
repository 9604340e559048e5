from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("billing", "0016_finance"),
    ]

    operations = [
        migrations.AddField(
            model_name="providertransaction",
            name="fiscal_ask_ms",
            field=models.BigIntegerField(db_default=0, default=0, editable=False),
        ),
    ]
