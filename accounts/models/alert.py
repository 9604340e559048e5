"""What operators must hear of."""

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _


class Alert(models.Model):
    """What operators must hear of, once for each key and hour. Made in accounts/alerts.py only."""

    class Kind(models.TextChoices):
        CATALOG_SYNC = "catalog_sync", _("catalog sync")
        CREDENTIAL = "credential", _("credential")
        ENERGY = "energy", _("electricity")
        EXCHANGE_RATE = "exchange rate", _("exchange rate")
        PAYMENTS = "payments", _("payments")

    kind = models.CharField(_("kind"), max_length=40, choices=Kind)
    dedupe_key = models.CharField(max_length=200, editable=False)
    hour = models.DateTimeField(editable=False)
    subject = models.CharField(_("subject"), max_length=200)
    text = models.TextField(_("text"))
    created_at = models.DateTimeField(_("created"), default=timezone.now)
    sent_at = models.DateTimeField(_("sent"), null=True, blank=True)
    tries = models.PositiveSmallIntegerField(default=0, editable=False)

    class Meta:
        verbose_name = _("alert")
        verbose_name_plural = _("alerts")
        ordering = ["-created_at"]
        constraints = [
            models.UniqueConstraint(fields=["dedupe_key", "hour"], name="alert_once_an_hour"),
        ]
        indexes = [
            models.Index(fields=["created_at"], condition=Q(sent_at=None), name="alert_unsent"),
        ]

    def __str__(self) -> str:
        return self.subject
