from django.db import migrations

from proxy.schema import script


class Migration(migrations.Migration):
    """A call whose Idempotency-Key went on to another call is never charged any more; provider costs are
    posted once also by two runs at once."""

    dependencies = [("proxy", "0003_losses_with_their_rows")]
    operations = [migrations.RunSQL(script("idempotency") + script("post_costs"), migrations.RunSQL.noop)]
