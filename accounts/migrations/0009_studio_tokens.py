import django.db.models.deletion
import django.utils.timezone
from django.db import migrations, models
from django.db.models.lookups import Exact

_LENGTH = models.Func(models.F("digest"), function="octet_length", output_field=models.IntegerField())
# The gateway sees whether a token's person may still write there; of people nothing but that they are active.
_GRANT = """
DO $$ BEGIN
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'cloudapi_gateway') THEN
        GRANT SELECT ON accounts_studiotoken TO cloudapi_gateway;
        GRANT SELECT (organization_id, user_id, role) ON accounts_membership TO cloudapi_gateway;
        GRANT SELECT (id, is_active) ON accounts_user TO cloudapi_gateway;
    END IF;
END $$
"""


class Migration(migrations.Migration):
    dependencies = [("accounts", "0008_content_log")]
    operations = [
        migrations.AddField(
            "apikey", "studio", models.BooleanField(db_default=False, default=False, editable=False)
        ),
        migrations.AddConstraint(
            "apikey",
            models.UniqueConstraint(
                condition=models.Q(("revoked_at", None), ("studio", True)),
                fields=("project", "created_by"),
                name="apikey_one_studio_each",
            ),
        ),
        migrations.CreateModel(
            name="StudioToken",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("digest", models.BinaryField(max_length=32, unique=True)),
                ("session", models.CharField(db_index=True, editable=False, max_length=64)),
                ("expires_at", models.DateTimeField("expires", db_index=True)),
                ("created_at", models.DateTimeField("created", default=django.utils.timezone.now)),
                (
                    "key",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="studio_tokens",
                        to="accounts.apikey",
                    ),
                ),
            ],
            options={
                "verbose_name": "Studio token",
                "verbose_name_plural": "Studio tokens",
                "default_permissions": (),
                "constraints": [
                    models.CheckConstraint(
                        condition=Exact(_LENGTH, 32), name="studiotoken_digest_is_32_bytes"
                    ),
                ],
            },
        ),
        migrations.RunSQL(_GRANT, migrations.RunSQL.noop),
    ]
