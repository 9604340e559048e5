"""Money that has arrived by bank, as our own side of the bank tells it."""

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _


class IncomingTransfer(models.Model):
    """One line of our card's or account's statement: the only proof. It credits one top-up at most."""

    class Source(models.TextChoices):
        MANUAL = "manual", _("entered by hand")
        STATEMENT = "statement", _("bank statement")
        MESSAGE = "message", _("bank's message")

    card = models.ForeignKey(
        "billing.ReceivingCard",
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="incoming",
        verbose_name=_("card"),
        help_text=_("empty: the company's account"),
    )
    amount_micros = models.BigIntegerField(_("amount, micros"))
    at = models.DateTimeField(_("minute of arrival"))
    balance_after_micros = models.BigIntegerField(_("balance after it, micros"), null=True, blank=True)
    details = models.CharField(_("details"), max_length=200, blank=True)
    source = models.CharField(_("known from"), max_length=9, choices=Source)
    entered_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", verbose_name=_("entered by")
    )
    created_at = models.DateTimeField(_("entered at"), auto_now_add=True)
    topup = models.OneToOneField(
        "billing.TopUp",
        null=True,
        on_delete=models.PROTECT,
        related_name="incoming",
        verbose_name=_("top-up"),
        editable=False,
    )

    class Meta:
        ordering: ClassVar[list[str]] = ["-at", "-id"]
        verbose_name = _("incoming transfer")
        verbose_name_plural = _("incoming transfers")
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(name="incoming_amount", condition=Q(amount_micros__gt=0)),
            # One unknown balance equals another: whoever has two such lines has to tell them apart.
            models.UniqueConstraint(
                name="incoming_once",
                fields=["card", "amount_micros", "at", "balance_after_micros"],
                nulls_distinct=False,
            ),
        ]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["amount_micros", "at"], name="incoming_free", condition=Q(topup=None))
        ]

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d %H:%M} {self.card.masked if self.card else ''}".strip()
