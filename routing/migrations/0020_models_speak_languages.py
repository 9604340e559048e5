"""What is said about a model, in the languages of the site."""

import django.db.models.deletion
from django.db import migrations, models

# Readers keep the catalog until its version moves.
BUMP = """
CREATE TRIGGER routing_bump AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON routing_modelwording
    FOR EACH STATEMENT EXECUTE FUNCTION routing_bump_catalog();
"""


class Migration(migrations.Migration):
    dependencies = [
        ("routing", "0019_names_that_people_read"),
    ]

    operations = [
        migrations.CreateModel(
            name="ModelWording",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "language",
                    models.CharField(
                        choices=[("uz", "Uzbek"), ("ru", "Russian")], max_length=2, verbose_name="language"
                    ),
                ),
                ("description", models.TextField(blank=True, verbose_name="description")),
                ("strengths", models.TextField(blank=True, verbose_name="strengths")),
                ("weaknesses", models.TextField(blank=True, verbose_name="weaknesses")),
                (
                    "model",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="wordings",
                        to="routing.model",
                    ),
                ),
            ],
            options={
                "verbose_name": "translation of a model",
                "verbose_name_plural": "translations of models",
                "ordering": ["model", "language"],
                "constraints": [
                    models.UniqueConstraint(fields=("model", "language"), name="routing_wording_once")
                ],
            },
        ),
        migrations.RunSQL(BUMP, migrations.RunSQL.noop),
    ]
