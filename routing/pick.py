"""Which endpoints of a choice are asked, in which order, and why the others are not. Pure.

Filter by the caller's rules and by health, score what is left, put the caller's own order on top. If nothing
but resting endpoints is left, those are tried after all: an attempt that may fail is better than a refusal.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, NamedTuple, Protocol

from routing.snaps import EndpointSnap, SiteSnap
from routing.strategies import NOTHING, Entry, Figures, by_priority, scored

_NO_PRICES: Final[Mapping[str, int]] = MappingProxyType({})


class Health(Protocol):
    """What is known of endpoints by their id."""

    @property
    def all_well(self) -> bool:
        """No endpoint rests."""

    def figures(self, endpoint: int) -> Figures: ...

    def resting(self, endpoint: int) -> str:
        """Why the endpoint is left alone now; empty if it isn't."""

    def reader(self, prefix: int) -> int:
        """The endpoint that has lately read a prompt with this beginning; 0 if none has."""

    def full(self, site: SiteSnap) -> str:
        """Why a site takes no more calls now; empty if it does."""


class Unknown:
    """Health while nothing is known: nobody rests."""

    all_well = True

    def figures(self, endpoint: int) -> Figures:
        return NOTHING

    def resting(self, endpoint: int) -> str:
        return ""

    def reader(self, prefix: int) -> int:
        return 0

    def full(self, site: SiteSnap) -> str:
        return ""


UNKNOWN: Final = Unknown()


@dataclass(frozen=True, slots=True)
class Rules:
    """The caller's wishes about providers, by slug. max_price: component → most, in the unit of `asks`.

    residency: countries that the data may be in; where a provider has its machines only sites of ours say.
    endpoint: this one and no other, also while it rests; 0: any. Only the platform's own calls may say so.
    """

    order: tuple[str, ...] = ()
    only: frozenset[str] = frozenset()
    ignore: frozenset[str] = frozenset()
    fallbacks: bool = True
    max_price: Mapping[str, int] = _NO_PRICES
    endpoint: int = 0
    residency: frozenset[str] = frozenset()

    def against(self, endpoint: EndpointSnap, asks: Mapping[str, int]) -> str:
        """Why these rules pass over an endpoint; empty if they don't. asks: its price by component."""
        slug = endpoint.provider.slug
        if self.endpoint:
            return "" if endpoint.id == self.endpoint else "not_pinned"
        if slug in self.ignore:
            return "ignored"
        if self.only and slug not in self.only:
            return "not_in_only"
        if self.residency and (endpoint.site is None or endpoint.site.country not in self.residency):
            return "not_resident"
        if self.order and not self.fallbacks and slug not in self.order:
            return "not_in_order"
        if any(asks.get(name, 0) > most for name, most in self.max_price.items()):
            return "over_max_price"
        return ""


ANY: Final = Rules()


class Verdict(NamedTuple):
    """One endpoint of a choice. score: 1.0 is the best of all; None where the operator's priority decided.

    rejected: why it is not asked. live: no default stood in for a figure that traffic hasn't given yet.
    """

    endpoint: EndpointSnap
    score: float | None = None
    rejected: str = ""
    live: bool = True


class Offer(NamedTuple):
    """One endpoint that could serve: its entry, and its price by component for the caller's max_price."""

    entry: Entry
    asks: Mapping[str, int] = _NO_PRICES


def pick(offers: Sequence[Offer], tags: Sequence[str], rules: Rules, health: Health) -> list[Verdict]:
    """A verdict on each endpoint: first those to ask, in order, then the rejected ones."""
    wanted, rejected = [], []
    if rules is ANY and health.all_well:  # most calls: nobody is passed over
        return _judged([offer.entry for offer in offers], tags)
    for offer in offers:
        reason = rules.against(offer.entry.endpoint, offer.asks)
        if reason:
            rejected.append(Verdict(offer.entry.endpoint, rejected=reason))
        else:
            wanted.append(offer.entry)
    rests = {entry.endpoint.id: health.resting(entry.endpoint.id) for entry in wanted}
    awake = [entry for entry in wanted if not rests[entry.endpoint.id]]
    chosen = _ordered(_judged(awake or wanted, tags), rules)
    if awake:
        rejected += [
            Verdict(entry.endpoint, rejected=f"resting_{reason}")
            for entry in wanted
            if (reason := rests[entry.endpoint.id])
        ]
    return [*chosen, *rejected]


def _judged(entries: Iterable[Entry], tags: Sequence[str]) -> list[Verdict]:
    if not tags:
        return [Verdict(entry.endpoint) for entry in by_priority(entries)]
    return [Verdict(row.entry.endpoint, row.score, live=row.live) for row in scored(list(entries), tags)]


def _ordered(verdicts: list[Verdict], rules: Rules) -> list[Verdict]:
    """The caller's own order first; without fallbacks nobody but it, or the very first."""
    if not rules.order:
        return verdicts if rules.fallbacks else verdicts[:1]
    places = {slug: place for place, slug in reversed(list(enumerate(rules.order)))}
    return sorted(verdicts, key=lambda verdict: places.get(verdict.endpoint.provider.slug, len(places)))
