from django.db import migrations

from proxy.schema import script


class Migration(migrations.Migration):
    """What endpoints bill that broke off or failed is owed to their own providers, not to the one that served.

    Locks: ALTER TABLE takes an exclusive lock for a moment; a column without a default rewrites nothing.
    """

    dependencies = [("proxy", "0011_credential_health")]
    operations = [
        migrations.RunSQL(
            script("owed_elsewhere") + script("record_batch") + script("post_costs"), migrations.RunSQL.noop
        )
    ]
