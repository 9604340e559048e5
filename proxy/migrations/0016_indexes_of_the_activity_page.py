from typing import Any

from django.db import migrations

from billing.partitions import add_index

INDEXES = {
    "proxy_request_project": "(project_id, id DESC)",
    "proxy_request_model": "(org_id, model, id DESC)",
    # Most calls end well, and whoever looks for those finds them anywhere.
    "proxy_request_status": "(org_id, status, id DESC) WHERE status <> 'ok'",
}


def add_indexes(apps: Any, schema_editor: Any) -> None:
    with schema_editor.connection.cursor() as cursor:
        for name, definition in INDEXES.items():
            add_index(cursor, "proxy_request", name, definition)


class Migration(migrations.Migration):
    """What the list is narrowed by has an index, and metadata is kept for 13 months, sealed content for 4.

    Locks: each month's index is built CONCURRENTLY; none stops writes.
    """

    atomic = False
    dependencies = [("proxy", "0015_content"), ("billing", "0024_months_that_are_dropped")]
    operations = [
        migrations.RunPython(add_indexes, migrations.RunPython.noop),
        migrations.RunSQL(
            # Sealed content lives for 90 days at most, which three months may fall short of.
            "UPDATE partitioned SET kept_months = CASE parent WHEN 'proxy_request' THEN 13 ELSE 4 END"
            " WHERE parent IN ('proxy_request', 'proxy_content')",
            migrations.RunSQL.noop,
        ),
    ]
