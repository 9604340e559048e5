from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False

    dependencies = [
        ("billing", "0017_click_receipts"),
    ]

    operations = [
        AddIndexConcurrently(
            model_name="providertransaction",
            index=models.Index(
                fields=["perform_ms"],
                name="provider_transaction_receipts",
                condition=models.Q(provider="click", state=2, fiscal_perform__isnull=True),
            ),
        ),
    ]
