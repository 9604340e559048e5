from django.db import migrations

from billing.sql import script


class Migration(migrations.Migration):
    """The platform's daily cap is looked at for calls of its own organizations only."""

    dependencies = [("billing", "0006_sweep_round_locked_wallets")]
    operations = [migrations.RunSQL(script("reserve"), migrations.RunSQL.noop)]
