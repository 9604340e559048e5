from django.db import migrations

from proxy.schema import script


class Migration(migrations.Migration):
    """Images, seconds, characters and what is cached for an hour have columns of their own.

    Locks: ALTER TABLE takes an exclusive lock for a moment; constants as defaults rewrite nothing.
    """

    dependencies = [("proxy", "0004_one_key_one_charge")]
    operations = [migrations.RunSQL(script("units") + script("record_batch"), migrations.RunSQL.noop)]
