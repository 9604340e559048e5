"""The ledger: its accounts and the movements between them."""

from typing import ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from billing.ids import Kind


class LedgerAccount(models.Model):
    """A system account. Wallets' accounts are numbers above 2³², see ledger.sql."""

    id = models.BigIntegerField(primary_key=True)
    code = models.TextField(unique=True)

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
    kind = models.SmallIntegerField(choices=[(kind.value, kind.name.lower()) for kind in Kind])
    debit = models.BigIntegerField()
    credit = models.BigIntegerField()
    amount_micros = models.BigIntegerField()
    meta = models.JSONField(null=True)
    at = models.DateTimeField()

    class Meta:
        managed = False
        db_table = "transfer"
        ordering: ClassVar[list[str]] = ["-id"]
        verbose_name = _("transfer")
        verbose_name_plural = _("transfers")

    def __str__(self) -> str:
        return str(self.id)
