"""Sites of a hosted model: who is open to a call, what the call pays there, and in which order. Pure.

The caller pays the lowest price among the sites that are open to the call, whichever of them answers: the
site that has read the prompt's beginning goes before the one where electricity is cheapest, and we carry the
difference (reference: energy, "promise rule").
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any, Final

from proxy.errors import ApiError
from proxy.meter import Price, Usage, total
from routing.pick import Health, Rules
from routing.snaps import EndpointSnap
from routing.strategies import Figures

# Why a site is passed over. Who is full now may have a place in a moment.
DRAINED: Final = "site_drained"
FULL: Final = "site_full"
QUEUE: Final = "site_queue"
DEARER: Final = "dearer_than_site"
BUSY: Final = frozenset({FULL, QUEUE})
_FIRST: Final = ("output", "input", "cached_input")
_NOBODY: Final[Mapping[int, str]] = MappingProxyType({})


class SitesFull(ApiError):
    """All sites that may serve are full; another look within `budget_ms` may find a place."""

    def __init__(self, slug: str, budget_ms: int) -> None:
        message = f"All sites that serve '{slug}' are full at the moment; try again shortly."
        super().__init__(429, "sites_full", message, headers={"retry-after": "2"})
        self.budget_ms = budget_ms


@dataclass(frozen=True, slots=True)
class Guest:
    """What of a call matters to sites. reader: the endpoint that has read the prompt's beginning, or 0."""

    rules: Rules
    tags: Sequence[str]
    reader: int = 0

    @property
    def affine(self) -> int:
        """The endpoint that its prompt's cache speaks for; who asks for the price doesn't care."""
        return 0 if "price" in self.tags else self.reader


@dataclass(frozen=True, slots=True)
class House:
    """The sites of one model as one call finds them.

    price: what the call pays at each of them. closed: endpoint → why it isn't asked. ranks: endpoint → its
    place among the open ones. why: endpoint → what speaks for it. ceiling: of full sites, the lowest price.
    """

    price: Price | None
    ceiling: Price | None = None
    closed: Mapping[int, str] = _NOBODY
    ranks: Mapping[int, int] = field(default_factory=dict)
    why: Mapping[int, str] = _NOBODY

    def price_at(self, endpoint: EndpointSnap, price: Callable[[EndpointSnap], Price]) -> Price:
        """What the call pays at this one; elsewhere than at sites each has its own price."""
        return price(endpoint) if endpoint.site is None or self.price is None else self.price

    def seated(self, endpoint: EndpointSnap, figures: Figures) -> Figures:
        """Its figures; sites cost the caller the same, so not their load but their places break the tie."""
        place = self.ranks.get(endpoint.id)
        return figures if place is None else replace(figures, load=place)

    def against(self, endpoint: EndpointSnap, usual: Usage, price: Callable[[EndpointSnap], Price]) -> str:
        """Why this one is passed over, whatever the caller wishes; empty if it isn't.

        While all sites are full, nobody is sent to a provider that costs more than they do.
        """
        if endpoint.site is not None:
            return self.closed.get(endpoint.id, "")
        if self.ceiling is None or total(usual, price(endpoint).sale) <= total(usual, self.ceiling.sale):
            return ""
        return DEARER

    def told(self, endpoint: EndpointSnap) -> dict[str, Any]:
        """What the receipt keeps of a site beside the reason: its slug, what spoke for it, its own cost."""
        if endpoint.site is None:
            return {}
        found = {"site": endpoint.site.slug, "own": endpoint.cost.id}
        why = self.why.get(endpoint.id)
        return found | {"why": why} if why else found


NO_HOUSE: Final = House(None)


def housed(
    endpoints: Sequence[EndpointSnap], price: Callable[[EndpointSnap], Price], guest: Guest, health: Health
) -> House:
    """How a call finds these endpoints, all of them at sites of ours and wide enough for its prompt."""
    rules, affine = guest.rules, guest.affine
    wanted = [one for one in endpoints if not rules.against(one, {})]
    closed = _NOBODY if rules.endpoint else {one.id: why for one in wanted if (why := _closed(one, health))}
    opened = [one for one in wanted if one.id not in closed]
    awake = [one for one in opened if not health.resting(one.id)] or opened
    full = [one for one in wanted if closed.get(one.id) in BUSY] if not opened else []
    own = {one.id: cheapness(price(one)) for one in opened}
    places = sorted(opened, key=lambda one: (one.id != affine, not one.preferred, own[one.id], one.id))
    return House(
        price=lowest(map(price, awake)),
        ceiling=lowest(map(price, full)),
        closed=closed,
        ranks={one.id: place for place, one in enumerate(places)},
        why={one.id: _why(one, guest) for one in opened},
    )


def _closed(endpoint: EndpointSnap, health: Health) -> str:
    site = endpoint.site
    if site is None:
        return ""
    return DRAINED if site.drained else health.full(site)


def _why(endpoint: EndpointSnap, guest: Guest) -> str:
    """What speaks for asking this one; that another one failed before it, the attempts tell."""
    rules = guest.rules
    if rules.only or rules.residency or rules.endpoint:
        return "pinned"
    if rules.order:
        return "ordered"
    if set(guest.tags) - {"price"}:
        return "strategy"
    if endpoint.id == guest.affine:
        return "affinity"
    return "preferred" if endpoint.preferred else "next"


def cheapness(price: Price) -> tuple[int, ...]:
    """To compare prices by: output first, as that is where electricity goes."""
    sale = price.sale.components
    return tuple(sale.get(name, 0) for name in _FIRST)


def lowest(prices: Iterable[Price]) -> Price | None:
    """The lowest price; of equal ones the first."""
    return min(prices, key=cheapness, default=None)


def is_lower(price: Price, locked: Price) -> bool:
    """Whether no component of a price is above the locked one, at the same exchange rate, and one below."""
    new, old = price.sale.components, locked.sale.components
    if new.keys() != old.keys() or price.fx_rate != locked.fx_rate or new == old:
        return False
    return all(micros <= old[name] for name, micros in new.items())
