from django.db import migrations

from billing.sql import script


class Migration(migrations.Migration):
    """A charge whose hold was lost counts in the day of its call, not in that of its replay."""

    dependencies = [("billing", "0004_checkpoints")]
    operations = [migrations.RunSQL(script("settle"), migrations.RunSQL.noop)]
