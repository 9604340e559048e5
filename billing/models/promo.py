"""Promo codes: campaigns with a budget, their codes, and who took part."""

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from billing.ids import new_op_id


def fold_code(text: str) -> str:
    """A code as it is compared: capitals, without the spaces and dashes that people add or leave out."""
    return "".join(char for char in text.upper() if not char.isspace() and char not in "-–—_")


class PromoCampaign(models.Model):
    """So much bonus for each organization that takes part, once, as long as there is budget.

    spent_micros and uses are counted under the row's lock, in the transaction that gives the bonus.
    """

    name = models.CharField(_("name"), max_length=100, unique=True)
    amount_micros = models.BigIntegerField(_("bonus for each, micros"))
    starts_at = models.DateTimeField(_("begins"), default=timezone.now)
    ends_at = models.DateTimeField(_("ends"))
    budget_micros = models.BigIntegerField(_("budget, micros"))
    uses_max = models.PositiveIntegerField(_("uses at most"), null=True, blank=True)
    new_only = models.BooleanField(
        _("new organizations only"),
        default=False,
        help_text=_("those made since the campaign began that have never topped up"),
    )
    active = models.BooleanField(_("active"), default=True)
    spent_micros = models.BigIntegerField(default=0, editable=False)
    uses = models.PositiveIntegerField(_("uses"), default=0, editable=False)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        related_name="+",
        editable=False,
        verbose_name=_("created by"),
    )
    created_at = models.DateTimeField(_("created"), auto_now_add=True)

    class Meta:
        ordering: ClassVar[list[str]] = ["-id"]
        verbose_name = _("promo campaign")
        verbose_name_plural = _("promo campaigns")
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(name="promo_amount", condition=Q(amount_micros__gt=0)),
            models.CheckConstraint(
                name="promo_within_budget",
                condition=Q(spent_micros__gte=0, spent_micros__lte=F("budget_micros")),
            ),
            models.CheckConstraint(
                name="promo_within_uses", condition=Q(uses_max=None) | Q(uses__lte=F("uses_max"))
            ),
            models.CheckConstraint(
                name="promo_ends_after_it_begins", condition=Q(ends_at__gt=F("starts_at"))
            ),
        ]

    def __str__(self) -> str:
        return self.name


class PromoCode(models.Model):
    """A word that lets its bearer take part in a campaign; folded, so that its spelling doesn't matter."""

    campaign = models.ForeignKey(
        PromoCampaign, models.PROTECT, related_name="codes", verbose_name=_("campaign")
    )
    code = models.CharField(_("code"), max_length=40, unique=True)
    active = models.BooleanField(_("active"), default=True)
    created_at = models.DateTimeField(_("created"), auto_now_add=True)

    class Meta:
        ordering: ClassVar[list[str]] = ["-id"]
        verbose_name = _("promo code")
        verbose_name_plural = _("promo codes")
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(
                name="promo_code_is_folded", condition=Q(code__regex=r"^[^[:lower:][:space:]_-]{4,40}$")
            ),
        ]

    def __str__(self) -> str:
        return self.code


class PromoRedemption(models.Model):
    """An organization took part. Once in a campaign, whichever of its codes was used."""

    campaign = models.ForeignKey(
        PromoCampaign, models.PROTECT, related_name="redemptions", verbose_name=_("campaign")
    )
    code = models.ForeignKey(PromoCode, models.PROTECT, related_name="+", verbose_name=_("code"))
    org = models.ForeignKey(
        "accounts.Organization", models.PROTECT, related_name="+", verbose_name=_("organization")
    )
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("redeemed by")
    )
    amount_micros = models.BigIntegerField(_("amount, micros"))
    op_id = models.UUIDField(default=new_op_id, unique=True, editable=False)
    at = models.DateTimeField(_("time"), auto_now_add=True)

    class Meta:
        ordering: ClassVar[list[str]] = ["-id"]
        verbose_name = _("redemption of a promo code")
        verbose_name_plural = _("redemptions of promo codes")
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["campaign", "org"], name="promo_once_an_organization"),
        ]

    def __str__(self) -> str:
        return f"{self.campaign_id} {self.org_id}"
