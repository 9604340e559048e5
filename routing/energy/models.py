"""Where hosted models run and what electricity costs there.

The law of this file:

- A point of a market is stored once, in UTC as [start, end), as it was published; it is never changed.
- Prices of electricity are Decimals of USD per MWh. They are no money that anybody is charged: what a
  call costs is a CostVersion in nano-USD, made of them by `routing.energy.pricing`.
- What a tick finds out (SiteState, Preference) is apart from what operators set (DataCentre, Hosting), so
  that an operator's save never writes over it.
"""

from dataclasses import fields
from typing import Any, ClassVar, Final

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from routing.energy.pricing import HostingTerms, SiteTerms
from routing.pausable import Pausable, paused_with_a_reason

_SITE_TERMS: Final = tuple(field.name for field in fields(SiteTerms))
_HOSTING_TERMS: Final = tuple(field.name for field in fields(HostingTerms))


def _usd_per_mwh(**options: Any) -> Any:
    return models.DecimalField(max_digits=12, decimal_places=6, **options)


class Currency(models.TextChoices):
    USD = "USD", "USD"
    CAD = "CAD", "CAD"


class PriceState(models.TextChoices):
    """How much the price of a site is worth (the stale ladder of routing/energy/pricing.py)."""

    FRESH = "fresh", _("live")
    HOLD = "hold", _("last known")
    ESTIMATED = "estimated", _("estimated")
    TARIFF = "tariff", _("contract price")
    OVERRIDE = "override", _("set by an operator")


class Feed(Pausable):
    """A market (or a tariff, or a recorded series) that is asked for prices. One adapter, many nodes.

    The poll's own findings are in FeedState.
    """

    slug = models.SlugField(unique=True, help_text="The adapter: caiso, nyiso, ercot, ieso, miso, …")
    name = models.TextField()
    step_s = models.PositiveIntegerField(default=300, help_text="Seconds between two prices.")
    poll_s = models.PositiveIntegerField(default=300, help_text="Seconds between two questions, at least.")
    needs_terms = models.BooleanField(default=False, help_text="Off until an operator accepts its terms.")
    needs_key = models.BooleanField(default=False)
    terms_url = models.TextField(blank=True)
    attribution = models.TextField(blank=True, help_text="What pages that show its prices say of the source.")
    sealed_key = models.BinaryField(null=True, editable=False)
    key_last4 = models.TextField(blank=True, editable=False)
    terms_accepted_at = models.DateTimeField(null=True, blank=True, editable=False)
    terms_accepted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+", editable=False
    )
    simulated = models.BooleanField(default=False, help_text="Made by us; pages say so.")
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

    currency = models.TextField(choices=Currency.choices)
    date = models.DateField()
    per_usd = models.DecimalField(max_digits=12, decimal_places=6)
    seen_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name = _("dollar by day")
        verbose_name_plural = _("dollars by day")
        ordering: ClassVar[list[str]] = ["currency", "-date"]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["currency", "date"], name="routing_gridrate_once"),
            models.CheckConstraint(condition=models.Q(per_usd__gt=0), name="routing_gridrate_positive"),
        ]

    def __str__(self) -> str:
        return f"{self.per_usd} {self.currency} for a dollar on {self.date}"


class GridNode(models.Model):
    """A place in a market that has a price of its own."""

    feed = models.ForeignKey(Feed, on_delete=models.PROTECT, related_name="nodes")
    code = models.TextField(help_text="As the market writes it: TH_NP15_GEN-APND, HB_NORTH, TORONTO:HUB.")
    currency = models.TextField(choices=Currency.choices, default=Currency.USD)
    params = models.JSONField(
        default=dict, blank=True, help_text="static: usd_per_mwh; replay: series, if not of its own code."
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

    node = models.ForeignKey(GridNode, on_delete=models.PROTECT, related_name="prices")
    start = models.DateTimeField()
    end = models.DateTimeField()
    price = _usd_per_mwh(help_text="Per MWh, in the node's currency, as published; may be negative.")
    usd = _usd_per_mwh(help_text="The same in USD.")
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
    least = _usd_per_mwh()
    mean = _usd_per_mwh()
    most = _usd_per_mwh()
    close = _usd_per_mwh()

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["node", "hour"], name="routing_gridhour_once")
        ]

    def __str__(self) -> str:
        return f"{self.node} {self.hour:%Y-%m-%d %H:00}"


class DataCentre(models.Model):
    """A site of ours: a hosted Provider with a place in a grid. USD per MWh where not said otherwise."""

    provider = models.OneToOneField("routing.Provider", on_delete=models.PROTECT, related_name="site")
    place = models.TextField(help_text="For people: Dallas, Texas.")
    country = models.CharField(max_length=2, help_text="ISO 3166-1; where data stays.")
    node = models.ForeignKey(GridNode, on_delete=models.PROTECT, related_name="sites")
    pue = models.DecimalField(max_digits=5, decimal_places=3, default="1.250")
    host_factor = models.DecimalField(
        max_digits=5, decimal_places=3, default="1.500", help_text="Server at the wall ÷ its GPUs."
    )
    indexed_share = models.DecimalField(
        max_digits=4, decimal_places=3, default="1.000", help_text="phi: the load that pays the live price."
    )
    hedge_usd = _usd_per_mwh(default="0", help_text="What the rest of the load pays.")
    adder_usd = _usd_per_mwh(default="25", help_text="Wires, capacity, retailer, losses, tax.")
    floor_usd = _usd_per_mwh(default="0")
    ceiling_usd = _usd_per_mwh(default="300", help_text="Above it the site is drained, not priced.")
    tariff_usd = _usd_per_mwh(default="65", help_text="Delivered; when the market has been silent for a day.")
    in_flight_max = models.PositiveIntegerField(default=256, help_text="Calls at once.")
    queue_budget_ms = models.PositiveIntegerField(default=1500, help_text="Longest wait that is acceptable.")
    metrics_url = models.TextField(blank=True, help_text="Prometheus text of vLLM, SGLang or llama.cpp.")
    override_usd = _usd_per_mwh(
        null=True, blank=True, help_text="Delivered price by hand instead of the market."
    )
    override_until = models.DateTimeField(null=True, blank=True)
    override_reason = models.TextField(blank=True)

    class Meta:
        verbose_name = _("data centre")
        verbose_name_plural = _("data centres")
        ordering: ClassVar[list[str]] = ["provider__slug"]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(
                # Nobody is ever paid for tokens, so the floor isn't negative.
                condition=Q(floor_usd__gte=0, ceiling_usd__gt=F("floor_usd"), tariff_usd__gte=0),
                name="routing_datacentre_bounds",
            ),
            models.CheckConstraint(
                condition=Q(indexed_share__range=(0, 1), pue__gte=1, host_factor__gte=1),
                name="routing_datacentre_factors",
            ),
            models.CheckConstraint(
                condition=Q(override_usd=None)
                | (Q(override_usd__gte=0, override_until__isnull=False) & ~Q(override_reason="")),
                name="routing_datacentre_overridden_with_a_reason",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.provider} ({self.place})"

    @property
    def terms(self) -> SiteTerms:
        """What the formula needs of it."""
        return SiteTerms(**{name: getattr(self, name) for name in _SITE_TERMS})


class Hosting(models.Model):
    """How an endpoint of a site of ours runs its model: what the formula needs beside electricity."""

    endpoint = models.OneToOneField("routing.Endpoint", on_delete=models.PROTECT, related_name="hosting")
    gpus = models.PositiveSmallIntegerField()
    gpu = models.TextField(default="H100")
    gpu_hour_usd = models.DecimalField(max_digits=8, decimal_places=4, default="1.5000")
    joules_per_token = models.DecimalField(
        max_digits=8, decimal_places=4, help_text="GPUs only, per output token, its share of prompt included."
    )
    tokens_per_s = models.PositiveIntegerField(help_text="Output tokens a second of the whole deployment.")
    planned_use = models.DecimalField(max_digits=4, decimal_places=3, default="0.500")
    input_weight = models.DecimalField(max_digits=5, decimal_places=4, default="0.2000")
    cached_weight = models.DecimalField(max_digits=5, decimal_places=4, default="0.0500")
    floor_usd = models.DecimalField(
        max_digits=10, decimal_places=4, default="0", help_text="Least USD per 10^6 output tokens."
    )
    idle_kw = models.DecimalField(
        max_digits=6, decimal_places=3, default="0", help_text="Standby that isn't switched off; 0: it is."
    )
    quantization = models.TextField(blank=True, help_text="As benchmark prices call it: FP8; empty: full.")
    source = models.TextField(blank=True, help_text="Where the figures were measured.")

    class Meta:
        verbose_name = _("hosted model")
        verbose_name_plural = _("hosted models")
        ordering: ClassVar[list[str]] = ["endpoint"]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(
                condition=Q(gpus__gt=0, tokens_per_s__gt=0, planned_use__gt=0, planned_use__lte=1)
                & Q(gpu_hour_usd__gte=0, joules_per_token__gte=0, idle_kw__gte=0, floor_usd__gte=0)
                & Q(input_weight__gte=0, cached_weight__gte=0),
                name="routing_hosting_figures",
            )
        ]

    def __str__(self) -> str:
        return f"{self.endpoint} on {self.gpus} × {self.gpu}"

    @property
    def terms(self) -> HostingTerms:
        """What the formula needs of it."""
        return HostingTerms(**{name: getattr(self, name) for name in _HOSTING_TERMS})


class SiteState(models.Model):
    """What the last tick made of a site's price. delivered_usd is what the formula uses."""

    site = models.OneToOneField(DataCentre, on_delete=models.CASCADE, related_name="state")
    at = models.DateTimeField()
    price_end = models.DateTimeField(null=True, help_text="End of the newest interval that is known.")
    smoothed_usd = _usd_per_mwh(null=True)
    delivered_usd = _usd_per_mwh()
    state = models.TextField(choices=PriceState.choices)
    drained = models.BooleanField(default=False)

    def __str__(self) -> str:
        return f"{self.site}: {self.delivered_usd} USD/MWh, {self.state}"


class SitePrice(models.Model):
    """A tick of a site, for the charts. Kept 90 days."""

    site = models.ForeignKey(DataCentre, on_delete=models.CASCADE, related_name="prices")
    at = models.DateTimeField()
    smoothed_usd = _usd_per_mwh(null=True)
    delivered_usd = _usd_per_mwh()
    state = models.TextField(choices=PriceState.choices)
    drained = models.BooleanField(default=False)

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["site", "at"], name="routing_siteprice_once")
        ]

    def __str__(self) -> str:
        return f"{self.site} {self.at:%Y-%m-%d %H:%M}: {self.delivered_usd}"


class Preference(models.Model):
    """Which site's endpoint a hosted model is asked at first, and who may take over (hysteresis, dwell)."""

    model = models.OneToOneField("routing.Model", on_delete=models.CASCADE, related_name="preference")
    endpoint = models.ForeignKey("routing.Endpoint", on_delete=models.PROTECT, related_name="+")
    since = models.DateTimeField()
    challenger = models.ForeignKey("routing.Endpoint", on_delete=models.PROTECT, null=True, related_name="+")
    challenged_ticks = models.PositiveSmallIntegerField(default=0)

    class Meta:
        verbose_name = _("preferred site")
        verbose_name_plural = _("preferred sites")
        ordering: ClassVar[list[str]] = ["model"]

    def __str__(self) -> str:
        return f"{self.model} at {self.endpoint.provider}"


class BenchmarkPrice(models.Model):
    """What a named provider asks in public for a model that we host: evidence for what we claim."""

    model = models.ForeignKey("routing.Model", on_delete=models.PROTECT, related_name="benchmarks")
    provider = models.TextField()
    quantization = models.TextField(blank=True)
    input_nano = models.BigIntegerField(help_text="nano-USD per 10^6 tokens")
    output_nano = models.BigIntegerField(help_text="nano-USD per 10^6 tokens")
    url = models.URLField(max_length=500)
    seen_at = models.DateField()

    class Meta:
        verbose_name = _("benchmark price")
        verbose_name_plural = _("benchmark prices")
        ordering: ClassVar[list[str]] = ["model", "provider", "-seen_at"]

    def __str__(self) -> str:
        return f"{self.model} at {self.provider}"
