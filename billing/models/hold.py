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
    org = models.BigIntegerField()
    project = models.BigIntegerField()
    key = models.BigIntegerField()
    amount_micros = models.BigIntegerField()
    granted_output = models.BigIntegerField()
    free = models.BooleanField()
    builtin = models.BooleanField()
    state = models.SmallIntegerField(choices=State)
    charged_micros = models.BigIntegerField()
    owner = models.BigIntegerField()
    day = models.DateField()
    quote = models.JSONField(null=True)
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()

    class Meta:
        managed = False
        db_table = "hold"
        ordering: ClassVar[list[str]] = ["-id"]
        verbose_name = _("hold")
        verbose_name_plural = _("holds")

    def __str__(self) -> str:
        return str(self.id)
