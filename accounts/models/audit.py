"""What people changed in their organizations."""

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models.key import ApiKey
from accounts.models.organization import Organization
from accounts.models.people import User


class AuditEntry(models.Model):
    """Who changed what, from what to what. Written in accounts/audit.py only, and never changed.

    `subject` is the public id of what was changed; before and after have its plain values, never a secret.
    """

    organization = models.ForeignKey(
        Organization, models.PROTECT, related_name="+", verbose_name=_("organization")
    )
    user = models.ForeignKey(User, models.PROTECT, null=True, related_name="+", verbose_name=_("person"))
    key = models.ForeignKey(ApiKey, models.PROTECT, null=True, related_name="+", verbose_name=_("API key"))
    deed = models.CharField(_("deed"), max_length=40)
    subject = models.CharField(_("changed"), max_length=60)
    before = models.JSONField(_("before"), default=dict)
    after = models.JSONField(_("after"), default=dict)
    at = models.DateTimeField(_("time"), default=timezone.now)

    class Meta:
        verbose_name = _("change by a customer")
        verbose_name_plural = _("changes by customers")
        ordering = ["-id"]
        indexes = [models.Index(fields=["organization", "subject", "-id"], name="audit_of_subject")]

    def __str__(self) -> str:
        return f"{self.deed} {self.subject}"
