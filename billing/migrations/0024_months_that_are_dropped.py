from django.db import migrations


class Migration(migrations.Migration):
    """How long the months of a partitioned table are kept; without a word of it, for good."""

    dependencies = [("billing", "0023_notices_of_accounts")]
    operations = [
        migrations.RunSQL(
            "ALTER TABLE partitioned ADD COLUMN kept_months smallint CHECK (kept_months >= 1)",
            migrations.RunSQL.noop,
        )
    ]
