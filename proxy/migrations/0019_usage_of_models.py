from django.db import migrations

from proxy.schema import script


class Migration(migrations.Migration):
    """A page without filters reads sums by model alone.

    Locks: the roll-ups' own, which only their task and this take; calls don't touch them.
    """

    dependencies = [("proxy", "0018_content_in_one_piece")]
    operations = [migrations.RunSQL(script("usage_models") + script("usage_advance"), migrations.RunSQL.noop)]
