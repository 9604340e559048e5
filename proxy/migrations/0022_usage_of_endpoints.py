from django.db import migrations

from proxy.schema import script


class Migration(migrations.Migration):
    """A filter by provider reads sums by endpoint.

    Locks: the roll-ups' own, which only their task and this take; calls don't touch them.
    """

    dependencies = [("proxy", "0021_items_read_once")]
    operations = [
        migrations.RunSQL(script("usage_endpoint") + script("usage_advance"), migrations.RunSQL.noop)
    ]
