from django.db import migrations

from billing.sql import script


class Migration(migrations.Migration):
    """Gateways sweep while nobody else does. Functions only."""

    dependencies = [("billing", "0027_names_in_the_admin")]
    operations = [migrations.RunSQL(script("sweep"), migrations.RunSQL.noop)]
