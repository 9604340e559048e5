from django.db import migrations

from proxy.schema import script


class Migration(migrations.Migration):
    """Of each model the share of calls that nobody answered, beside what its endpoints did."""

    dependencies = [("proxy", "0016_indexes_of_the_activity_page")]
    operations = [migrations.RunSQL(script("quality"), migrations.RunSQL.noop)]
