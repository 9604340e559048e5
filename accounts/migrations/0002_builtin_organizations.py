"""The two organizations that belong to nobody: the platform's own calls and anonymous callers."""

from django.db import migrations

BUILT_IN = {"platform": "CloudAPI platform", "anonymous": "Anonymous callers"}


def create(apps, schema_editor):
    Organization = apps.get_model("accounts", "Organization")
    Project = apps.get_model("accounts", "Project")
    for slug, name in BUILT_IN.items():
        organization, _ = Organization.objects.get_or_create(slug=slug, defaults={"name": name})
        Project.objects.get_or_create(
            organization=organization, is_default=True, defaults={"name": "Default"}
        )


class Migration(migrations.Migration):
    dependencies = [("accounts", "0001_initial")]
    operations = [migrations.RunPython(create, migrations.RunPython.noop, elidable=False)]
