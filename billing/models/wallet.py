"""What an organization owns."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class Wallet(models.Model):
    """What an organization owns; held is what calls under way may cost at worst."""

    org_id = models.BigIntegerField(_("number of the organization"), primary_key=True)
    paid_micros = models.BigIntegerField(_("paid, micros"))
    bonus_micros = models.BigIntegerField(_("bonus, micros"))
    held_micros = models.BigIntegerField(_("held, micros"))
    topped_up_at = models.DateTimeField(_("last topped up"), null=True)

    class Meta:
        managed = False
        db_table = "wallet"
        verbose_name = _("wallet")
        verbose_name_plural = _("wallets")

    def __str__(self) -> str:
        return f"{self._meta.verbose_name} {self.org_id}"

    @property
    def balance_micros(self) -> int:
        return self.paid_micros + self.bonus_micros

    @property
    def available_micros(self) -> int:
        return self.balance_micros - self.held_micros

    @property
    def refundable_micros(self) -> int:
        """What can be paid out: paid money that no call holds. Bonus stays."""
        return max(self.paid_micros - self.held_micros, 0)
