"""Papers as they were issued, and what people want to hear of prices.

The law of this app: a paper is only added; the database refuses UPDATE, DELETE and TRUNCATE. What it says
is drawn from its frozen figures alone, so that it reads the same whatever becomes of names and addresses.
A paper that has to say more is issued anew as the next version: the one before it is void from then on, and
both are kept.
"""

from typing import ClassVar
from uuid import uuid4

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import Organization
from dashboard.moments import TASHKENT
from dashboard.site.incidents import Incident as Incident
from dashboard.site.incidents import IncidentUpdate as IncidentUpdate
from dashboard.site.legal import Acceptance as Acceptance
from dashboard.site.legal import LegalText as LegalText


class PriceAlert(models.Model):
    """A person's wish to hear when a hosted model's output becomes cheaper than this. dashboard/alerts.py.

    armed: the price has not been below since the last message.
    """

    organization = models.ForeignKey(Organization, models.CASCADE, related_name="+")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+")
    model = models.ForeignKey("routing.Model", models.CASCADE, related_name="+")
    below_micros = models.BigIntegerField(_("below"), help_text="Micros per 10^6 output tokens.")
    armed = models.BooleanField(_("armed"), default=True)
    times_told = models.PositiveIntegerField(_("times told"), default=0)
    told_at = models.DateTimeField(_("told"), null=True, editable=False)
    created_at = models.DateTimeField(_("created"), default=timezone.now)

    class Meta:
        verbose_name = _("price alert")
        verbose_name_plural = _("price alerts")
        ordering: ClassVar[list[str]] = ["model", "pk"]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["organization", "user", "model"], name="price_alert_once"),
            models.CheckConstraint(condition=models.Q(below_micros__gt=0), name="price_alert_positive"),
        ]

    def __str__(self) -> str:
        return f"{self.model} < {self.below_micros}"


class Paper(models.Model):
    """A receipt, a closed month's statement or an act of services. Issued in papers/issue.py only."""

    class Kind(models.TextChoices):
        RECEIPT = "receipt", _("receipt")
        STATEMENT = "statement", _("statement")
        ACT = "act", _("act of services")

    organization = models.ForeignKey(
        Organization, models.PROTECT, related_name="papers", verbose_name=_("organization")
    )
    kind = models.CharField(_("kind"), max_length=10, choices=Kind)
    subject = models.CharField(_("subject"), max_length=20)  # a month such as 2026-10, or a top-up's number
    version = models.PositiveSmallIntegerField(_("version"), default=1, db_default=1)
    # The first version, whose number the later ones bear with their own behind it.
    original = models.ForeignKey(
        "self",
        null=True,
        db_index=False,
        on_delete=models.PROTECT,
        related_name="+",
        verbose_name=_("first version"),
    )
    figures = models.JSONField(_("figures"), editable=False)
    payer = models.JSONField(_("payer"), editable=False)  # both parties as they were
    company = models.JSONField(_("company"), editable=False)
    sha256 = models.CharField(
        _("SHA-256 digest"), max_length=64, editable=False
    )  # of figures, payer and company
    issued_at = models.DateTimeField(_("issued"), default=timezone.now)

    class Meta:
        verbose_name = _("paper")
        verbose_name_plural = _("papers")
        ordering: ClassVar[list[str]] = ["-pk"]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(
                fields=["organization", "kind", "subject", "version"], name="paper_version_once"
            ),
            models.CheckConstraint(
                condition=models.Q(version=1, original=None)
                | models.Q(version__gt=1, original__isnull=False),
                name="paper_versions",
            ),
            models.CheckConstraint(condition=models.Q(sha256__regex="^[0-9a-f]{64}$"), name="paper_digest"),
        ]

    def __str__(self) -> str:
        return self.number

    @property
    def number(self) -> str:
        """What both parties name it by: kind, year and month of issue, a running number, later a version."""
        if self.original is not None:
            return f"{self.original.number}-{self.version}"
        return f"{self.kind[0].upper()}-{self.issued_at.astimezone(TASHKENT):%y%m}-{self.pk:06d}"


class AccountExport(models.Model):
    """An archive of a person's data. Made, had and removed in account/exports.py only."""

    class State(models.TextChoices):
        WAITING = "waiting", _("being prepared")
        READY = "ready", _("ready")
        FAILED = "failed", _("failed")

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="+", verbose_name=_("user")
    )
    name = models.UUIDField(default=uuid4, unique=True, editable=False)  # of the file in EXPORT_DIR
    state = models.CharField(_("state"), max_length=8, choices=State, default=State.WAITING)
    size = models.BigIntegerField(_("bytes"), default=0)
    asked_at = models.DateTimeField(_("asked for"), default=timezone.now)
    ready_at = models.DateTimeField(_("ready"), null=True)
    expires_at = models.DateTimeField(_("kept until"), null=True)

    class Meta:
        verbose_name = _("archive of an account")
        verbose_name_plural = _("archives of accounts")
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(
                fields=["user"], condition=models.Q(state="waiting"), name="account_export_one_waits"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.user_id}: {self.get_state_display()}"


class AccountClosure(models.Model):
    """A person deleted their account. Their user row is anonymous by then; this is what stays to be asked."""

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        primary_key=True,
        related_name="closure",
        verbose_name=_("user"),
    )
    # Paid balance that was given up: it stays in the books of the organization that nobody belongs to.
    waived_micros = models.BigIntegerField(_("given up, micros"), default=0)
    closed_at = models.DateTimeField(_("deleted"), default=timezone.now)

    class Meta:
        verbose_name = _("deleted account")
        verbose_name_plural = _("deleted accounts")
        ordering: ClassVar[list[str]] = ["-closed_at"]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(condition=models.Q(waived_micros__gte=0), name="account_closure_waived"),
        ]

    def __str__(self) -> str:
        return str(self.pk)


class SavedView(models.Model):
    """A filter of the activity page that a person wants to find again. dashboard/saved_views.py."""

    organization = models.ForeignKey(Organization, models.CASCADE, related_name="+")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+")
    name = models.CharField(_("name"), max_length=60)
    query = models.CharField(_("filter"), max_length=1000, blank=True)  # as it stands in the address
    created_at = models.DateTimeField(_("created"), default=timezone.now)

    class Meta:
        verbose_name = _("saved view")
        verbose_name_plural = _("saved views")
        ordering: ClassVar[list[str]] = ["name"]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["organization", "user", "name"], name="saved_view_once"),
        ]

    def __str__(self) -> str:
        return self.name


class Dismissal(models.Model):
    """Something of the dashboard that a person has read and put away. dashboard/onboarding.py."""

    organization = models.ForeignKey(Organization, models.CASCADE, related_name="+")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+")
    what = models.CharField(_("what"), max_length=30)
    created_at = models.DateTimeField(_("created"), default=timezone.now)

    class Meta:
        verbose_name = _("dismissal")
        verbose_name_plural = _("dismissals")
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["organization", "user", "what"], name="dismissal_once"),
        ]

    def __str__(self) -> str:
        return self.what
