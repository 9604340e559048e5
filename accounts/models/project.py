"""What groups keys."""

from uuid import uuid4

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Func, IntegerField, Q
from django.db.models.lookups import Exact
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from accounts.models.organization import Organization
from accounts.models.people import User

DAYS_MIN, DAYS_MAX, DAYS = 7, 90, 30  # how long content is kept


class ContentLog(models.TextChoices):
    OFF = "off", pgettext_lazy("content log", "Off")
    ENCRYPTED = "encrypted", _("Encrypted")  # sealed to the project's LogKey; we can't read it


class Project(models.Model):
    """A group of keys with its own allowed models and spending caps."""

    organization = models.ForeignKey(
        Organization, models.PROTECT, related_name="projects", verbose_name=_("organization")
    )
    public_id = models.UUIDField(default=uuid4, unique=True, editable=False)
    name = models.CharField(_("name"), max_length=100)
    is_default = models.BooleanField(_("default"), default=False)
    # Canonical model ids; null allows all. Plain text: accounts doesn't know routing.
    allowed_models = ArrayField(models.TextField(), null=True, blank=True, verbose_name=_("allowed models"))
    content_log = models.CharField(
        _("content log"),
        max_length=10,
        choices=ContentLog,
        default=ContentLog.OFF,
        db_column="content_logging",
    )
    content_days = models.PositiveSmallIntegerField(
        _("days that content is kept"), default=DAYS, db_default=DAYS
    )
    # Content of calls before this moment is deleted: out of sight at once, removed by the next round.
    content_since = models.DateTimeField(_("content kept since"), null=True, blank=True, editable=False)
    rescue = models.BooleanField(
        _("continue broken streams"),
        default=False,
        db_default=False,
        help_text=_("When a provider breaks off in the middle of an answer, another one continues it."),
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
            models.CheckConstraint(
                condition=Q(content_days__gte=DAYS_MIN, content_days__lte=DAYS_MAX),
                name="project_content_days",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def api_id(self) -> str:
        return f"proj_{self.public_id.hex}"


class LogKey(models.Model):
    """The public half of the pair that a project's content is sealed to. Made in accounts/logkeys.py only.

    The private half is made in a browser and never gets here. One at a time seals; retired ones stay, as what
    they sealed can be opened still by who has their private half.
    """

    project = models.ForeignKey(Project, models.PROTECT, related_name="log_keys", verbose_name=_("project"))
    public_id = models.UUIDField(default=uuid4, unique=True, editable=False)
    public_key = models.BinaryField(max_length=32, editable=False)  # X25519
    fingerprint = models.CharField(_("fingerprint"), max_length=64, editable=False)  # SHA-256 of it, in hex
    created_by = models.ForeignKey(
        User, models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=_("created by")
    )
    created_at = models.DateTimeField(_("created"), default=timezone.now)
    retired_at = models.DateTimeField(_("retired"), null=True, blank=True)

    class Meta:
        verbose_name = _("log key")
        verbose_name_plural = _("log keys")
        constraints = [
            models.UniqueConstraint(
                fields=["project"], condition=Q(retired_at=None), name="logkey_one_seals"
            ),
            models.UniqueConstraint(fields=["project", "fingerprint"], name="logkey_once"),
            models.CheckConstraint(
                condition=Exact(
                    Func(F("public_key"), function="octet_length", output_field=IntegerField()), 32
                ),
                name="logkey_is_32_bytes",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.api_id} ({self.fingerprint[:16]})"

    @property
    def api_id(self) -> str:
        return f"lk_{self.public_id.hex}"
