from django.db import migrations

from billing.sql import script


class Migration(migrations.Migration):
    """Operators can go back from a manual rate to the Central Bank's.

    Locks: ALTER TABLE takes an exclusive lock for a moment on a table of a row a day.
    """

    dependencies = [("billing", "0007_the_platforms_cap_costs_no_others")]
    operations = [migrations.RunSQL(script("fx_manual"), migrations.RunSQL.noop)]
