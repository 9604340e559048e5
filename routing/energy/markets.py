"""Markets of electricity, and what they publish.

A point of a market is stored once, in UTC as [start, end), as it was published; it is never changed.
Prices are Decimals of USD per MWh, as in models.py.
"""

from typing import Any, ClassVar

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from routing.pausable import Pausable, paused_with_a_reason


def usd_per_mwh(label: Any = None, **options: Any) -> Any:
    return models.DecimalField(label, max_digits=12, decimal_places=6, **options)


class Currency(models.TextChoices):
    USD = "USD", "USD"
    CAD = "CAD", "CAD"


class Feed(Pausable):
    """A market (or a tariff, or a recorded series) that is asked for prices. One adapter, many nodes.

    The poll's own findings are in FeedState.
    """

    slug = models.SlugField(
        _("short name"), unique=True, help_text=_("The adapter: caiso, nyiso, ercot, ieso, miso, …")
    )
    name = models.TextField(_("name"))
    step_s = models.PositiveIntegerField(_("seconds between two prices"), default=300)
    poll_s = models.PositiveIntegerField(_("seconds between two questions"), default=300)
    needs_terms = models.BooleanField(
        _("needs its terms accepted"), default=False, help_text=_("Off until an operator accepts its terms.")
    )
    needs_key = models.BooleanField(_("needs a key"), default=False)
    terms_url = models.TextField(_("address of its terms"), blank=True)
    attribution = models.TextField(_("what pages say of the source"), blank=True)
    sealed_key = models.BinaryField(null=True, editable=False)
    key_last4 = models.TextField(blank=True, editable=False)
    terms_accepted_at = models.DateTimeField(null=True, blank=True, editable=False)
    terms_accepted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+", editable=False
    )
    simulated = models.BooleanField(_("simulated"), default=False, help_text=_("Made by us; pages say so."))
    active = models.BooleanField(default=True)

    class Meta:
        verbose_name = _("market feed")
        verbose_name_plural = _("market feeds")
        ordering: ClassVar[list[str]] = ["slug"]
        constraints: ClassVar[list[models.BaseConstraint]] = [paused_with_a_reason("feed")]

    def __str__(self) -> str:
        return self.slug

    @property
    def lacks(self) -> list[str]:
        """What an operator has to do before it may be asked: terms, key."""
        terms = ["terms"] if self.needs_terms and self.terms_accepted_at is None else []
        return terms + (["key"] if self.needs_key and not self.sealed_key else [])


class FeedState(models.Model):
    """How asking a feed went. failures: in a row; resting_until: the circuit is open until then."""

    feed = models.OneToOneField(Feed, on_delete=models.CASCADE, related_name="state")
    tried_at = models.DateTimeField(null=True)
    next_at = models.DateTimeField(null=True, help_text="When it is asked again; whoever moves it asks.")
    ok_at = models.DateTimeField(null=True)
    price_end = models.DateTimeField(null=True, help_text="End of the newest interval that was stored.")
    error = models.TextField(blank=True)
    failures = models.PositiveIntegerField(default=0)
    resting_until = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"{self.feed}: {self.error or 'well'}"


class GridRate(models.Model):
    """What a US dollar costs in a market's currency on a day, by that country's central bank.

    Only for electricity: what customers pay is converted by billing's rate of so'm.
    """

    currency = models.TextField(_("currency"), choices=Currency.choices)
    date = models.DateField(_("day"))
    per_usd = models.DecimalField(_("for one dollar"), max_digits=12, decimal_places=6)
    seen_at = models.DateTimeField(_("first seen"), auto_now_add=True)

    class Meta:
        verbose_name = _("dollar by day")
        verbose_name_plural = _("dollars by day")
        ordering: ClassVar[list[str]] = ["currency", "-date"]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["currency", "date"], name="routing_gridrate_once"),
            models.CheckConstraint(condition=models.Q(per_usd__gt=0), name="routing_gridrate_positive"),
        ]

    def __str__(self) -> str:
        told = {"price": f"{self.per_usd} {self.currency}", "day": self.date}
        return gettext("%(price)s for a dollar on %(day)s") % told


class GridNode(models.Model):
    """A place in a market that has a price of its own."""

    feed = models.ForeignKey(
        Feed, on_delete=models.PROTECT, related_name="nodes", verbose_name=_("market feed")
    )
    code = models.TextField(
        _("code"), help_text=_("As the market writes it: TH_NP15_GEN-APND, HB_NORTH, TORONTO:HUB.")
    )
    currency = models.TextField(_("currency"), choices=Currency.choices, default=Currency.USD)
    params = models.JSONField(
        _("parameters"),
        default=dict,
        blank=True,
        help_text=_("static: usd_per_mwh; replay: series, if not of its own code."),
    )

    class Meta:
        verbose_name = _("grid node")
        verbose_name_plural = _("grid nodes")
        ordering: ClassVar[list[str]] = ["feed", "code"]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["feed", "code"], name="routing_gridnode_once")
        ]

    def __str__(self) -> str:
        return f"{self.feed} {self.code}"


class GridPrice(models.Model):
    """One published price for [start, end). Kept 90 days; GridHour for good."""

    node = models.ForeignKey(
        GridNode, on_delete=models.PROTECT, related_name="prices", verbose_name=_("grid node")
    )
    start = models.DateTimeField(_("begins"))
    end = models.DateTimeField(_("ends"))
    price = usd_per_mwh(
        _("as published, per MWh"),
        help_text=_("Per MWh, in the node's currency, as published; may be negative."),
    )
    usd = usd_per_mwh(_("USD per MWh"))
    seen_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name = _("grid price")
        verbose_name_plural = _("grid prices")
        ordering: ClassVar[list[str]] = ["node", "-start"]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["node", "start"], name="routing_gridprice_once"),
            models.CheckConstraint(condition=Q(end__gt=F("start")), name="routing_gridprice_lasts"),
        ]

    def __str__(self) -> str:
        return f"{self.node} {self.start:%Y-%m-%d %H:%M} {self.price}"


class GridHour(models.Model):
    """An hour of a node, in USD per MWh: what is left of its points after 90 days."""

    node = models.ForeignKey(GridNode, on_delete=models.PROTECT, related_name="hours")
    hour = models.DateTimeField()
    least = usd_per_mwh()
    mean = usd_per_mwh()
    most = usd_per_mwh()
    close = usd_per_mwh()

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["node", "hour"], name="routing_gridhour_once")
        ]

    def __str__(self) -> str:
        return f"{self.node} {self.hour:%Y-%m-%d %H:00}"
