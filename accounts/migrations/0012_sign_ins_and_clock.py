import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("accounts", "0011_invitations")]

    operations = [
        migrations.AddField(
            "user",
            "clock",
            models.CharField(
                choices=[("24", "24 hours: 21:05"), ("12", "12 hours: 9:05 PM")],
                db_default="24",
                default="24",
                max_length=2,
                verbose_name="time format",
            ),
        ),
        migrations.CreateModel(
            name="SignIn",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("session_key", models.CharField(editable=False, max_length=40, unique=True)),
                ("agent", models.CharField(blank=True, max_length=300, verbose_name="browser")),
                (
                    "began_at",
                    models.DateTimeField(default=django.utils.timezone.now, verbose_name="signed in"),
                ),
                (
                    "seen_at",
                    models.DateTimeField(default=django.utils.timezone.now, verbose_name="last seen"),
                ),
                (
                    "user",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="sign_ins",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "verbose_name": "sign-in",
                "verbose_name_plural": "sign-ins",
                "ordering": ["-seen_at", "-pk"],
            },
        ),
    ]
