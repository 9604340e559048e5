"""Where customers' card transfers arrive."""

from typing import ClassVar

from django.core.validators import MinValueValidator
from django.db import models
from django.utils.translation import gettext_lazy as _

from accounts.seals import seal, unseal

# Networks by the beginning of the number; new ranges appear, so an unknown one is no mistake.
NETWORKS = {"Uzcard": ("8600", "5614"), "Humo": ("9860",)}


class ReceivingCard(models.Model):
    """A card of ours. Its number is sealed; whole it stands on the page of who is to pay there only."""

    number_sealed = models.BinaryField(editable=False)
    first6 = models.CharField(max_length=6, editable=False)
    last4 = models.CharField(max_length=4, editable=False)
    holder = models.CharField(_("holder"), max_length=100)
    bank = models.CharField(_("bank"), max_length=100)
    daily_limit_micros = models.BigIntegerField(
        _("daily limit, micros"), null=True, blank=True, validators=[MinValueValidator(0)]
    )
    active = models.BooleanField(_("takes new transfers"), default=True)
    created_at = models.DateTimeField(_("added at"), auto_now_add=True)

    class Meta:
        ordering: ClassVar[list[str]] = ["-active", "id"]
        verbose_name = _("receiving card")
        verbose_name_plural = _("receiving cards")

    def __str__(self) -> str:
        return f"{self.masked} {self.bank}"

    @property
    def masked(self) -> str:
        """8600 49** **** 6478."""
        return f"{self.first6[:4]} {self.first6[4:]}** **** {self.last4}"

    @property
    def number(self) -> str:
        """All sixteen digits, for the page of a customer who is to pay. InvalidToken without our key."""
        return unseal(bytes(self.number_sealed))

    @number.setter
    def number(self, digits: str) -> None:
        self.number_sealed = seal(digits)
        self.first6, self.last4 = digits[:6], digits[-4:]

    @property
    def network(self) -> str:
        """Uzcard, Humo, or nothing where the number doesn't tell."""
        found = (name for name, begins in NETWORKS.items() if self.first6.startswith(begins))
        return next(found, "")
