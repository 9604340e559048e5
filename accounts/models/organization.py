"""Who pays, and who may act for them."""

from typing import Any, ClassVar
from uuid import uuid4

from django.contrib.postgres.functions import RandomUUID
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models.people import User

PLATFORM = "platform"
ANONYMOUS = "anonymous"


class Role(models.TextChoices):
    """What each may do is in accounts/roles.py."""

    OWNER = "owner", _("Owner")
    ADMIN = "admin", _("Administrator")
    DEVELOPER = "developer", _("Developer")
    VIEWER = "viewer", _("Viewer")  # sees everything, changes nothing


class Organization(models.Model):
    """The party that holds the wallet and is answerable for its keys."""

    public_id = models.UUIDField(default=uuid4, unique=True, editable=False)
    name = models.CharField(_("name"), max_length=150)
    slug = models.SlugField(_("short name"), unique=True, null=True, blank=True)  # noqa: DJ001 (many have none)
    is_personal = models.BooleanField(_("personal"), default=False)
    owner = models.ForeignKey(
        User,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="owned_organizations",
        verbose_name=_("owner"),
    )
    verified_at = models.DateTimeField(_("verified"), null=True, blank=True)
    suspended_at = models.DateTimeField(_("suspended"), null=True, blank=True)
    # Requests per minute. Null: the platform's own ceilings, ORG_RPM_MAX and KEY_RPM_MAX.
    rpm_max = models.PositiveIntegerField(_("requests per minute, all keys"), null=True, blank=True)
    key_rpm_max = models.PositiveIntegerField(_("requests per minute, one key"), null=True, blank=True)
    created_at = models.DateTimeField(_("created"), default=timezone.now)

    members = models.ManyToManyField(User, through="Membership", related_name="organizations")

    class Meta:
        verbose_name = _("organization")
        verbose_name_plural = _("organizations")
        constraints = [
            models.UniqueConstraint(
                fields=["owner"], condition=Q(is_personal=True), name="organization_one_personal_per_owner"
            ),
            models.CheckConstraint(
                condition=Q(rpm_max__gt=0) & Q(key_rpm_max__gt=0), name="organization_rpm_is_positive"
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def api_id(self) -> str:
        return f"org_{self.public_id.hex}"


class Membership(models.Model):
    """What a user may do in an organization."""

    organization = models.ForeignKey(
        Organization, models.CASCADE, related_name="memberships", verbose_name=_("organization")
    )
    user = models.ForeignKey(User, models.CASCADE, related_name="memberships", verbose_name=_("user"))
    public_id = models.UUIDField(default=uuid4, db_default=RandomUUID(), unique=True, editable=False)
    role = models.CharField(_("role"), max_length=10, choices=Role)
    created_at = models.DateTimeField(_("created"), default=timezone.now)
    # When the person last chose to work here: where the next session begins.
    chosen_at = models.DateTimeField(_("chosen"), null=True, blank=True, editable=False)

    class Meta:
        verbose_name = _("membership")
        verbose_name_plural = _("memberships")
        constraints = [
            models.UniqueConstraint(fields=["organization", "user"], name="membership_once"),
            models.CheckConstraint(condition=Q(role__in=Role.values), name="membership_role_is_known"),
        ]

    def __str__(self) -> str:
        return f"{self.user_id}: {self.get_role_display()}"

    @property
    def api_id(self) -> str:
        return f"mem_{self.public_id.hex}"


class BillingDetails(models.Model):
    """Who an organization is on papers: receipts, statements, acts. Issued ones keep what stood here then."""

    organization = models.OneToOneField(
        Organization,
        models.CASCADE,
        primary_key=True,
        related_name="billing_details",
        verbose_name=_("organization"),
    )
    is_legal_entity = models.BooleanField(
        _("legal entity"), default=False, help_text=_("Legal entities get an act of services for each month.")
    )
    name = models.CharField(_("legal name, or name of the person"), max_length=200, blank=True)
    stir = models.CharField(_("STIR (INN)"), max_length=9, blank=True, help_text=_("9 digits."))
    pinfl = models.CharField(
        _("PINFL"), max_length=14, blank=True, help_text=_("14 digits, for persons without a STIR.")
    )
    address = models.CharField(_("address"), max_length=300, blank=True)
    bank = models.CharField(_("bank"), max_length=150, blank=True)
    account = models.CharField(_("bank account"), max_length=20, blank=True, help_text=_("20 digits."))
    mfo = models.CharField(_("bank code (MFO)"), max_length=5, blank=True, help_text=_("5 digits."))
    vat_code = models.CharField(_("VAT payer code"), max_length=12, blank=True, help_text=_("12 digits."))
    contact = models.CharField(
        _("contact"), max_length=150, blank=True, help_text=_("Name and telephone of your accountant.")
    )
    updated_by = models.ForeignKey(
        User, models.SET_NULL, null=True, related_name="+", editable=False, verbose_name=_("changed by")
    )
    updated_at = models.DateTimeField(_("changed"), auto_now=True)

    DIGITS: ClassVar[dict[str, int]] = {"stir": 9, "pinfl": 14, "account": 20, "mfo": 5, "vat_code": 12}

    class Meta:
        verbose_name = _("billing details")
        verbose_name_plural = _("billing details")
        constraints = [
            models.CheckConstraint(
                condition=Q(stir__regex="^([0-9]{9})?$")
                & Q(pinfl__regex="^([0-9]{14})?$")
                & Q(account__regex="^([0-9]{20})?$")
                & Q(mfo__regex="^([0-9]{5})?$")
                & Q(vat_code__regex="^([0-9]{12})?$"),
                name="billing_details_digits",
            ),
            models.CheckConstraint(
                condition=Q(is_legal_entity=False) | (~Q(name="") & ~Q(stir="") & ~Q(address="")),
                name="billing_details_of_a_legal_entity",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    def clean(self) -> None:
        """Numbers have their digits (old ones no check sum); a legal entity has what an act needs."""
        errors: dict[str, Any] = {}
        for name, length in self.DIGITS.items():
            digits = getattr(self, name)
            if digits and (len(digits) != length or not digits.isascii() or not digits.isdigit()):
                errors[name] = _("Write %(count)d digits.") % {"count": length}
        needed = ("name", "stir", "address") if self.is_legal_entity else ()
        errors |= {name: _("A legal entity needs this.") for name in needed if not getattr(self, name)}
        if errors:
            raise ValidationError(errors)
