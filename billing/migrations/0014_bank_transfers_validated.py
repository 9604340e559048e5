from django.contrib.postgres.operations import ValidateConstraint
from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("billing", "0013_bank_transfers")]
    operations = [ValidateConstraint("topup", "topup_two_approvers")]
