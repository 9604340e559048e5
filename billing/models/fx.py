"""What waits for operators about the rate of the dollar, and what the Central Bank's feed has said."""

from datetime import datetime, timedelta
from typing import ClassVar

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from billing.money import BPS_MAX, percent

PROPOSAL_LIFE = timedelta(hours=24)


def _in_a_day() -> datetime:
    return timezone.now() + PROPOSAL_LIFE


class Proposal(models.Model):
    """A change of a price factor that takes somebody else's yes: who proposes may not confirm."""

    class State(models.TextChoices):
        PENDING = "pending", _("pending")
        CONFIRMED = "confirmed", _("confirmed")
        REFUSED = "refused", _("refused")
        EXPIRED = "expired", _("expired")

    state = models.CharField(_("state"), max_length=9, choices=State, default=State.PENDING, editable=False)
    reason = models.CharField(_("reason"), max_length=500)
    proposed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        editable=False,
        on_delete=models.PROTECT,
        related_name="+",
        verbose_name=_("proposed by"),
    )
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        editable=False,
        on_delete=models.PROTECT,
        related_name="+",
        verbose_name=_("decided by"),
    )
    decided_at = models.DateTimeField(_("decided at"), null=True, editable=False)
    answer = models.CharField(_("reason of the decision"), max_length=500, blank=True, editable=False)
    created_at = models.DateTimeField(_("proposed at"), auto_now_add=True)
    expires_at = models.DateTimeField(_("expires at"), default=_in_a_day, editable=False)

    class Meta:
        abstract = True


class FxProposal(Proposal):
    """A change of the rate of the dollar."""

    class Kind(models.TextChoices):
        MANUAL = "manual", _("manual rate")
        JUMP = "jump", _("jump of the Central Bank's rate")  # nobody's: the feed proposes
        FEED = "feed", _("back to the Central Bank's rate")

    kind = models.CharField(_("what"), max_length=6, choices=Kind)
    date = models.DateField(_("in force from"), null=True, blank=True)
    micros_per_usd = models.BigIntegerField(null=True, editable=False)
    before_micros = models.BigIntegerField(null=True, editable=False)  # in force when it was proposed
    rate = models.IntegerField(_("exchange rate"), null=True, editable=False)  # the row that it became

    class Meta:
        db_table = "fx_proposal"
        ordering: ClassVar[list[str]] = ["-id"]
        verbose_name = _("proposed exchange rate")
        verbose_name_plural = _("proposed exchange rates")
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(
                name="fx_proposal_maker_is_not_checker",
                condition=~Q(state="confirmed") | Q(proposed_by=None) | ~Q(decided_by=F("proposed_by")),
            ),
            models.CheckConstraint(
                name="fx_proposal_is_somebodys",
                condition=Q(kind="jump", proposed_by=None) | (~Q(kind="jump") & Q(proposed_by__isnull=False)),
            ),
            models.CheckConstraint(
                name="fx_proposal_says_a_rate",
                condition=Q(kind="feed", date=None, micros_per_usd=None)
                | (~Q(kind="feed") & Q(date__isnull=False, micros_per_usd__gt=0)),
            ),
            models.CheckConstraint(
                name="fx_proposal_decided",
                condition=Q(state="pending", decided_at=None, decided_by=None, rate=None)
                | Q(state="expired", decided_at__isnull=False, decided_by=None, rate=None)
                | Q(state="refused", decided_at__isnull=False, decided_by__isnull=False, rate=None)
                | Q(
                    state="confirmed", decided_at__isnull=False, decided_by__isnull=False, rate__isnull=False
                ),
            ),
            models.UniqueConstraint(
                name="fx_proposal_one_waits", fields=["kind"], condition=Q(state="pending")
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.date or ''}".strip()


class MarkupProposal(Proposal):
    """A markup of one kind; the kind fx is the exchange margin, on every price."""

    kind = models.CharField(_("kind"), max_length=40)
    bps = models.IntegerField(
        _("basis points"), validators=[MinValueValidator(0), MaxValueValidator(BPS_MAX)]
    )
    before_bps = models.IntegerField(null=True, editable=False)  # in force when it was proposed
    markup = models.IntegerField(_("markup"), null=True, editable=False)  # the row that it became

    class Meta:
        db_table = "markup_proposal"
        ordering: ClassVar[list[str]] = ["-id"]
        verbose_name = _("proposed markup")
        verbose_name_plural = _("proposed markups")
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(
                name="markup_proposal_maker_is_not_checker",
                condition=~Q(state="confirmed") | ~Q(decided_by=F("proposed_by")),
            ),
            models.CheckConstraint(
                name="markup_proposal_is_somebodys", condition=Q(proposed_by__isnull=False)
            ),
            models.CheckConstraint(
                name="markup_proposal_bounds", condition=Q(bps__gte=0, bps__lte=BPS_MAX) & ~Q(kind="")
            ),
            models.CheckConstraint(
                name="markup_proposal_decided",
                condition=Q(state="pending", decided_at=None, decided_by=None, markup=None)
                | Q(state="expired", decided_at__isnull=False, decided_by=None, markup=None)
                | Q(state="refused", decided_at__isnull=False, decided_by__isnull=False, markup=None)
                | Q(
                    state="confirmed",
                    decided_at__isnull=False,
                    decided_by__isnull=False,
                    markup__isnull=False,
                ),
            ),
            models.UniqueConstraint(
                name="markup_proposal_one_waits", fields=["kind"], condition=Q(state="pending")
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {percent(self.bps)}"


class FxReading(models.Model):
    """An answer of the feed, kept raw and once, with what became of it."""

    class Outcome(models.TextChoices):
        ACCEPTED = "accepted", _("a new rate")
        KNOWN = "known", _("nothing new")
        HELD = "held", _("waits for an operator")
        REFUSED = "refused", _("refused")

    digest = models.CharField(_("digest of the answer"), max_length=64, unique=True)
    body = models.TextField(_("answer"))
    outcome = models.CharField(_("outcome"), max_length=8, choices=Outcome)
    detail = models.CharField(_("details"), max_length=200, blank=True)
    date = models.DateField(_("in force from"), null=True)
    micros_per_usd = models.BigIntegerField(_("so'm for one dollar, micros"), null=True)
    first_seen_at = models.DateTimeField(_("first seen"), auto_now_add=True)
    last_seen_at = models.DateTimeField(_("last seen"), default=timezone.now)

    class Meta:
        db_table = "fx_reading"
        ordering: ClassVar[list[str]] = ["-last_seen_at"]
        verbose_name = _("answer of the rate feed")
        verbose_name_plural = _("answers of the rate feed")

    def __str__(self) -> str:
        return f"{self.get_outcome_display()} {self.date or ''}".strip()
