"""What a browser calls with in Studio."""

from django.db import models
from django.db.models import F, Func, IntegerField
from django.db.models.lookups import Exact
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models.key import ApiKey


class StudioToken(models.Model):
    """A short-lived bearer token of one person for one project. Made and ended in accounts/studio.py only.

    It stands for its key, a hidden one of that person in that project, whose limits and caps count on however
    often the token is renewed. It is good only while the person may write in the key's organization.
    """

    key = models.ForeignKey(ApiKey, models.PROTECT, related_name="studio_tokens")
    digest = models.BinaryField(max_length=32, unique=True, editable=False)
    session = models.CharField(max_length=64, db_index=True, editable=False)  # SHA-256 of its session's key
    expires_at = models.DateTimeField(_("expires"), db_index=True)
    created_at = models.DateTimeField(_("created"), default=timezone.now)

    class Meta:
        verbose_name = _("Studio token")
        verbose_name_plural = _("Studio tokens")
        default_permissions = ()
        constraints = [
            models.CheckConstraint(
                condition=Exact(Func(F("digest"), function="octet_length", output_field=IntegerField()), 32),
                name="studiotoken_digest_is_32_bytes",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.key} {self.pk}"
