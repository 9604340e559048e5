"""What operators change about a wallet by hand, and what customers ask to have paid out."""

from datetime import datetime, timedelta
from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import gettext_noop

from billing.ids import new_op_id

ADJUSTMENT_LIFE = timedelta(days=14)


def _in_two_weeks() -> datetime:
    return timezone.now() + ADJUSTMENT_LIFE


class Adjustment(models.Model):
    """One movement of money that somebody asks for and somebody else approves; approved, it happens once.

    pending → done | rejected | cancelled | expired; a payout goes on: done → sent | returned.
    The bank details of a payout are sealed and are forgotten as soon as it has ended.
    """

    class Kind(models.TextChoices):
        REFUND = "refund", _("refund of a charge")
        BONUS = "bonus", _("goodwill bonus")
        CREDIT = "credit", _("correction in the customer's favour")
        DEBIT = "debit", _("correction in our favour")
        PAYOUT = "payout", _("payout of unspent balance")

    class State(models.TextChoices):
        PENDING = "pending", _("pending")
        DONE = "done", _("approved")
        REJECTED = "rejected", _("rejected")
        CANCELLED = "cancelled", _("cancelled")  # by whoever asked
        EXPIRED = "expired", _("expired")
        SENT = "sent", _("sent")  # a payout that has left the bank
        RETURNED = "returned", _("returned")  # a payout that could not be sent

    op_id = models.UUIDField(_("number of the operation"), default=new_op_id, unique=True, editable=False)
    kind = models.CharField(_("kind"), max_length=8, choices=Kind)
    org = models.ForeignKey(
        "accounts.Organization",
        on_delete=models.PROTECT,
        related_name="adjustments",
        verbose_name=_("organization"),
    )
    amount_micros = models.BigIntegerField(_("amount, micros"))
    call = models.UUIDField(_("request ID"), null=True, blank=True)
    reason = models.CharField(_("reason"), max_length=500)
    told = models.CharField(_("what the customer reads"), max_length=300, blank=True)
    state = models.CharField(_("state"), max_length=10, choices=State, default=State.PENDING)
    requested_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", verbose_name=_("requested by")
    )
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        on_delete=models.PROTECT,
        related_name="+",
        verbose_name=_("decided by"),
    )
    decided_at = models.DateTimeField(_("decided at"), null=True)
    answer = models.CharField(_("reason of the decision"), max_length=500, blank=True)
    bank_details = models.BinaryField(null=True, editable=False)  # sealed
    bank_hint = models.CharField(_("bank account"), max_length=40, blank=True)  # its last digits
    bank_reference = models.CharField(_("bank reference"), max_length=100, blank=True)
    ended_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        on_delete=models.PROTECT,
        related_name="+",
        verbose_name=_("sent by"),
    )
    ended_at = models.DateTimeField(_("sent at"), null=True)
    created_at = models.DateTimeField(_("filed at"), auto_now_add=True)
    expires_at = models.DateTimeField(_("waits until"), default=_in_two_weeks)

    class Meta:
        ordering: ClassVar[list[str]] = ["-id"]
        verbose_name = _("adjustment")
        verbose_name_plural = _("refunds and adjustments")
        permissions = (("approve_adjustment", gettext_noop("Can approve adjustments and send payouts")),)
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(name="adjustment_amount", condition=Q(amount_micros__gt=0)),
            models.CheckConstraint(
                name="adjustment_maker_is_not_checker",
                condition=~Q(state__in=["done", "sent", "returned"]) | ~Q(decided_by=F("requested_by")),
            ),
            models.CheckConstraint(
                name="adjustment_decided",
                condition=Q(state="pending", decided_at=None, decided_by=None)
                | Q(state="expired", decided_at__isnull=False, decided_by=None)
                | Q(
                    state__in=["done", "rejected", "cancelled", "sent", "returned"],
                    decided_at__isnull=False,
                    decided_by__isnull=False,
                ),
            ),
            models.CheckConstraint(
                name="adjustment_refunds_a_call",
                condition=Q(kind="refund", call__isnull=False) | ~Q(kind="refund") & Q(call=None),
            ),
            models.CheckConstraint(
                name="adjustment_ended",
                condition=Q(kind="payout", state="sent", ended_at__isnull=False, ended_by__isnull=False)
                & ~Q(bank_reference="")
                | Q(kind="payout", state="returned", ended_at__isnull=False, ended_by__isnull=False)
                | ~Q(state__in=["sent", "returned"]) & Q(ended_at=None, ended_by=None),
            ),
            models.CheckConstraint(
                name="adjustment_forgets_bank_details",
                condition=Q(bank_details=None) | Q(kind="payout", state__in=["pending", "done"]),
            ),
            models.UniqueConstraint(
                name="adjustment_one_payout_waits",
                fields=["org"],
                condition=Q(kind="payout", state__in=["pending", "done"]),
            ),
        ]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["org", "-id"], name="adjustment_org"),
            models.Index(fields=["expires_at"], name="adjustment_waiting", condition=Q(state="pending")),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} № {self.pk}"
