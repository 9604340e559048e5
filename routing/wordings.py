"""What is said about a model in a language other than English, whose words are the model's own columns."""

from typing import ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _


class ModelWording(models.Model):
    """One model in one language; what is empty is shown in English."""

    class Language(models.TextChoices):
        UZBEK = "uz", _("Uzbek")
        RUSSIAN = "ru", _("Russian")

    model = models.ForeignKey("routing.Model", on_delete=models.CASCADE, related_name="wordings")
    language = models.CharField(_("language"), max_length=2, choices=Language)
    description = models.TextField(_("description"), blank=True)
    strengths = models.TextField(_("strengths"), blank=True)
    weaknesses = models.TextField(_("weaknesses"), blank=True)

    class Meta:
        verbose_name = _("translation of a model")
        verbose_name_plural = _("translations of models")
        ordering: ClassVar[list[str]] = ["model", "language"]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["model", "language"], name="routing_wording_once"),
        ]

    def __str__(self) -> str:
        return f"{self.model}, {self.language}"
