"""The gateway's database role may read who is calling, and nothing about people."""

from django.db import migrations

GRANT = """
DO $$ BEGIN
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'cloudapi_gateway') THEN
        GRANT SELECT ON accounts_apikey, accounts_project, accounts_organization TO cloudapi_gateway;
    END IF;
END $$
"""


class Migration(migrations.Migration):
    dependencies = [("accounts", "0002_builtin_organizations")]
    operations = [migrations.RunSQL(GRANT, migrations.RunSQL.noop)]
