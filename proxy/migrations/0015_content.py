from django.db import migrations

from proxy.schema import script


class Migration(migrations.Migration):
    """The sealed content of calls, for projects that ask for it (docs/log-encryption.md)."""

    dependencies = [
        ("accounts", "0008_content_log"),
        ("proxy", "0014_usage"),
    ]

    operations = [
        migrations.RunSQL(script("content"), migrations.RunSQL.noop),
        migrations.RunSQL("SELECT register_partitioned('proxy_content')", migrations.RunSQL.noop),
    ]
