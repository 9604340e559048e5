"""What calls."""

from uuid import uuid4

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Func, IntegerField, Q
from django.db.models.lookups import Exact
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models.people import User
from accounts.models.project import Project


class Scope(models.TextChoices):
    INFERENCE = "inference", _("Inference")  # calls models
    MANAGE = "manage", _("Management")  # creates and revokes keys, reads usage


def default_scopes() -> list[str]:
    return [Scope.INFERENCE.value]


class ApiKey(models.Model):
    """A credential of a project. Made and revoked in accounts/keys.py only."""

    project = models.ForeignKey(Project, models.PROTECT, related_name="keys", verbose_name=_("project"))
    public_id = models.UUIDField(default=uuid4, unique=True, editable=False)
    name = models.CharField(_("name"), max_length=100)
    digest = models.BinaryField(max_length=32, unique=True, editable=False)
    pepper = models.PositiveSmallIntegerField(editable=False)
    prefix = models.CharField(_("begins with"), max_length=8, editable=False)
    last4 = models.CharField(_("ends with"), max_length=4, editable=False)
    rpm = models.PositiveIntegerField(_("requests per minute"), null=True, blank=True)
    allowed_ips = ArrayField(
        models.CharField(max_length=43), default=list, blank=True, verbose_name=_("allowed addresses (IP)")
    )
    scopes = ArrayField(
        models.CharField(max_length=16, choices=Scope), default=default_scopes, verbose_name=_("scopes")
    )
    expires_at = models.DateTimeField(_("expires"), null=True, blank=True)
    revoked_at = models.DateTimeField(_("revoked"), null=True, blank=True)
    last_used_at = models.DateTimeField(_("last used"), null=True, blank=True)
    # Stands for what created_by does in Studio (accounts/studio.py): in no list, its plain text is unknown.
    studio = models.BooleanField(_("for Studio"), default=False, db_default=False, editable=False)
    created_by = models.ForeignKey(
        User, models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=_("created by")
    )
    created_at = models.DateTimeField(_("created"), default=timezone.now)

    class Meta:
        verbose_name = _("API key")
        verbose_name_plural = _("API keys")
        constraints = [
            models.CheckConstraint(
                condition=Exact(Func(F("digest"), function="octet_length", output_field=IntegerField()), 32),
                name="apikey_digest_is_32_bytes",
            ),
            models.CheckConstraint(
                condition=Q(scopes__contained_by=Scope.values) & Q(scopes__len__gt=0),
                name="apikey_scopes_are_known",
            ),
            models.CheckConstraint(condition=Q(rpm__gt=0), name="apikey_rpm_is_positive"),
            models.UniqueConstraint(
                fields=["project", "created_by"],
                condition=Q(studio=True, revoked_at=None),
                name="apikey_one_studio_each",
            ),
        ]

    def __str__(self) -> str:
        if self.studio:
            return str(self.name)
        return f"{self.name} ({self.prefix}…{self.last4})"

    @property
    def api_id(self) -> str:
        return f"key_{self.public_id.hex}"

    @property
    def state(self) -> str:
        """active, expired or revoked, by the clock of this process."""
        if self.revoked_at is not None:
            return "revoked"
        if self.expires_at is not None and self.expires_at <= timezone.now():
            return "expired"
        return "active"
