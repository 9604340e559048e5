"""Who was asked to join."""

from uuid import uuid4

from django.db import models
from django.db.models import F, Func, IntegerField, Q
from django.db.models.lookups import Exact
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models.organization import Organization, Role
from accounts.models.people import Language, LowerEmailField, User


class Invitation(models.Model):
    """A letter to one address that lets its reader join once. Made and ended in accounts/invitations.py only.

    The link's token is in the letter alone; here is its SHA-256. Nobody is made an owner by a letter.
    """

    organization = models.ForeignKey(
        Organization, models.PROTECT, related_name="invitations", verbose_name=_("organization")
    )
    public_id = models.UUIDField(default=uuid4, unique=True, editable=False)
    email = LowerEmailField(_("e-mail"))
    role = models.CharField(_("role"), max_length=10, choices=Role)
    language = models.CharField(_("language"), max_length=2, choices=Language, blank=True)
    digest = models.BinaryField(max_length=32, unique=True, editable=False)
    invited_by = models.ForeignKey(
        User, models.SET_NULL, null=True, related_name="+", verbose_name=_("invited by")
    )
    created_at = models.DateTimeField(_("created"), default=timezone.now)
    sent_at = models.DateTimeField(_("sent"), default=timezone.now)
    expires_at = models.DateTimeField(_("expires"))
    accepted_at = models.DateTimeField(_("accepted"), null=True, blank=True)
    withdrawn_at = models.DateTimeField(_("withdrawn"), null=True, blank=True)

    class Meta:
        verbose_name = _("invitation")
        verbose_name_plural = _("invitations")
        constraints = [
            models.UniqueConstraint(
                fields=["organization", "email"],
                condition=Q(accepted_at=None, withdrawn_at=None),
                name="invitation_one_open",
            ),
            models.CheckConstraint(
                condition=Q(role__in=[Role.ADMIN, Role.DEVELOPER, Role.VIEWER]), name="invitation_role"
            ),
            models.CheckConstraint(
                condition=Exact(Func(F("digest"), function="octet_length", output_field=IntegerField()), 32),
                name="invitation_digest_is_32_bytes",
            ),
            models.CheckConstraint(
                condition=Q(accepted_at=None) | Q(withdrawn_at=None), name="invitation_ends_once"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.email}: {self.get_role_display()}"

    @property
    def api_id(self) -> str:
        return f"inv_{self.public_id.hex}"

    @property
    def state(self) -> str:
        """waiting, expired, accepted or withdrawn, by the clock of this process."""
        if self.accepted_at is not None:
            return "accepted"
        if self.withdrawn_at is not None:
            return "withdrawn"
        return "expired" if self.expires_at <= timezone.now() else "waiting"
