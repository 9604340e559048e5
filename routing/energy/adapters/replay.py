"""A week of prices that we made (routing/energy/week.csv), played by the clock again each week. SIMULATED.

For development and demos: no request leaves the machine, and any days of the past can be had at once.
"""

import csv
import functools
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Final

from routing.energy.adapters.point import Http, Node, PricePoint
from routing.energy.adapters.reading import FIVE_MINUTES, amount, only_feed_errors, rows, utc

WEEK: Final = Path(__file__).parent.parent / "week.csv"
STEPS: Final = 7 * 24 * 12
_MONDAY: Final = datetime(2024, 1, 1, tzinfo=UTC)  # the file's first line is a Monday's first interval
_LATELY: Final = timedelta(hours=4)


@functools.cache
def series() -> dict[str, list[Decimal | None]]:
    """Node → a price for each five minutes of a week from Monday 00:00 UTC; None in a gap."""
    with WEEK.open(newline="") as file:
        head, *lines = csv.reader(file)
    return {code: [amount(line[column]) for line in lines] for column, code in enumerate(head)}


def between(code: str, since: datetime, until: datetime, played: str = "") -> list[PricePoint]:
    """A node's intervals that start from `since` on and are over by `until`; `played`: another's series."""
    prices = series().get(played or code, [])
    first, last = -((_MONDAY - since) // FIVE_MINUTES), (until - _MONDAY) // FIVE_MINUTES
    found = []
    for step in range(first, last if prices else first):
        price = prices[step % STEPS]
        start = _MONDAY + step * FIVE_MINUTES
        if price is not None:
            found.append(PricePoint(code, start, start + FIVE_MINUTES, price))
    return found


def fetch(http: Http, nodes: Sequence[Node], now: datetime) -> bytes:
    """The last hours of the nodes, as a small CSV file."""
    lines = ["node,start,end,price"]
    for node in nodes:
        for point in between(node.code, now - _LATELY, now, str(node.params.get("series", ""))):
            lines.append(f"{point.code},{point.start.isoformat()},{point.end.isoformat()},{point.price}")
    return "\n".join(lines).encode()


@only_feed_errors
def parse(body: bytes) -> list[PricePoint]:
    """What fetch() wrote."""
    found = [(row, amount(row["price"])) for row in rows(body, "node", "start", "end", "price")]
    return [
        PricePoint(row["node"], utc(row["start"]), utc(row["end"]), price)
        for row, price in found
        if price is not None
    ]
