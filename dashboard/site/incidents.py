"""What went wrong, as operators tell it on /status.

English is the text itself; a language that has none is told in English.
"""

from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from routing.models import Provider


def in_language(row: models.Model, name: str) -> str:
    """A text of the row in the reader's language: the column `name`_uz or `name`_ru, else `name` itself."""
    language = (get_language() or "en")[:2]
    return str(getattr(row, f"{name}_{language}", "") or getattr(row, name))


class Incident(models.Model):
    """Open until it has an end."""

    class Impact(models.TextChoices):
        MAINTENANCE = "maintenance", _("maintenance")
        DEGRADED = "degraded", _("degraded")
        DOWN = "down", _("down")

    title = models.CharField(_("title"), max_length=120)
    title_uz = models.CharField(_("title in Uzbek"), max_length=120, blank=True)
    title_ru = models.CharField(_("title in Russian"), max_length=120, blank=True)
    impact = models.CharField(_("impact"), max_length=12, choices=Impact, default=Impact.DEGRADED)
    providers = models.ManyToManyField(
        Provider,
        blank=True,
        related_name="+",
        verbose_name=_("providers"),
        help_text=_("None: the service itself."),
    )
    started_at = models.DateTimeField(_("began"), default=timezone.now)
    ended_at = models.DateTimeField(_("ended"), null=True, blank=True, help_text=_("Empty: it goes on."))

    class Meta:
        verbose_name = _("incident")
        verbose_name_plural = _("incidents")
        ordering: ClassVar[list[str]] = ["-started_at", "-pk"]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(
                condition=Q(ended_at=None) | Q(ended_at__gte=models.F("started_at")),
                name="incident_ends_after",
            ),
        ]

    def __str__(self) -> str:
        return self.title


class IncidentUpdate(models.Model):
    """One message about an incident."""

    class State(models.TextChoices):
        INVESTIGATING = "investigating", _("investigating")
        IDENTIFIED = "identified", _("cause found")
        MONITORING = "monitoring", _("watching")
        RESOLVED = "resolved", _("resolved")

    incident = models.ForeignKey(Incident, models.CASCADE, related_name="updates")
    at = models.DateTimeField(_("at"), default=timezone.now)
    state = models.CharField(_("state"), max_length=14, choices=State, default=State.INVESTIGATING)
    text = models.TextField(_("text"), max_length=2000)
    text_uz = models.TextField(_("text in Uzbek"), max_length=2000, blank=True)
    text_ru = models.TextField(_("text in Russian"), max_length=2000, blank=True)

    class Meta:
        verbose_name = _("update")
        verbose_name_plural = _("updates")
        ordering: ClassVar[list[str]] = ["-at", "-pk"]

    def __str__(self) -> str:
        return f"{self.incident}: {self.get_state_display()}"
