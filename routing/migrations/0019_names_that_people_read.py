"""What rows are called in admin."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [
        ("routing", "0018_feeds_have_names"),
    ]

    operations = [
        migrations.AlterModelOptions(
            name="costversion",
            options={"ordering": ["-id"], "verbose_name": "price", "verbose_name_plural": "prices"},
        ),
        migrations.AlterModelOptions(
            name="credential",
            options={
                "ordering": ["provider", "id"],
                "verbose_name": "credential",
                "verbose_name_plural": "credentials",
            },
        ),
        migrations.AlterModelOptions(
            name="endpoint",
            options={
                "ordering": ["model", "priority", "id"],
                "verbose_name": "endpoint",
                "verbose_name_plural": "endpoints",
            },
        ),
        migrations.AlterModelOptions(
            name="model",
            options={"ordering": ["slug"], "verbose_name": "model", "verbose_name_plural": "models"},
        ),
        migrations.AlterModelOptions(
            name="modelname",
            options={
                "ordering": ["folded"],
                "verbose_name": "model name",
                "verbose_name_plural": "model names",
            },
        ),
        migrations.AlterModelOptions(
            name="provider",
            options={"ordering": ["slug"], "verbose_name": "provider", "verbose_name_plural": "providers"},
        ),
    ]
