from django.db import migrations

from proxy.schema import script


class Migration(migrations.Migration):
    """A batch of content comes as one list and one piece of bytes: writing nine arrays cost more than sealing."""

    dependencies = [("proxy", "0017_models_as_callers_see_them")]
    operations = [migrations.RunSQL(script("content_batch"), migrations.RunSQL.noop)]
