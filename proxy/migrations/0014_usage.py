from django.db import migrations

from proxy.schema import script


class Migration(migrations.Migration):
    """Roll-ups of the request log. The first run of the task takes in what the log has.

    Locks: the trigger takes one that stops writes to the log for a moment; nothing is rewritten.
    """

    dependencies = [("proxy", "0013_names_that_people_read"), ("accounts", "0001_initial")]
    operations = [
        migrations.RunSQL(
            script("usage") + script("usage_advance") + script("quality"), migrations.RunSQL.noop
        )
    ]
