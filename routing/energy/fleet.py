"""All sites with what runs there, in memory: one step of it is one tick.

A step is arithmetic on what was loaded (advance), so that a live tick (routing/energy/tick.py) and the ticks
of a past week (routing/energy/history.py) are the same code and come to the same prices.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, Final

from routing.energy import pricing
from routing.energy.ladder import Verdict, overridden, settle
from routing.energy.preference import Offer, Standing, prefer
from routing.energy.pricing import HostingTerms, SiteTerms
from routing.energy.smoothing import Point, Smoothed, smooth

SLOT: Final = timedelta(minutes=5)

# Node, moment → the median of the same hour of the week, USD per MWh; None: no such history.
Median = Callable[[int, datetime], Decimal | None]
Points = Mapping[int, Sequence[Point]]


@dataclass(slots=True)
class Run:
    """A model at a site. in_force: the components of its newest CostVersion; is_on: it takes calls."""

    endpoint: int
    model: int
    terms: HostingTerms
    in_force: Mapping[str, int]
    is_on: bool
    joules: Decimal
    capital: Decimal
    written: str  # the standing inputs of its price

    @classmethod
    def of(cls, site: SiteTerms, terms: HostingTerms, **known: Any) -> "Run":
        return cls(
            terms=terms,
            joules=pricing.joules(site, terms),
            capital=pricing.capital_part(terms),
            written=pricing.written(site, terms),
            **known,
        )


@dataclass(slots=True)
class Site:
    """A data centre. known: the smoothed market; verdict: the price of the tick at `at`."""

    pk: int
    provider: int
    slug: str
    feed: str
    node: int
    node_code: str
    step: timedelta
    terms: SiteTerms
    override: tuple[Decimal, datetime] | None = None
    known: Smoothed | None = None
    verdict: Verdict | None = None
    at: datetime | None = None
    runs: list[Run] = field(default_factory=list)

    def settle(self, now: datetime, points: Sequence[Point], median: Median) -> Verdict:
        """One tick of this site's electricity."""
        self.known = smooth(self.known, points)
        if self.override is not None and now < self.override[1]:
            return overridden(self.terms, self.override[0])
        verdict = settle(self.terms, self.known, now, self.step, None)
        if verdict.is_live or self.known is None:
            return verdict
        return settle(self.terms, self.known, now, self.step, median(self.node, now))


@dataclass(frozen=True, slots=True)
class Cost:
    """A price that is worth publishing, for a CostVersion."""

    endpoint: int
    components: dict[str, int]
    energy: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Turn:
    """What a tick has changed at a site: what it was before, and what it is now."""

    site: Site
    before: Verdict | None
    now: Verdict
    known: Smoothed | None


@dataclass(frozen=True, slots=True)
class Step:
    """All that one tick found out. moved: models whose standing is another one."""

    at: datetime
    turns: list[Turn]
    costs: list[Cost]
    moved: dict[int, Standing]


@dataclass(slots=True)
class Fleet:
    """The sites, and for each model which endpoint is preferred."""

    sites: list[Site]
    standings: dict[int, Standing] = field(default_factory=dict)

    def advance(self, now: datetime, points: Points, median: Median) -> Step:
        """One tick. The sites and standings here are moved on; nothing is written."""
        last = max((site.at for site in self.sites if site.at is not None), default=None)
        turns = [_turn(site, now, points, median) for site in self.sites]
        costs = self.publish()
        moved = self._move(now, new_interval=last is None or slot(last) < slot(now))
        return Step(now, turns, costs, moved)

    def publish(self, *, anyway: bool = False) -> list[Cost]:
        """The prices that differ enough from those in force; all of them if asked to."""
        every = [(site, run) for site in self.sites for run in site.runs]
        return [cost for site, run in every if (cost := _publish(site, run, anyway=anyway))]

    def _move(self, now: datetime, *, new_interval: bool) -> dict[int, Standing]:
        moved = {}
        for model, offers in self._offers().items():
            before = self.standings.get(model)
            standing = prefer(before, offers, now, new_interval=new_interval)
            if standing is not None and standing != before:
                moved[model] = self.standings[model] = standing
        return moved

    def _offers(self) -> dict[int, list[Offer]]:
        offers: dict[int, list[Offer]] = {}
        for site in self.sites:
            if (verdict := site.verdict) is None:
                continue
            for run in site.runs:
                free = run.is_on and not verdict.drained
                offer = Offer(run.endpoint, verdict.delivered_usd, run.joules, verdict.is_live, free)
                offers.setdefault(run.model, []).append(offer)
        return offers


def slot(moment: datetime) -> datetime:
    """The five minutes that a moment is in, by their start."""
    seconds = int(moment.timestamp())
    return datetime.fromtimestamp(seconds - seconds % int(SLOT.total_seconds()), UTC)


def _turn(site: Site, now: datetime, points: Points, median: Median) -> Turn:
    before = site.verdict
    site.verdict = verdict = site.settle(now, points.get(site.node, ()), median)
    site.at = now
    return Turn(site, before, verdict, site.known)


def _publish(site: Site, run: Run, *, anyway: bool) -> Cost | None:
    """The run's price, if it differs enough from the one in force."""
    verdict = site.verdict
    if verdict is None:
        return None
    energy = pricing.energy_part(run.joules, verdict.delivered_usd)
    price = pricing.published(pricing.quote(run.terms, energy, run.capital))
    if not anyway and not pricing.is_worth_publishing(run.in_force, price):
        return None
    run.in_force = price.components
    return Cost(run.endpoint, price.components, _evidence(site, run, verdict, price))


def _evidence(site: Site, run: Run, verdict: Verdict, price: pricing.Published) -> dict[str, Any]:
    """What the price was made of, for whoever asks later."""
    known = site.known
    return {
        "site": site.slug,
        "node": f"{site.feed} {site.node_code}",
        "price_end": known.end.isoformat() if known else None,
        "lmp": _text(known.newest_usd) if known else None,
        "smoothed": _text(known.usd) if known else None,
        "delivered": _text(verdict.delivered_usd),
        "joules": _text(run.joules),
        "energy_nano": price.energy,
        "fixed_nano": price.fixed,
        "state": verdict.state.value,
        "hash": pricing.digest(run.written, verdict.delivered_usd),
    }


def _text(number: Decimal) -> str:
    """The shortest exact spelling."""
    return format(number.normalize(), "f")
