from django.db import migrations

DEFAULTS = """
INSERT INTO markup (kind, bps, author, reason) VALUES
    ('routing_fee', 500, 'migration', 'closed third-party models'),
    ('margin', 3000, 'migration', 'models bought in otherwise'),
    ('hosted', 0, 'migration', 'our own sites: the energy formula has its margin inside')
"""


class Migration(migrations.Migration):
    dependencies = [("billing", "0001_initial")]
    operations = [migrations.RunSQL(DEFAULTS)]
