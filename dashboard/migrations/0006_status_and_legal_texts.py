"""Incidents for /status, and legal texts with the drafts that we ship: a lawyer has to review them."""

from pathlib import Path
from typing import Any

import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models

import dashboard.moments

_DRAFTS = Path(__file__).parents[1] / "site" / "drafts"


def ship_drafts(apps: Any, schema_editor: Any) -> None:
    texts = apps.get_model("dashboard", "LegalText")
    for file in sorted(_DRAFTS.glob("*.md")):
        page, language = file.stem.split(".")
        title, _, body = file.read_text(encoding="utf-8").partition("\n")
        texts.objects.create(
            page=page, language=language, title=title.removeprefix("# "), body=body.strip() + "\n"
        )


class Migration(migrations.Migration):
    dependencies = [
        ("dashboard", "0005_saved_views"),
        ("routing", "0020_models_speak_languages"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="LegalText",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "page",
                    models.CharField(
                        choices=[
                            ("offer", "public offer"),
                            ("privacy", "privacy policy"),
                            ("refund", "refund policy"),
                        ],
                        max_length=10,
                        verbose_name="page",
                    ),
                ),
                (
                    "language",
                    models.CharField(
                        choices=[("uz", "Uzbek"), ("ru", "Russian"), ("en", "English")],
                        max_length=2,
                        verbose_name="language",
                    ),
                ),
                ("title", models.CharField(max_length=120, verbose_name="title")),
                (
                    "body",
                    models.TextField(
                        help_text="Markdown. HTML is shown as text.", max_length=100000, verbose_name="text"
                    ),
                ),
                (
                    "state",
                    models.CharField(
                        choices=[("draft", "draft"), ("published", "published")],
                        default="draft",
                        max_length=10,
                        verbose_name="state",
                    ),
                ),
                (
                    "effective_on",
                    models.DateField(default=dashboard.moments.today, verbose_name="in force from"),
                ),
                ("reviewed", models.BooleanField(default=False, verbose_name="reviewed by a lawyer")),
                (
                    "created_at",
                    models.DateTimeField(
                        default=django.utils.timezone.now, editable=False, verbose_name="written"
                    ),
                ),
            ],
            options={
                "verbose_name": "legal text",
                "verbose_name_plural": "legal texts",
                "ordering": ["page", "language", "-effective_on", "-pk"],
            },
        ),
        migrations.CreateModel(
            name="Incident",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("title", models.CharField(max_length=120, verbose_name="title")),
                ("title_uz", models.CharField(blank=True, max_length=120, verbose_name="title in Uzbek")),
                ("title_ru", models.CharField(blank=True, max_length=120, verbose_name="title in Russian")),
                (
                    "impact",
                    models.CharField(
                        choices=[("maintenance", "maintenance"), ("degraded", "degraded"), ("down", "down")],
                        default="degraded",
                        max_length=12,
                        verbose_name="impact",
                    ),
                ),
                ("started_at", models.DateTimeField(default=django.utils.timezone.now, verbose_name="began")),
                (
                    "ended_at",
                    models.DateTimeField(
                        blank=True, help_text="Empty: it goes on.", null=True, verbose_name="ended"
                    ),
                ),
                (
                    "providers",
                    models.ManyToManyField(
                        blank=True,
                        help_text="None: the service itself.",
                        related_name="+",
                        to="routing.provider",
                        verbose_name="providers",
                    ),
                ),
            ],
            options={
                "verbose_name": "incident",
                "verbose_name_plural": "incidents",
                "ordering": ["-started_at", "-pk"],
            },
        ),
        migrations.CreateModel(
            name="IncidentUpdate",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("at", models.DateTimeField(default=django.utils.timezone.now, verbose_name="at")),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("investigating", "investigating"),
                            ("identified", "cause found"),
                            ("monitoring", "watching"),
                            ("resolved", "resolved"),
                        ],
                        default="investigating",
                        max_length=14,
                        verbose_name="state",
                    ),
                ),
                ("text", models.TextField(max_length=2000, verbose_name="text")),
                ("text_uz", models.TextField(blank=True, max_length=2000, verbose_name="text in Uzbek")),
                ("text_ru", models.TextField(blank=True, max_length=2000, verbose_name="text in Russian")),
                (
                    "incident",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="updates",
                        to="dashboard.incident",
                    ),
                ),
            ],
            options={
                "verbose_name": "update",
                "verbose_name_plural": "updates",
                "ordering": ["-at", "-pk"],
            },
        ),
        migrations.CreateModel(
            name="Acceptance",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("at", models.DateTimeField(default=django.utils.timezone.now, verbose_name="accepted")),
                (
                    "user",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "text",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="acceptances",
                        to="dashboard.legaltext",
                    ),
                ),
            ],
            options={
                "verbose_name": "acceptance",
                "verbose_name_plural": "acceptances",
                "ordering": ["-pk"],
            },
        ),
        migrations.AddConstraint(
            model_name="incident",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("ended_at", None), ("ended_at__gte", models.F("started_at")), _connector="OR"
                ),
                name="incident_ends_after",
            ),
        ),
        migrations.AddConstraint(
            model_name="acceptance",
            constraint=models.UniqueConstraint(fields=("user", "text"), name="acceptance_once"),
        ),
        migrations.RunPython(ship_drafts, migrations.RunPython.noop, elidable=False),
    ]
