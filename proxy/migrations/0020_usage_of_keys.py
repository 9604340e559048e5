from django.db import migrations

from proxy.schema import script


class Migration(migrations.Migration):
    """A chart reads sums by status alone, usage by key and project sums by key.

    Locks: the roll-ups' own, which only their task and this take; calls don't touch them.
    """

    dependencies = [("proxy", "0019_usage_of_models")]
    operations = [
        migrations.RunSQL(
            script("usage_narrow") + script("usage_tail") + script("usage_advance"), migrations.RunSQL.noop
        )
    ]
