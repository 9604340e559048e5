from django.contrib.postgres.operations import ValidateConstraint
from django.db import migrations


class Migration(migrations.Migration):
    """What 0020 added to transactions without a look at the old rows, now with one that lets writers go on."""

    dependencies = [("billing", "0020_two_for_disputes_and_markups")]
    operations = [
        ValidateConstraint("providertransaction", "provider_transaction_first_word"),
        ValidateConstraint("providertransaction", "provider_transaction_two_settle"),
    ]
