from django.db import migrations

from proxy.schema import script


class Migration(migrations.Migration):
    """A call that was logged as lost and charged later has a row that says so."""

    dependencies = [("proxy", "0001_request_log"), ("billing", "0005_day_of_an_unknown_hold")]
    operations = [migrations.RunSQL(script("record_batch"), migrations.RunSQL.noop)]
