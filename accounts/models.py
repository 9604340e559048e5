"""Who is calling: users, organizations, projects and API keys.

The law of this app:
- A User signs in; an Organization pays; a Project groups keys; an ApiKey calls. Everything that
  costs money hangs on an organization, everything that is listed is reached through the caller's.
- The plain key exists once, in the answer that creates it. Here lives its HMAC under a pepper
  that the database doesn't know, so a dump alone verifies nothing.
- Organizations, projects and keys are never deleted: money rows name them without foreign keys.
- Two organizations are built in: `platform` (probes, an operator's test calls) and `anonymous`.
- A wallet is billing's; its absence is zero, so nothing here needs to know billing.
"""

from typing import Any, ClassVar
from uuid import uuid4

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.auth.models import PermissionsMixin
from django.contrib.postgres.fields import ArrayField
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import F, Func, IntegerField, Q
from django.db.models.functions import Lower
from django.db.models.lookups import Exact
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

PLATFORM = "platform"
ANONYMOUS = "anonymous"


class Role(models.TextChoices):
    OWNER = "owner", _("Owner")
    ADMIN = "admin", _("Administrator")
    DEVELOPER = "developer", _("Developer")
    VIEWER = "viewer", _("Viewer")  # sees everything, changes nothing


class Scope(models.TextChoices):
    INFERENCE = "inference", _("Inference")  # calls models
    MANAGE = "manage", _("Management")  # creates and revokes keys, reads usage


class ContentLogging(models.TextChoices):
    OFF = "off", _("Off")


class Language(models.TextChoices):
    UZBEK = "uz", "Oʻzbekcha"
    RUSSIAN = "ru", "Русский"
    ENGLISH = "en", "English"


class LowerEmailField(models.EmailField):  # type: ignore[type-arg]
    """An e-mail address without case: lowered on the way in and in every lookup."""

    def get_prep_value(self, value: Any) -> Any:
        prepared = super().get_prep_value(value)
        return prepared.lower() if isinstance(prepared, str) else prepared


class UserManager(BaseUserManager["User"]):
    use_in_migrations = True

    def create_user(self, email: str, password: str | None = None, **fields: Any) -> "User":
        """A bare user without organization; accounts.signup.open_account makes a complete one."""
        if not email:
            raise ValueError("A user needs an e-mail address.")
        user = self.model(email=email.lower(), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(self, email: str, password: str | None = None, **fields: Any) -> "User":
        return self.create_user(email, password, **{"is_staff": True, "is_superuser": True, **fields})

    def get_by_natural_key(self, username: str | None) -> "User":
        return self.get(email=(username or "").lower())


class User(AbstractBaseUser, PermissionsMixin):
    """A person. Signs in by e-mail; belongs to organizations through memberships."""

    email = LowerEmailField(_("e-mail"), unique=True)
    name = models.CharField(_("name"), max_length=150, blank=True)
    language = models.CharField(_("language"), max_length=2, choices=Language, blank=True)
    is_staff = models.BooleanField(_("operator"), default=False)
    is_active = models.BooleanField(_("active"), default=True)
    date_joined = models.DateTimeField(_("joined"), default=timezone.now)

    objects: ClassVar[UserManager] = UserManager()

    EMAIL_FIELD = "email"
    USERNAME_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []

    class Meta:
        verbose_name = _("user")
        verbose_name_plural = _("users")
        constraints = [
            models.CheckConstraint(condition=Q(email=Lower("email")), name="user_email_is_lower"),
        ]

    def __str__(self) -> str:
        return str(self.email)


class Organization(models.Model):
    """The party that holds the wallet and is answerable for its keys."""

    public_id = models.UUIDField(default=uuid4, unique=True, editable=False)
    name = models.CharField(_("name"), max_length=150)
    slug = models.SlugField(unique=True, null=True, blank=True)  # noqa: DJ001 (null: many without one)
    is_personal = models.BooleanField(_("personal"), default=False)
    owner = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="owned_organizations")
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

    organization = models.ForeignKey(Organization, models.CASCADE, related_name="memberships")
    user = models.ForeignKey(User, models.CASCADE, related_name="memberships")
    role = models.CharField(_("role"), max_length=10, choices=Role)
    created_at = models.DateTimeField(_("created"), default=timezone.now)

    class Meta:
        verbose_name = _("membership")
        verbose_name_plural = _("memberships")
        constraints = [
            models.UniqueConstraint(fields=["organization", "user"], name="membership_once"),
            models.CheckConstraint(condition=Q(role__in=Role.values), name="membership_role_is_known"),
        ]

    def __str__(self) -> str:
        return f"{self.user_id} {self.role} {self.organization_id}"


class BillingDetails(models.Model):
    """Who an organization is on papers: receipts, statements, acts. Issued ones keep what stood here then."""

    organization = models.OneToOneField(
        Organization, models.CASCADE, primary_key=True, related_name="billing_details"
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
    updated_by = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+", editable=False)
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


class Project(models.Model):
    """A group of keys with its own allowed models and spending caps."""

    organization = models.ForeignKey(Organization, models.PROTECT, related_name="projects")
    public_id = models.UUIDField(default=uuid4, unique=True, editable=False)
    name = models.CharField(_("name"), max_length=100)
    is_default = models.BooleanField(_("default"), default=False)
    # Canonical model ids; null allows all. Plain text: accounts doesn't know routing.
    allowed_models = ArrayField(models.TextField(), null=True, blank=True)
    content_logging = models.CharField(max_length=10, choices=ContentLogging, default=ContentLogging.OFF)
    rescue = models.BooleanField(
        _("continue broken streams"),
        default=False,
        db_default=False,
        help_text=_("When a provider breaks off in the middle of an answer, another one goes on with it."),
    )
    archived_at = models.DateTimeField(_("archived"), null=True, blank=True)
    created_at = models.DateTimeField(_("created"), default=timezone.now)

    class Meta:
        verbose_name = _("project")
        verbose_name_plural = _("projects")
        constraints = [
            models.UniqueConstraint(
                fields=["organization"], condition=Q(is_default=True), name="project_one_default"
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def api_id(self) -> str:
        return f"proj_{self.public_id.hex}"


def default_scopes() -> list[str]:
    return [Scope.INFERENCE.value]


class ApiKey(models.Model):
    """A credential of a project. Made and revoked in accounts/keys.py only."""

    project = models.ForeignKey(Project, models.PROTECT, related_name="keys")
    public_id = models.UUIDField(default=uuid4, unique=True, editable=False)
    name = models.CharField(_("name"), max_length=100)
    digest = models.BinaryField(max_length=32, unique=True, editable=False)
    pepper = models.PositiveSmallIntegerField(editable=False)
    prefix = models.CharField(_("begins with"), max_length=8, editable=False)
    last4 = models.CharField(_("ends with"), max_length=4, editable=False)
    rpm = models.PositiveIntegerField(_("requests per minute"), null=True, blank=True)
    allowed_ips = ArrayField(models.CharField(max_length=43), default=list, blank=True)
    scopes = ArrayField(models.CharField(max_length=16, choices=Scope), default=default_scopes)
    expires_at = models.DateTimeField(_("expires"), null=True, blank=True)
    revoked_at = models.DateTimeField(_("revoked"), null=True, blank=True)
    last_used_at = models.DateTimeField(_("last used"), null=True, blank=True)
    created_by = models.ForeignKey(User, models.SET_NULL, null=True, blank=True, related_name="+")
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
        ]

    def __str__(self) -> str:
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


class Alert(models.Model):
    """What operators must hear of, once for each key and hour. Made in accounts/alerts.py only."""

    kind = models.CharField(_("kind"), max_length=40)
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


class TelegramChat(models.Model):
    """The private chat with our bot in which a person wants to be told things. See accounts/telegram.py."""

    user = models.OneToOneField(User, models.CASCADE, primary_key=True, related_name="telegram_chat")
    chat_id = models.BigIntegerField(db_index=True)  # one chat may belong to several accounts of a person
    linked_at = models.DateTimeField(_("linked"), default=timezone.now)

    class Meta:
        verbose_name = _("Telegram chat")
        verbose_name_plural = _("Telegram chats")

    def __str__(self) -> str:
        return str(self.pk)


class TelegramStart(models.Model):
    """A one-time token of a deep link, as its SHA-256; gone when it is used."""

    user = models.ForeignKey(User, models.CASCADE, related_name="+")
    digest = models.BinaryField(max_length=32, unique=True, editable=False)
    expires_at = models.DateTimeField()

    class Meta:
        verbose_name = _("Telegram link")
        verbose_name_plural = _("Telegram links")

    def __str__(self) -> str:
        return str(self.pk)
