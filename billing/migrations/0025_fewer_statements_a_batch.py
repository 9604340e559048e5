from django.db import migrations

from billing.sql import script


class Migration(migrations.Migration):
    """Caps are counted with one statement a batch, and a settle can be asked for without JSON. Functions only."""

    dependencies = [("billing", "0024_months_that_are_dropped")]
    operations = [migrations.RunSQL(script("cap_add", "settle"), migrations.RunSQL.noop)]
