"""What providers and banks say themselves, as operators import it."""

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from billing.models.topup import Channel


class ProviderStatement(models.Model):
    """A provider's word on some Tashkent days, both included, with its totals. One file is kept once.

    Append-only. A card transfer's lines are its incoming transfers, a provider's are StatementLine.
    """

    class Source(models.TextChoices):
        FILE = "file", _("file of the cabinet")
        API = "api", _("asked by API")
        BANK = "bank", _("bank statement")

    provider = models.CharField(_("provider"), max_length=8, choices=Channel)
    card = models.ForeignKey(
        "billing.ReceivingCard",
        null=True,
        on_delete=models.PROTECT,
        related_name="statements",
        verbose_name=_("card"),
        help_text=_("empty: the company's account"),
    )
    source = models.CharField(_("known from"), max_length=4, choices=Source)
    since = models.DateField(_("first day"))
    until = models.DateField(_("last day"))
    digest = models.CharField(max_length=64, editable=False)  # SHA-256 of the file, or of what the API said
    name = models.CharField(_("file"), max_length=200, blank=True)
    lines_count = models.PositiveIntegerField(_("lines"))
    taken_micros = models.BigIntegerField(_("taken, micros"))  # from payers, or arrived at the bank
    returned_micros = models.BigIntegerField(_("returned, micros"), default=0)  # of what was taken
    fee_micros = models.BigIntegerField(_("fees, micros"), default=0)
    gone_micros = models.BigIntegerField(_("went out, micros"), default=0)  # of a bank's statement only
    imported_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,  # a job or a command
        on_delete=models.PROTECT,
        related_name="+",
        verbose_name=_("imported by"),
    )
    imported_at = models.DateTimeField(_("imported at"), auto_now_add=True)

    class Meta:
        ordering: ClassVar[list[str]] = ["-id"]
        verbose_name = _("provider's statement")
        verbose_name_plural = _("providers' statements")
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(
                name="statement_file_once", fields=["provider", "card", "digest"], nulls_distinct=False
            ),
            models.CheckConstraint(name="statement_days", condition=Q(until__gte=F("since"))),
            models.CheckConstraint(
                name="statement_totals",
                condition=Q(
                    taken_micros__gte=0, returned_micros__gte=0, fee_micros__gte=0, gone_micros__gte=0
                ),
            ),
        ]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["provider", "card", "-until"], name="statement_newest")
        ]

    def __str__(self) -> str:
        return f"{self.get_provider_display()} {self.since} – {self.until}"


class StatementLine(models.Model):
    """One payment as its provider tells it; the same one in another file isn't kept again. Append-only."""

    class Outcome(models.TextChoices):
        PAID = "paid", _("paid")
        RETURNED = "returned", _("taken back")  # paid once
        UNPAID = "unpaid", _("not paid")

    statement = models.ForeignKey(
        ProviderStatement, on_delete=models.PROTECT, related_name="lines", db_index=False
    )
    provider = models.CharField(_("provider"), max_length=8, choices=Channel)
    external_id = models.CharField(_("number at the provider"), max_length=64)
    outcome = models.CharField(_("state"), max_length=8, choices=Outcome)
    day = models.DateField(_("day"))  # the file's first one where its lines have none
    tiyin = models.BigIntegerField(_("amount, tiyin"))
    fee_tiyin = models.BigIntegerField(_("fee, tiyin"), default=0)

    class Meta:
        ordering: ClassVar[list[str]] = ["id"]
        verbose_name = _("line of a statement")
        verbose_name_plural = _("lines of statements")
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(
                name="statement_line_once", fields=["provider", "external_id", "outcome"]
            ),
            models.CheckConstraint(
                name="statement_line_amounts", condition=Q(tiyin__gte=0, fee_tiyin__gte=0)
            ),
        ]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["provider", "day"], name="statement_line_day")
        ]

    def __str__(self) -> str:
        return f"{self.provider} {self.external_id} {self.outcome}"
