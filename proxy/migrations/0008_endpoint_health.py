from django.db import migrations


class Migration(migrations.Migration):
    """A view of the endpoints in admin; no table changes."""

    dependencies = [("proxy", "0007_reasons_of_a_route"), ("routing", "0005_moderation_models")]
    operations = [
        migrations.CreateModel(
            name="EndpointHealth",
            fields=[],
            options={
                "verbose_name": "endpoint health",
                "verbose_name_plural": "endpoint health",
                "ordering": ["provider__slug", "model__slug"],
                "proxy": True,
                "indexes": [],
                "constraints": [],
            },
            bases=("routing.endpoint",),
        ),
    ]
