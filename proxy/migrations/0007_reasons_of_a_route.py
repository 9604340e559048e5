from django.db import migrations

from proxy.schema import script


class Migration(migrations.Migration):
    """The receipt tells which endpoints were considered, and why the others were passed over.

    Locks: ALTER TABLE takes an exclusive lock for a moment; a constant as default rewrites nothing.
    """

    dependencies = [("proxy", "0006_jobs_that_own_their_holds")]
    operations = [migrations.RunSQL(script("route") + script("record_batch"), migrations.RunSQL.noop)]
