from django.db import migrations, models


class Migration(migrations.Migration):
    """A label; nothing of the tables changes."""

    dependencies = [
        ("billing", "0028_gateways_sweep_too"),
    ]

    operations = [
        migrations.AlterField(
            model_name="notice",
            name="kind",
            field=models.CharField(
                choices=[
                    ("cap", "A cap is used up to 50, 80 or 100%"),
                    ("balance", "The balance is low"),
                    ("topup", "A top-up is decided"),
                    ("refund", "A refund or correction is decided"),
                    ("price", "A model's price is below your limit"),
                    ("account", "Your data is ready, or a member has left"),
                    ("test", "Test message"),
                ],
                max_length=10,
                verbose_name="kind",
            ),
        ),
        migrations.AlterField(
            model_name="noticechoice",
            name="kind",
            field=models.CharField(
                choices=[
                    ("cap", "A cap is used up to 50, 80 or 100%"),
                    ("balance", "The balance is low"),
                    ("topup", "A top-up is decided"),
                    ("refund", "A refund or correction is decided"),
                    ("price", "A model's price is below your limit"),
                    ("account", "Your data is ready, or a member has left"),
                    ("test", "Test message"),
                ],
                max_length=10,
            ),
        ),
    ]
