from django.db import migrations

from proxy.schema import script


class Migration(migrations.Migration):
    """A call's end is read out of its JSON once, not by the ledger and by the log. Functions only; no table is locked."""

    dependencies = [("proxy", "0020_usage_of_keys"), ("billing", "0025_fewer_statements_a_batch")]
    operations = [migrations.RunSQL(script("record_batch"), migrations.RunSQL.noop)]
