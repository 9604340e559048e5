"""What our cards hold at the end of a day, as the bank says."""

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _


class CardBalance(models.Model):
    """The balance of a card or of the company's account at the end of a Tashkent day.

    The one before it, what arrived and what went out in between must make it up (billing/bank/balances.py).
    """

    class Source(models.TextChoices):
        MANUAL = "manual", _("entered by hand")
        STATEMENT = "statement", _("bank statement")

    card = models.ForeignKey(
        "billing.ReceivingCard",
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="balances",
        verbose_name=_("card"),
        help_text=_("empty: the company's account"),
    )
    day = models.DateField(_("day"))
    balance_micros = models.BigIntegerField(_("balance, micros"))
    gone_micros = models.BigIntegerField(_("went out since the balance before it, micros"), default=0)
    source = models.CharField(_("known from"), max_length=9, choices=Source)
    note = models.CharField(_("note"), max_length=300, blank=True)
    entered_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", verbose_name=_("entered by")
    )
    entered_at = models.DateTimeField(_("entered at"), auto_now=True)

    class Meta:
        ordering: ClassVar[list[str]] = ["-day", "card"]
        verbose_name = _("balance of a card")
        verbose_name_plural = _("balances of cards")
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(name="card_balance_once", fields=["card", "day"], nulls_distinct=False),
            models.CheckConstraint(
                name="card_balance_amounts", condition=Q(balance_micros__gte=0, gone_micros__gte=0)
            ),
        ]

    def __str__(self) -> str:
        return f"{self.card or ''} {self.day}".strip()
