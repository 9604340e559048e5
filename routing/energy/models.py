"""Where hosted models run and what electricity costs there; the markets themselves are in markets.py.

The law of this file:

- Prices of electricity are Decimals of USD per MWh. They are no money that anybody is charged: what a
  call costs is a CostVersion in nano-USD, made of them by `routing.energy.pricing`.
- What a tick finds out (SiteState, Preference) is apart from what operators set (DataCentre, Hosting), so
  that an operator's save never writes over it.
"""

from dataclasses import fields
from typing import ClassVar, Final

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from routing.energy.markets import GridNode, usd_per_mwh
from routing.energy.pricing import HostingTerms, SiteTerms

_SITE_TERMS: Final = tuple(field.name for field in fields(SiteTerms))
_HOSTING_TERMS: Final = tuple(field.name for field in fields(HostingTerms))


class PriceState(models.TextChoices):
    """How much the price of a site is worth (the stale ladder of routing/energy/pricing.py)."""

    FRESH = "fresh", _("live")
    HOLD = "hold", _("last known")
    ESTIMATED = "estimated", _("estimated")
    TARIFF = "tariff", _("contract price")
    OVERRIDE = "override", _("set by an operator")


class DataCentre(models.Model):
    """A site of ours: a hosted Provider with a place in a grid. USD per MWh where not said otherwise."""

    provider = models.OneToOneField(
        "routing.Provider", on_delete=models.PROTECT, related_name="site", verbose_name=_("provider")
    )
    place = models.TextField(_("place"), help_text=_("For people: Dallas, Texas."))
    country = models.CharField(_("country"), max_length=2, help_text=_("ISO 3166-1; where data stays."))
    node = models.ForeignKey(
        GridNode, on_delete=models.PROTECT, related_name="sites", verbose_name=_("grid node")
    )
    pue = models.DecimalField(_("PUE of the building"), max_digits=5, decimal_places=3, default="1.250")
    host_factor = models.DecimalField(
        _("factor of the servers"),
        max_digits=5,
        decimal_places=3,
        default="1.500",
        help_text=_("Server at the wall ÷ its GPUs."),
    )
    indexed_share = models.DecimalField(
        _("share at the live price"),
        max_digits=4,
        decimal_places=3,
        default="1.000",
        help_text=_("phi: the load that pays the live price."),
    )
    hedge_usd = usd_per_mwh(
        _("hedged price, USD/MWh"), default="0", help_text=_("What the rest of the load pays.")
    )
    adder_usd = usd_per_mwh(
        _("added to it, USD/MWh"), default="25", help_text=_("Wires, capacity, retailer, losses, tax.")
    )
    floor_usd = usd_per_mwh(_("floor, USD/MWh"), default="0")
    ceiling_usd = usd_per_mwh(
        _("ceiling, USD/MWh"), default="300", help_text=_("Above it the site is drained, not priced.")
    )
    tariff_usd = usd_per_mwh(
        _("contract price, USD/MWh"),
        default="65",
        help_text=_("Delivered; when the market has been silent for a day."),
    )
    in_flight_max = models.PositiveIntegerField(_("calls at once"), default=256)
    queue_budget_ms = models.PositiveIntegerField(_("longest wait, ms"), default=1500)
    metrics_url = models.TextField(
        _("address of its metrics"), blank=True, help_text=_("Prometheus text of vLLM, SGLang or llama.cpp.")
    )
    override_usd = usd_per_mwh(
        _("price by hand, USD/MWh"),
        null=True,
        blank=True,
        help_text=_("Delivered price by hand instead of the market."),
    )
    override_until = models.DateTimeField(_("price by hand until"), null=True, blank=True)
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

    endpoint = models.OneToOneField(
        "routing.Endpoint", on_delete=models.PROTECT, related_name="hosting", verbose_name=_("endpoint")
    )
    gpus = models.PositiveSmallIntegerField(_("number of GPUs"))
    gpu = models.TextField(_("kind of GPU"), default="H100")
    gpu_hour_usd = models.DecimalField(
        _("USD per GPU-hour"), max_digits=8, decimal_places=4, default="1.5000"
    )
    joules_per_token = models.DecimalField(
        _("joules per token"),
        max_digits=8,
        decimal_places=4,
        help_text=_("GPUs only, per output token, its share of prompt included."),
    )
    tokens_per_s = models.PositiveIntegerField(
        _("tokens a second"), help_text=_("Output tokens a second of the whole deployment.")
    )
    planned_use = models.DecimalField(
        _("planned share in use"), max_digits=4, decimal_places=3, default="0.500"
    )
    input_weight = models.DecimalField(_("weight of input"), max_digits=5, decimal_places=4, default="0.2000")
    cached_weight = models.DecimalField(
        _("weight of cached input"), max_digits=5, decimal_places=4, default="0.0500"
    )
    floor_usd = models.DecimalField(
        _("floor, USD per million"),
        max_digits=10,
        decimal_places=4,
        default="0",
        help_text=_("Least USD per 10^6 output tokens."),
    )
    idle_kw = models.DecimalField(
        _("standby, kW"),
        max_digits=6,
        decimal_places=3,
        default="0",
        help_text=_("Standby that isn't switched off; 0: it is."),
    )
    quantization = models.TextField(
        _("quantization"), blank=True, help_text=_("As benchmark prices call it: FP8; empty: full.")
    )
    source = models.TextField(_("source of the figures"), blank=True)

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
        told = {"endpoint": self.endpoint, "machines": f"{self.gpus} × {self.gpu}"}
        return gettext("%(endpoint)s on %(machines)s") % told

    @property
    def terms(self) -> HostingTerms:
        """What the formula needs of it."""
        return HostingTerms(**{name: getattr(self, name) for name in _HOSTING_TERMS})


class SiteState(models.Model):
    """What the last tick made of a site's price. delivered_usd is what the formula uses."""

    site = models.OneToOneField(DataCentre, on_delete=models.CASCADE, related_name="state")
    at = models.DateTimeField()
    price_end = models.DateTimeField(null=True, help_text="End of the newest interval that is known.")
    smoothed_usd = usd_per_mwh(null=True)
    delivered_usd = usd_per_mwh()
    state = models.TextField(choices=PriceState.choices)
    drained = models.BooleanField(default=False)

    def __str__(self) -> str:
        return f"{self.site}: {self.delivered_usd} USD/MWh, {self.state}"


class SitePrice(models.Model):
    """A tick of a site, for the charts. Kept 90 days."""

    site = models.ForeignKey(DataCentre, on_delete=models.CASCADE, related_name="prices")
    at = models.DateTimeField()
    smoothed_usd = usd_per_mwh(null=True)
    delivered_usd = usd_per_mwh()
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

    model = models.OneToOneField(
        "routing.Model", on_delete=models.CASCADE, related_name="preference", verbose_name=_("model")
    )
    endpoint = models.ForeignKey(
        "routing.Endpoint", on_delete=models.PROTECT, related_name="+", verbose_name=_("endpoint")
    )
    since = models.DateTimeField(_("since"))
    challenger = models.ForeignKey(
        "routing.Endpoint",
        on_delete=models.PROTECT,
        null=True,
        related_name="+",
        verbose_name=_("may take over"),
    )
    challenged_ticks = models.PositiveSmallIntegerField(_("ticks in a row"), default=0)

    class Meta:
        verbose_name = _("preferred site")
        verbose_name_plural = _("preferred sites")
        ordering: ClassVar[list[str]] = ["model"]

    def __str__(self) -> str:
        told = {"model": self.model, "provider": self.endpoint.provider}
        return gettext("%(model)s at %(provider)s") % told


class BenchmarkPrice(models.Model):
    """What a named provider asks in public for a model that we host: evidence for what we claim."""

    model = models.ForeignKey(
        "routing.Model", on_delete=models.PROTECT, related_name="benchmarks", verbose_name=_("model")
    )
    provider = models.TextField(_("provider"))
    quantization = models.TextField(_("quantization"), blank=True)
    input_nano = models.BigIntegerField(help_text="nano-USD per 10^6 tokens")
    output_nano = models.BigIntegerField(help_text="nano-USD per 10^6 tokens")
    url = models.URLField(_("address"), max_length=500)
    seen_at = models.DateField(_("seen on"))

    class Meta:
        verbose_name = _("benchmark price")
        verbose_name_plural = _("benchmark prices")
        ordering: ClassVar[list[str]] = ["model", "provider", "-seen_at"]

    def __str__(self) -> str:
        return gettext("%(model)s at %(provider)s") % {"model": self.model, "provider": self.provider}
