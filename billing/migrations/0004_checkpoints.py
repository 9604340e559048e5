from django.db import migrations

from billing.sql import script


class Migration(migrations.Migration):
    dependencies = [("billing", "0003_topup")]
    operations = [migrations.RunSQL(script("checkpoint"))]
