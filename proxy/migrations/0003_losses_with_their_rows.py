from django.db import migrations

from proxy.schema import script


class Migration(migrations.Migration):
    """What a crashed call's provider will bill is booked in the commit of its row."""

    dependencies = [("proxy", "0002_rows_of_late_charges")]
    operations = [migrations.RunSQL(script("record_batch"), migrations.RunSQL.noop)]
