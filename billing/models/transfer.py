"""The ledger: its accounts and the movements between them."""

from typing import ClassVar, Final

from django.db import models
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from billing.ids import Kind

KIND_NAMES: Final[dict[Kind, Promise]] = {
    Kind.TOPUP: _("top-up"),
    Kind.PROMO: _("promo bonus"),
    Kind.CHARGE_PAID: _("call, paid balance"),
    Kind.CHARGE_BONUS: _("call, bonus"),
    Kind.OVERRUN: _("call, beyond what the wallet had"),
    Kind.REFUND: _("refund, paid balance"),
    Kind.PAYOUT: _("payout, approved"),
    Kind.PAYOUT_SENT: _("payout, sent"),
    Kind.COST: _("cost at a provider"),
    Kind.ORPHAN: _("cost of a call that was cut off"),
    Kind.REFUND_BONUS: _("refund, bonus"),
    Kind.LATE_LOSS: _("call, charged too late"),
    Kind.ADJUSTMENT: _("correction"),
    Kind.ADJUSTMENT_BONUS: _("goodwill bonus"),
    Kind.REVERSAL: _("top-up taken back"),
    Kind.DISPUTE: _("set aside"),
    Kind.DISPUTE_BACK: _("set aside, given back"),
    Kind.PAYOUT_BACK: _("payout that came back"),
}


class LedgerAccount(models.Model):
    """A system account. Wallets' accounts are numbers above 2³², see ledger.sql."""

    id = models.BigIntegerField(primary_key=True)
    code = models.TextField(_("code"), unique=True)

    class Meta:
        managed = False
        db_table = "ledger_account"
        verbose_name = _("ledger account")
        verbose_name_plural = _("ledger accounts")

    def __str__(self) -> str:
        return self.code


class Transfer(models.Model):
    """One movement of money, from debit to credit."""

    id = models.UUIDField(primary_key=True)
    kind = models.SmallIntegerField(
        _("kind"), choices=[(kind.value, name) for kind, name in KIND_NAMES.items()]
    )
    debit = models.BigIntegerField(_("from account"))
    credit = models.BigIntegerField(_("to account"))
    amount_micros = models.BigIntegerField(_("amount, micros"))
    meta = models.JSONField(_("details"), null=True)
    at = models.DateTimeField(_("time"))

    class Meta:
        managed = False
        db_table = "transfer"
        ordering: ClassVar[list[str]] = ["-id"]
        verbose_name = _("transfer")
        verbose_name_plural = _("transfers")

    def __str__(self) -> str:
        return str(self.id)
