"""Money that a customer brings."""

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from billing.ids import new_op_id
from billing.money import MICROS_PER_UZS

TOPUP_MICROS_MIN = 1_000 * MICROS_PER_UZS
TOPUP_MICROS_MAX = 100_000_000 * MICROS_PER_UZS


class TopUp(models.Model):
    """A customer's word that a bank transfer is under way; the wallet moves when an operator has seen it."""

    class State(models.TextChoices):
        PENDING = "pending", _("pending")
        APPROVED = "approved", _("approved")
        REJECTED = "rejected", _("rejected")

    op_id = models.UUIDField(default=new_op_id, unique=True, editable=False)
    org = models.ForeignKey(
        "accounts.Organization",
        on_delete=models.PROTECT,
        related_name="topups",
        verbose_name=_("organization"),
    )
    requested_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", verbose_name=_("requested by")
    )
    amount_micros = models.BigIntegerField(_("amount, micros"))
    reference = models.CharField(_("bank reference"), max_length=100)
    state = models.CharField(_("state"), max_length=8, choices=State, default=State.PENDING)
    reason = models.CharField(_("reason"), max_length=500, blank=True)
    approved_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        on_delete=models.PROTECT,
        related_name="+",
        verbose_name=_("decided by"),
    )
    decided_at = models.DateTimeField(_("decided at"), null=True)
    created_at = models.DateTimeField(_("filed at"), auto_now_add=True)

    class Meta:
        ordering: ClassVar[list[str]] = ["-created_at", "-id"]
        verbose_name = _("top-up")
        verbose_name_plural = _("top-ups")
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(
                name="topup_amount",
                condition=Q(amount_micros__gte=TOPUP_MICROS_MIN, amount_micros__lte=TOPUP_MICROS_MAX),
            ),
            models.CheckConstraint(
                name="topup_decided",
                condition=Q(state="pending", decided_at=None, approved_by=None)
                | Q(state__in=["approved", "rejected"], decided_at__isnull=False, approved_by__isnull=False),
            ),
            models.CheckConstraint(
                name="topup_maker_is_not_approver",
                condition=~Q(state="approved") | ~Q(approved_by=F("requested_by")),
            ),
        ]
        indexes: ClassVar[list[models.Index]] = [models.Index(fields=["org", "-id"], name="topup_org")]

    def __str__(self) -> str:
        return f"{self.reference} {self.get_state_display()}"
