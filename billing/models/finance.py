"""The books as a whole, for operators."""

from typing import ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from billing.models.wallet import Wallet


class Finance(Wallet):
    """No rows of its own: what the right to see the finance page hangs on, and its line in the admin."""

    class Meta:
        proxy = True
        default_permissions = ("view",)
        verbose_name = _("finance")
        verbose_name_plural = _("finance: all books at a glance")


class LedgerCheck(models.Model):
    """What the last check of the ledger's laws found: one row for the quick ones, one for all."""

    id = models.BooleanField(primary_key=True)  # all of them
    at = models.DateTimeField(_("time"))
    laws = models.PositiveSmallIntegerField(_("laws"))
    broken = models.JSONField(_("broken"), default=list)

    class Meta:
        default_permissions: ClassVar[tuple[str, ...]] = ()
        verbose_name = _("check of the ledger")
        verbose_name_plural = _("checks of the ledger")

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d %H:%M} {self.laws}"
