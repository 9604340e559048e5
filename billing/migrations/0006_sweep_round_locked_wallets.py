from django.db import migrations

from billing.sql import script


class Migration(migrations.Migration):
    """The sweeper waits for no locked wallet and stumbles over no broken one; the platform's cap is locked
    before its room is read."""

    dependencies = [("billing", "0005_day_of_an_unknown_hold")]
    operations = [migrations.RunSQL(script("settle", "sweep"), migrations.RunSQL.noop)]
