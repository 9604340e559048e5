"""A paper can be issued anew as its next version. The old uniqueness gives way to one that counts versions."""

import django.db.models.deletion
from django.contrib.postgres.operations import AddConstraintNotValid, ValidateConstraint
from django.db import migrations, models

ONCE = models.UniqueConstraint(
    fields=("organization", "kind", "subject", "version"), name="paper_version_once"
)


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("dashboard", "0001_papers")]

    operations = [
        migrations.AddField(
            model_name="paper",
            name="version",
            field=models.PositiveSmallIntegerField(db_default=1, default=1, verbose_name="version"),
        ),
        migrations.AddField(
            model_name="paper",
            name="original",
            field=models.ForeignKey(
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="dashboard.paper",
                verbose_name="first version",
            ),
        ),
        migrations.SeparateDatabaseAndState(
            database_operations=[
                migrations.RunSQL(
                    "CREATE UNIQUE INDEX CONCURRENTLY paper_version_once"
                    " ON dashboard_paper (organization_id, kind, subject, version)"
                ),
                migrations.RunSQL(
                    "ALTER TABLE dashboard_paper"
                    " ADD CONSTRAINT paper_version_once UNIQUE USING INDEX paper_version_once"
                ),
            ],
            state_operations=[migrations.AddConstraint(model_name="paper", constraint=ONCE)],
        ),
        migrations.RemoveConstraint(model_name="paper", name="paper_once"),
        AddConstraintNotValid(
            model_name="paper",
            constraint=models.CheckConstraint(
                condition=models.Q(("original", None), ("version", 1))
                | models.Q(("original__isnull", False), ("version__gt", 1)),
                name="paper_versions",
            ),
        ),
        ValidateConstraint("paper", "paper_versions"),
    ]
