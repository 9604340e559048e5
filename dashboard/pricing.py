"""The dated price list: what every model costs in so'm, by the objects that charge calls.

Built once for each state of catalog and rates. A call pays the endpoint that serves it, so a model whose
endpoints differ in price has a tag for each price, first the one that is asked first. Prices are micros per
10^6 units, as charged.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from threading import Lock

from django.utils.functional import Promise
from django.utils.safestring import SafeString

from billing.fx.ladder import Level
from billing.rates import RatesSnap
from dashboard.shop import COMPONENTS, PER_ONE, shown
from proxy.errors import ApiError
from proxy.market import Market
from proxy.meter import Price
from proxy.offers import Offer, market, offers
from routing.snaps import Catalog, ModelSnap
from routing.strategies import ordered


@dataclass(frozen=True, slots=True)
class Line:
    """One component. base: the provider's price at the day's rate; final: what is charged, VAT included.

    over_tokens: for prompts longer than this; 0 for all. fx_margin: how much of the final price it is.
    """

    component: str
    over_tokens: int
    base: int
    final: int
    fx_margin: int

    @property
    def label(self) -> str | Promise:
        return COMPONENTS[self.component][0]

    @property
    def unit(self) -> str | Promise:
        return COMPONENTS[self.component][1]

    @property
    def per(self) -> int:
        """How many units the price for readers is for."""
        return 1 if self.component in PER_ONE else 1_000_000

    @property
    def base_shown(self) -> int:
        """Micros for `per` units, rounded half-up where the charge has more decimals."""
        return shown(self.component, self.base)

    @property
    def final_shown(self) -> int:
        """See base_shown."""
        return shown(self.component, self.final)


@dataclass(frozen=True, slots=True)
class Tag:
    """A price and the providers that serve at it."""

    providers: tuple[str, ...]
    version: str
    markup_bps: int
    lines: tuple[Line, ...]


@dataclass(frozen=True, slots=True)
class Entry:
    """A model on the list. `server` answers for it."""

    model: ModelSnap
    server: ModelSnap
    available: bool
    tags: tuple[Tag, ...]


@dataclass(frozen=True, slots=True)
class PriceList:
    """All that is on sale, as of one day."""

    day: date
    rates: RatesSnap
    entries: tuple[Entry, ...]
    version: str  # of catalog and rates: the list is the same as long as it is
    catalog: Catalog = field(repr=False)
    # Entries as HTML by language and id: the same for everybody, so drawn once.
    drawn: dict[tuple[str, str], SafeString] = field(default_factory=dict, repr=False)

    @property
    def fx_bps(self) -> int:
        """The margin on the rate, in basis points."""
        return self.rates.fx_margin.bps

    @property
    def old(self) -> bool:
        """Whether readers are told how old the rate is."""
        return self.rates.level >= Level.DEGRADE

    @property
    def paused(self) -> bool:
        """Whether paid calls have stopped."""
        return self.rates.level is Level.STOP


_lock = Lock()
_held: list[PriceList] = []


def price_list() -> PriceList | None:
    """The list in force; None while there is no exchange rate."""
    try:
        here = market()
    except ApiError:
        return None
    with _lock:
        if not _held or _held[0].catalog is not here.catalog or _held[0].rates != here.rates:
            _held[:] = [_built(here, _held[0] if _held else None)]
        return _held[0]


def search(entries: Iterable[Entry], words: str, modality: str, *, free: bool) -> list[Entry]:
    """The entries whose name, id or creator has all the words."""
    needles = words.casefold().split()
    return [
        entry
        for entry in entries
        if (not modality or entry.server.modality == modality)
        and (not free or entry.server.free)
        and all(needle in _haystack(entry.model) for needle in needles)
    ]


def _haystack(model: ModelSnap) -> str:
    return f"{model.slug} {model.name} {model.creator}".casefold()


def _built(here: Market, before: PriceList | None) -> PriceList:
    entries = tuple(_entry(here, offer) for offer in offers(here) if offer.price is not None)
    version = f"{here.catalog.version}.{here.rates.version}"
    made = PriceList(here.rates.today, here.rates, entries, version, here.catalog)
    if before is not None and before.fx_bps == made.fx_bps:
        # Hosted prices move every five minutes; what didn't isn't drawn again.
        old = {entry.model.slug: entry for entry in before.entries}
        same = {entry.model.slug for entry in entries if old.get(entry.model.slug) == entry}
        made.drawn.update({place: html for place, html in before.drawn.items() if place[1] in same})
    return made


def _entry(here: Market, offer: Offer) -> Entry:
    tags: dict[str, tuple[Price, list[str]]] = {}
    for endpoint in ordered(offer.server.endpoints, ()):
        price = here.price(endpoint)
        name = f"{price.markup} {sorted(price.sale.components.items())} {price.sale.above_input}"
        tags.setdefault(name, (price, []))[1].append(endpoint.provider.name)
    return Entry(
        offer.model,
        offer.server,
        offer.available,
        tuple(Tag(tuple(names), price.version, price.bps, _lines(price)) for price, names in tags.values()),
    )


def _lines(price: Price) -> tuple[Line, ...]:
    found = _tier(price, 0, price.cost.components)
    for over, components in price.cost.above_input:
        found += _tier(price, over, components)
    return tuple(found)


def _tier(price: Price, over: int, cost: Mapping[str, int]) -> list[Line]:
    place = list(COMPONENTS)
    sale = price.sale.at(over + 1) if over else price.sale.components
    base = price.base.at(over + 1) if over else price.base.components
    return [
        Line(name, over, base[name], sale[name], price.margin_of(cost[name], sale[name]))
        for name in sorted((name for name in cost if name in COMPONENTS), key=place.index)
    ]
