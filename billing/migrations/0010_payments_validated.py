from django.contrib.postgres.operations import AddIndexConcurrently, ValidateConstraint
from django.db import migrations, models


class Migration(migrations.Migration):
    """What 0009 added to top-ups without a look at the old rows, now with one that lets writers go on."""

    atomic = False
    dependencies = [("billing", "0009_payments")]
    operations = [
        ValidateConstraint("topup", "topup_decided"),
        ValidateConstraint("topup", "topup_maker_is_not_approver"),
        ValidateConstraint("topup", "topup_credited"),
        AddIndexConcurrently(
            "topup",
            models.Index(
                condition=models.Q(("state", "pending")), fields=["expires_at"], name="topup_waiting"
            ),
        ),
    ]
