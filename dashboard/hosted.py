"""Models that run at sites of ours: what each costs now, where, and what may be claimed about it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction

from django.core.cache import cache
from django.db.models import Exists, OuterRef

from dashboard.moments import today
from proxy.offers import catalog
from proxy.price_history import Rate, cheapest, rate_of, rates_now
from routing.energy.claim import Listed, mix, saving_percent, up_to
from routing.energy.costs import SiteCost, costs_now, lowest_lately
from routing.energy.markets import Feed
from routing.energy.models import BenchmarkPrice, Hosting

_CLAIM_S = 600


@dataclass(frozen=True, slots=True)
class Hosted:
    """A model with what a call pays now, in micros per 10^6 output tokens; None: no site is open."""

    model: str
    name: str
    price: int | None
    energy: int | None
    site: str
    state: str


@dataclass(frozen=True, slots=True)
class Site:
    """One of our sites. state: how live its price is; models: how many it serves."""

    name: str
    place: str
    country: str
    state: str
    drained: bool
    simulated: bool
    models: int


@dataclass(frozen=True, slots=True)
class Overview:
    """claim: up to how many per cent lower than elsewhere, None where nothing may be claimed.

    sources: what the markets behind the prices want to be said of them.
    """

    models: Sequence[Hosted]
    sites: Sequence[Site]
    claim: int | None
    sources: Sequence[str] = ()

    @property
    def simulated(self) -> bool:
        return any(site.simulated for site in self.sites)


def overview() -> Overview:
    """Raises ApiError 503 while no exchange rate is in force."""
    rows = costs_now()
    rate = rate_of(rates_now()) if rows else None
    by_model, by_site = _by(rows, "model"), _by(rows, "site")
    names = catalog().models
    models = [
        _hosted(names[slug].name if slug in names else slug, found, rate)
        for slug, found in by_model.items()
        if rate is not None
    ]
    sites = [_site(found) for found in by_site.values()]
    return Overview(models, sites, _claim(by_model, rate) if rate else None, _sources(by_site))


def _sources(sites: Iterable[str]) -> list[str]:
    asked = Feed.objects.filter(nodes__sites__provider__slug__in=list(sites))
    currencies = set(asked.values_list("nodes__currency", flat=True))
    rates = Feed.objects.filter(slug="boc") if currencies - {"USD"} else Feed.objects.none()
    rows = asked.exclude(attribution="").values_list("attribution", flat=True)
    return sorted({*rows, *rates.values_list("attribution", flat=True)})


def _by(rows: Iterable[SiteCost], name: str) -> dict[str, list[SiteCost]]:
    found: dict[str, list[SiteCost]] = {}
    for row in rows:
        found.setdefault(getattr(row, name), []).append(row)
    return dict(sorted(found.items()))


def _hosted(name: str, rows: Sequence[SiteCost], rate: Rate) -> Hosted:
    best = cheapest(rows)
    if best is None:
        return Hosted(rows[0].model, name, None, None, "", "")
    energy = None if best.energy is None else rate.price(best.energy)
    return Hosted(best.model, name, rate.price(best.output), energy, best.place, best.state)


def _site(rows: Sequence[SiteCost]) -> Site:
    one = rows[0]
    return Site(one.site_name, one.place, one.country, one.state, one.drained, one.simulated, len(rows))


def _claim(by_model: dict[str, list[SiteCost]], rate: Rate) -> int | None:
    """The largest saving that any model really had in the last days, against what others list in public for
    the same quantization.

    Simulated prices prove nothing. Kept for some minutes.
    """
    kept: int | None = cache.get("energy.claim")
    if kept is not None:
        return kept or None
    real = {slug: rows for slug, rows in by_model.items() if not any(row.simulated for row in rows)}
    listed: dict[str, list[Listed]] = {}
    ours = Hosting.objects.filter(
        endpoint__model=OuterRef("model"), endpoint__retired_at=None, quantization=OuterRef("quantization")
    )
    same = BenchmarkPrice.objects.filter(Exists(ours), model__slug__in=real)
    for one in same.select_related("model"):
        row = Listed(one.provider, one.input_nano, one.output_nano, one.seen_at)
        listed.setdefault(one.model.slug, []).append(row)
    savings = [_saving(slug, real[slug], rows, rate) for slug, rows in listed.items()]
    found = up_to(savings)
    cache.set("energy.claim", found or 0, _CLAIM_S)
    return found


def _saving(slug: str, rows: Sequence[SiteCost], listed: Sequence[Listed], rate: Rate) -> int | None:
    """Our lowest mix of the last days, margin included, against the providers' median."""
    lowest = lowest_lately(slug)
    if lowest is None or not rows[0].output:
        return None
    share = Fraction(rows[0].components.get("input", 0), rows[0].output)
    margin = Fraction((10_000 + rate.bps) * (10_000 + rate.fx_bps), 10**8)
    ours = mix(round(lowest * share), lowest) * margin
    return saving_percent(ours, listed, today())
