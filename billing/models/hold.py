"""What calls under way may cost."""

from typing import ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _


class Hold(models.Model):
    """Worst-case money of one call."""

    class State(models.IntegerChoices):
        OPEN = 0, _("open")
        CAPTURED = 1, _("captured")
        RELEASED = 2, _("released")
        LATE_CAPTURED = 3, _("captured late")

    id = models.UUIDField(primary_key=True)
    org = models.BigIntegerField(_("number of the organization"))
    project = models.BigIntegerField(_("number of the project"))
    key = models.BigIntegerField(_("number of the key"))
    amount_micros = models.BigIntegerField(_("held, micros"))
    granted_output = models.BigIntegerField(_("output tokens allowed"))
    free = models.BooleanField(_("free"))
    builtin = models.BooleanField(_("of the platform's own"))
    state = models.SmallIntegerField(_("state"), choices=State)
    charged_micros = models.BigIntegerField(_("charged, micros"))
    owner = models.BigIntegerField(_("number of its holder"))
    day = models.DateField(_("day"))
    quote = models.JSONField(_("prices it was reckoned by"), null=True)
    created_at = models.DateTimeField(_("created"))
    expires_at = models.DateTimeField(_("expires"))

    class Meta:
        managed = False
        db_table = "hold"
        ordering: ClassVar[list[str]] = ["-id"]
        verbose_name = _("hold")
        verbose_name_plural = _("holds")

    def __str__(self) -> str:
        return str(self.id)
