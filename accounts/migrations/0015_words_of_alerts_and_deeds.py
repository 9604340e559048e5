from django.db import migrations, models


class Migration(migrations.Migration):
    """Labels; nothing of the tables changes."""

    dependencies = [
        ("accounts", "0014_names_in_the_admin"),
    ]

    operations = [
        migrations.AlterField(
            model_name="alert",
            name="kind",
            field=models.CharField(
                choices=[
                    ("catalog_sync", "catalog sync"),
                    ("credential", "credential"),
                    ("energy", "electricity"),
                    ("exchange rate", "exchange rate"),
                    ("payments", "payments"),
                ],
                max_length=40,
                verbose_name="kind",
            ),
        ),
        migrations.AlterField(
            model_name="auditentry",
            name="deed",
            field=models.CharField(
                choices=[
                    ("organization.create", "organization made"),
                    ("organization.name", "organization renamed"),
                    ("organization.owner", "organization handed over"),
                    ("member.invite", "member invited"),
                    ("member.invite_again", "invitation sent again"),
                    ("member.uninvite", "invitation withdrawn"),
                    ("member.join", "member joined"),
                    ("member.role", "role of a member changed"),
                    ("member.remove", "member removed"),
                    ("member.leave", "member left"),
                    ("project.create", "project made"),
                    ("project.change", "project changed"),
                    ("project.default", "default project chosen"),
                    ("project.archive", "project archived"),
                    ("project.restore", "project taken out of the archive"),
                    ("key.project", "key moved to another project"),
                    ("content_log.on", "keeping of content turned on"),
                    ("content_log.rotate", "new key for content"),
                    ("content_log.off", "keeping of content turned off"),
                    ("content_log.days", "days of content changed"),
                    ("content_log.delete", "all content deleted"),
                    ("content_log.delete_call", "content of a call deleted"),
                ],
                max_length=40,
                verbose_name="deed",
            ),
        ),
    ]
