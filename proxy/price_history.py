"""What a hosted model costs over the last hours and days, in so'm, by the function that charges calls.

All points are at the exchange rate and markup in force now, so that the line moves with electricity alone and
its end is today's price. The price of a moment is the lowest of the sites that were available then.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, Final

import orjson
from django.conf import settings

from billing.errors import MissingRate
from billing.money import exact_uzs
from billing.rates import RatesSnap, current_rates
from proxy.errors import ApiError, unavailable
from proxy.meter import unit_price
from proxy.offers import catalog
from routing import choose
from routing.energy.costs import SiteCost, costs_now, history
from routing.energy.series import Columns, Step, Window, average, buckets
from routing.errors import UnknownModel
from routing.models import MarkupKind

DAY_S: Final = 86_400
_NANO_BPS_BPS: Final = 10**17


@dataclass(frozen=True, slots=True)
class Rate:
    """What makes a price of a cost: so'm for a dollar, our margin, and the margin on the rate."""

    micros_per_usd: int
    bps: int
    fx_bps: int

    def price(self, nano_usd: int) -> int:
        """Micros per 10^6 units."""
        return unit_price(nano_usd, self.micros_per_usd, self.bps, self.fx_bps)

    def prices(self, column: Sequence[int | None]) -> list[int | None]:
        """See price(); what isn't known stays unknown."""
        return [None if nano is None else self.price(nano) for nano in column]

    def usd(self, nano_usd: int) -> Decimal:
        """The same price in USD per 10^6 units."""
        return Decimal(nano_usd * (10_000 + self.bps) * (10_000 + self.fx_bps)) / _NANO_BPS_BPS


@dataclass(frozen=True, slots=True, kw_only=True)
class PriceHistory:
    """A model's window. `columns` and `steps` are costs in nano-USD; `rate` makes prices of them.

    `now`: the site whose price is paid now, None while none is available. `average`: of the last 24 hours.
    """

    model: str
    name: str
    window: Window
    columns: Columns
    steps: Sequence[Step]
    now: SiteCost | None
    sites: Sequence[SiteCost]
    average: int | None
    rate: Rate
    rates: RatesSnap
    until_s: int

    @property
    def updated_at(self) -> datetime | None:
        """When any of the sites' prices was looked after last."""
        return max((row.at for row in self.sites if row.at is not None), default=None)

    @property
    def simulated(self) -> bool:
        return any(row.simulated for row in self.sites)

    @property
    def change_bps(self) -> int | None:
        """The price now against the average of the last 24 hours."""
        if self.now is None or not self.average:
            return None
        tenth_bps = (self.now.output - self.average) * 100_000 // self.average
        return (tenth_bps + 5) // 10


def price_history(name: str, window: Window) -> PriceHistory | None:
    """The history of a model by id, alias or display name; None if no site of ours hosts it.

    Raises ApiError: 404 for an unknown model, 503 while no exchange rate is in force.
    """
    known = catalog()
    try:
        model = known.models[choose.slug_of(known, name)]
    except UnknownModel:
        raise no_such_model() from None
    sites = costs_now([model.slug])
    if not sites:
        return None
    rates = rates_now()
    until_s = int(time.time()) // 60 * 60 + 60  # the same for a minute, so that answers are too
    steps = history(model.slug, min(window.begins(until_s), until_s - DAY_S), until_s)
    return PriceHistory(
        model=model.slug,
        name=model.name,
        window=window,
        columns=buckets(steps, window, until_s),
        steps=steps,
        now=cheapest(sites),
        sites=sites,
        average=average(steps, until_s - DAY_S, until_s),
        rate=rate_of(rates),
        rates=rates,
        until_s=until_s,
    )


def rates_now() -> RatesSnap:
    """Raises ApiError 503 while no exchange rate is in force."""
    try:
        return current_rates()
    except MissingRate:
        raise unavailable("price_unavailable", "No exchange rate is in force at the moment.") from None


def rate_of(rates: RatesSnap) -> Rate:
    """What makes prices of hosted models. Raises ApiError 503 without a margin for them."""
    markup = rates.markups.get(MarkupKind.HOSTED.value)
    if markup is None:
        raise unavailable("price_unavailable", "No price is in force at the moment.")
    return Rate(rates.micros_per_usd, markup.bps, rates.fx_margin.bps)


def cheapest(sites: Sequence[SiteCost]) -> SiteCost | None:
    """The site whose price is paid now."""
    return min((row for row in sites if row.available), key=lambda row: (row.output, row.site), default=None)


def no_such_model() -> ApiError:
    return ApiError(
        404, "model_not_found", "The model does not exist or you do not have access to it.", param="model"
    )


def as_json(found: PriceHistory) -> dict[str, Any]:
    """Columns of so'm per million output tokens as exact numbers, null where nothing is known."""
    columns, rate = found.columns, found.rate
    told = {
        "object": "price_history",
        "model": found.model,
        "window": found.window.label,
        "currency": "UZS",
        "per": 1_000_000,
        "rate_date": found.rates.fx_date.isoformat(),
        "simulated": found.simulated,
        "updated_at": found.updated_at and _stamp(found.updated_at),
        "current": found.now and current(found.now, rate),
        "average_24h": None if found.average is None else _uzs(rate.price(found.average)),
        "sites": {row.site: row.site_name for row in found.sites},
        "t0": columns.t0,
        "step": columns.step_s,
        "out": _column(rate.prices(columns.out)),
        "energy": _column(rate.prices(columns.energy)),
        "min": _column(rate.prices(columns.least)),
        "max": _column(rate.prices(columns.most)),
        "site": columns.site,
        "state": columns.state,
    }
    return told | (_in_usd(found) if settings.SHOW_USD else {})


def current(row: SiteCost, rate: Rate) -> dict[str, Any]:
    """What a million tokens cost at a site now, and how much of the output's price is electricity."""
    return {
        "site": row.site,
        "state": row.state,
        **{name: _uzs(rate.price(nano)) for name, nano in row.components.items()},
        "energy": None if row.energy is None else _uzs(rate.price(row.energy)),
    }


def sites_as_json(rows: Sequence[SiteCost], rate: Rate) -> dict[str, Any]:
    """Our sites with what each model costs there now; of the market itself nothing but its state is told."""
    by_site: dict[str, list[SiteCost]] = {}
    for row in rows:
        by_site.setdefault(row.site, []).append(row)
    return {"object": "list", "currency": "UZS", "per": 1_000_000} | {
        "data": [_site(found, rate) for found in by_site.values()]
    }


def _site(rows: Sequence[SiteCost], rate: Rate) -> dict[str, Any]:
    one = rows[0]
    return {
        "id": one.site,
        "name": one.site_name,
        "place": one.place,
        "country": one.country,
        "state": one.state,
        "drained": one.drained,
        "simulated": one.simulated,
        "updated_at": one.at and _stamp(one.at),
        "models": [
            {"id": row.model, "available": row.available, "preferred": row.preferred} | current(row, rate)
            for row in rows
        ],
    }


def _in_usd(found: PriceHistory) -> dict[str, Any]:
    columns = {"out_usd": found.columns.out, "energy_usd": found.columns.energy}
    return {
        name: [None if nano is None else orjson.Fragment(f"{found.rate.usd(nano):.6f}") for nano in column]
        for name, column in columns.items()
    }


def _column(micros: Sequence[int | None]) -> list[orjson.Fragment | None]:
    return [None if one is None else _uzs(one) for one in micros]


def _uzs(micros: int) -> orjson.Fragment:
    """An exact number of so'm."""
    return orjson.Fragment(exact_uzs(micros))


def _stamp(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
