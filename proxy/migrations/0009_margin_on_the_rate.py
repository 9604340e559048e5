from django.db import migrations

from proxy.schema import script


class Migration(migrations.Migration):
    """A margin on the rate is kept with each call that was priced with one.

    Locks: ALTER TABLE takes an exclusive lock for a moment; a constant as default rewrites nothing.
    """

    dependencies = [("proxy", "0008_endpoint_health")]
    operations = [migrations.RunSQL(script("fx_margin") + script("record_batch"), migrations.RunSQL.noop)]
