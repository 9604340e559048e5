"""The price factors that are money's own."""

from typing import ClassVar

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.utils.translation import gettext_lazy as _

from billing.money import BPS_MAX, percent


class FxRate(models.Model):
    """The price of one dollar in micros, from a Tashkent date on. Add-only."""

    class Source(models.TextChoices):
        CBU = "cbu", _("Central Bank")
        MANUAL = "manual", _("manual")
        SEED = "seed", _("of the installation")  # until there is another one

    id = models.AutoField(primary_key=True)
    source = models.TextField(_("known from"), choices=Source)
    date = models.DateField(_("in force from"))
    micros_per_usd = models.BigIntegerField(_("so'm for one dollar, micros"))
    author = models.TextField(_("author"))
    reason = models.TextField(_("reason"), blank=True)
    ends_manual = models.BooleanField(_("ends the manual rates before it"), default=False)
    created_at = models.DateTimeField(_("created"))

    class Meta:
        managed = False
        db_table = "fx_rate"
        ordering: ClassVar[list[str]] = ["-date", "-id"]
        verbose_name = _("exchange rate")
        verbose_name_plural = _("exchange rates")

    def __str__(self) -> str:
        return f"{self.date} {self.micros_per_usd}"


class Markup(models.Model):
    """What we add to a provider's price, in basis points by kind. Add-only; the newest of a kind counts."""

    id = models.AutoField(primary_key=True)
    kind = models.TextField(_("kind"))
    bps = models.IntegerField(
        _("basis points"), validators=[MinValueValidator(0), MaxValueValidator(BPS_MAX)]
    )
    author = models.TextField(_("author"))
    reason = models.TextField(_("reason"), blank=True)
    created_at = models.DateTimeField(_("created"))

    class Meta:
        managed = False
        db_table = "markup"
        ordering: ClassVar[list[str]] = ["-id"]
        verbose_name = _("markup")
        verbose_name_plural = _("markups")

    def __str__(self) -> str:
        return f"{self.kind} {percent(self.bps)}"
