"""Money that a customer brings."""

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from billing.ids import new_op_id
from billing.money import MICROS_PER_UZS

TOPUP_MICROS_MIN = 1_000 * MICROS_PER_UZS
TOPUP_MICROS_MAX = 100_000_000 * MICROS_PER_UZS


class Channel(models.TextChoices):
    """How money arrives; clearing:<channel> is its account in the ledger."""

    BANK = "bank", _("bank transfer")
    PAYME = "payme", "Payme"
    CLICK = "click", "Click"
    UZUM = "uzum", "Uzum"


class TopUp(models.Model):
    """A customer's word that so much money is under way; the wallet moves when it has arrived.

    Who says that it has: an operator for bank transfers, the provider's own server for all others.
    """

    class State(models.TextChoices):
        PENDING = "pending", _("pending")
        PAID = "paid", _("paid")
        REJECTED = "rejected", _("rejected")
        EXPIRED = "expired", _("expired")  # nothing came in time; money that comes later still counts
        CANCELLED = "cancelled", _("cancelled")  # by the customer
        REVERSED = "reversed", _("taken back")  # all of it, by the provider or an operator

    class Refusal(models.TextChoices):
        NOT_ARRIVED = "not_arrived", _("The transfer has not arrived.")
        WRONG_CARD = "wrong_card", _("The transfer went to another card.")
        NO_RECEIPT = "no_receipt", _("The receipt can't be read or shows another transfer.")
        USED = "used", _("This transfer was credited before.")
        DOUBTFUL = "doubtful", _("The receipt doesn't agree with our bank's statement.")
        OTHER = "other", _("Another reason.")

    op_id = models.UUIDField(default=new_op_id, unique=True, editable=False)
    provider = models.CharField(_("paid by"), max_length=8, choices=Channel, default=Channel.BANK)
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
    # What its transfers put into the wallet, and what of that was taken back.
    credited_micros = models.BigIntegerField(_("credited, micros"), default=0, db_default=0)
    reversed_micros = models.BigIntegerField(_("taken back, micros"), default=0, db_default=0)
    reference = models.CharField(_("bank reference"), max_length=100, blank=True)
    state = models.CharField(_("state"), max_length=10, choices=State, default=State.PENDING)
    refusal = models.CharField(_("why rejected"), max_length=12, choices=Refusal, blank=True, db_default="")
    reason = models.CharField(_("reason"), max_length=500, blank=True)
    # The card that the exact amount is to arrive at; none for transfers to the company's account.
    card = models.ForeignKey(
        "billing.ReceivingCard",
        null=True,
        on_delete=models.PROTECT,
        related_name="topups",
        verbose_name=_("card"),
    )
    first_approved_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        on_delete=models.PROTECT,
        related_name="+",
        verbose_name=_("first approval by"),
    )
    first_approved_at = models.DateTimeField(_("first approval at"), null=True)
    approved_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        on_delete=models.PROTECT,
        related_name="+",
        verbose_name=_("decided by"),
    )
    decided_at = models.DateTimeField(_("decided at"), null=True)
    expires_at = models.DateTimeField(_("waits until"), null=True)
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
                | Q(state__in=["expired", "cancelled"], decided_at__isnull=False)
                | Q(state__in=["paid", "rejected", "reversed"], decided_at__isnull=False)
                & (~Q(provider="bank") | Q(approved_by__isnull=False)),
            ),
            models.CheckConstraint(
                name="topup_maker_is_not_approver",
                condition=~Q(state="paid") | ~Q(approved_by=F("requested_by")),
            ),
            models.CheckConstraint(
                name="topup_credited",
                condition=Q(state="paid", credited_micros__gt=F("reversed_micros"), reversed_micros__gte=0)
                | Q(state="reversed", credited_micros=F("reversed_micros"), reversed_micros__gt=0)
                | Q(
                    state__in=["pending", "rejected", "expired", "cancelled"],
                    credited_micros=0,
                    reversed_micros=0,
                ),
            ),
            # What an incoming line is told by: no two open requests of a card are of the same amount.
            models.UniqueConstraint(
                name="topup_amount_of_card", fields=["card", "amount_micros"], condition=Q(state="pending")
            ),
            models.CheckConstraint(
                name="topup_two_approvers",
                condition=~Q(state="paid") | ~Q(first_approved_by=F("approved_by")),
            ),
        ]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["org", "-id"], name="topup_org"),
            models.Index(fields=["decided_at"], name="topup_decided_at"),
            models.Index(fields=["expires_at"], name="topup_waiting", condition=Q(state="pending")),
        ]

    def __str__(self) -> str:
        return f"{self.number} {self.get_state_display()}"

    @property
    def number(self) -> str:
        """What the customer, Payme and Click know it by."""
        return str(self.pk)

    @property
    def way(self) -> str:
        """How it is paid, for the customer: a bank transfer to a card of ours is one from theirs."""
        return gettext("card transfer") if self.card_id is not None else str(self.get_provider_display())

    @property
    def answer(self) -> str:
        """Why it was rejected, in the reader's language, and the operator's own words."""
        return refusal_text(self.refusal, self.reason)


def refusal_text(refusal: str, reason: str) -> str:
    """The listed reason in the language in force, then the operator's own words, which may be all of it."""
    is_listed = refusal and not (refusal == TopUp.Refusal.OTHER and reason)
    listed = str(TopUp.Refusal(refusal).label) if is_listed else ""
    return " ".join(part for part in (listed, reason) if part)
