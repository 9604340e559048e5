"""The order in which endpoints are asked. Pure.

Without a tag the operator's priority decides, then the price. With tags each endpoint gets a score: the mean,
over the tags, of its figure divided by the best one; 1.00 is best in everything that was asked for. Dividing
by the best figure, and not spreading between best and worst, keeps the winner whatever worse candidates come
along.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

from routing.snaps import CostSnap, EndpointSnap

STRATEGIES: Final = ("price", "latency", "token_rate")
# Scores this near to the best are a tie; the less busy endpoint wins it.
TIE: Final = 1.01
# What is assumed of an endpoint that neither traffic nor the catalog knows anything about.
TTFT_MS: Final = 1_500.0
TOKEN_RATE: Final = 40.0
# Without a prompt nobody knows the mix; one part of output to one of input, as listings compare models.
_TOKENS: Final = ("input", "output")


@dataclass(frozen=True, slots=True)
class Figures:
    """What live traffic says of an endpoint. ttft_ms: p50; token_rate: output tokens a second, p50.

    None: not enough calls yet. load: calls that are on their way there now. ttft_p95_ms: how long the slow
    ones take.
    """

    ttft_ms: float | None = None
    token_rate: float | None = None
    load: int = 0
    ttft_p95_ms: float | None = None


NOTHING: Final = Figures()


class Entry(NamedTuple):
    """One endpoint in a choice. price: of this very request, in any unit that all entries share."""

    endpoint: EndpointSnap
    price: int
    figures: Figures = NOTHING

    def measure(self, tag: str) -> float:
        """The figure of a tag, smaller is better, never 0."""
        if tag == "price":
            return self.price + 1.0
        if tag == "latency":
            return max(self.figures.ttft_ms or self.endpoint.ttft_ms or TTFT_MS, 1.0)
        return 1.0 / max(self.figures.token_rate or self.endpoint.token_rate or TOKEN_RATE, 0.001)

    def is_live(self, tags: Collection[str]) -> bool:
        """Whether all figures that the tags ask for come from real traffic."""
        figures = self.figures
        return not (
            (figures.ttft_ms is None and "latency" in tags)
            or (figures.token_rate is None and "token_rate" in tags)
        )


class Scored(NamedTuple):
    """An entry with its score; 1.0 is the best. live: no default stood in for a figure."""

    entry: Entry
    score: float
    live: bool


def scored(entries: Sequence[Entry], tags: Sequence[str]) -> list[Scored]:
    """The entries in the order to ask them under these tags, best first."""
    shares = []
    for tag in sorted(tags):
        column = [entry.measure(tag) for entry in entries]
        best = min(column, default=1.0)
        shares.append([figure / best for figure in column])
    means = shares[0] if len(shares) == 1 else [sum(row) / len(row) for row in zip(*shares, strict=True)]
    rows = [Scored(entry, mean, entry.is_live(tags)) for entry, mean in zip(entries, means, strict=True)]
    edge = min((row.score for row in rows), default=1.0) * TIE
    return sorted(rows, key=lambda row: _place(row, edge))


def _place(row: Scored, edge: float) -> tuple[bool, float, float, int, int]:
    """Near ties first and among themselves by load, all others by score."""
    tied = row.score <= edge
    endpoint = row.entry.endpoint
    return (
        not tied,
        row.entry.figures.load if tied else row.score,
        row.score,
        endpoint.priority,
        endpoint.id,
    )


def by_priority(entries: Iterable[Entry]) -> list[Entry]:
    """The entries as the operator wants them; equal priority by price, a near tie of prices by load."""
    rows = list(entries)
    cheapest: dict[int, float] = {}
    for entry in rows:
        rank = entry.endpoint.priority
        cheapest[rank] = min(cheapest.get(rank, entry.measure("price")), entry.measure("price"))

    def place(entry: Entry) -> tuple[int, bool, float, float, int]:
        rank, price = entry.endpoint.priority, entry.measure("price")
        tied = price <= cheapest[rank] * TIE
        return rank, not tied, entry.figures.load if tied else price, price, entry.endpoint.id

    return sorted(rows, key=place)


def listed_cost(cost: CostSnap) -> int:
    """One figure to compare endpoints of a model by, nano-USD: input + output, or else all components."""
    components: Mapping[str, int] = cost.components
    tokens = [components[name] for name in _TOKENS if name in components]
    return sum(tokens) if tokens else sum(components.values())


def ordered(endpoints: Iterable[EndpointSnap], strategies: Sequence[str]) -> list[EndpointSnap]:
    """The endpoints in the order to ask them as far as the catalog alone knows."""
    entries = [Entry(endpoint, listed_cost(endpoint.cost)) for endpoint in endpoints]
    if not strategies:
        return [entry.endpoint for entry in by_priority(entries)]
    return [row.entry.endpoint for row in scored(entries, strategies)]
