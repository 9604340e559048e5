"""The Bank of Canada's rate of the dollar, one figure each business day, for the markets that pay in its own.

Keyless (Valet). A point is a day and its price what a US dollar costs in Canadian ones.
"""

from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Final

from routing.energy.adapters.point import Http, Node, PricePoint
from routing.energy.adapters.reading import amount, document, only_feed_errors

URL: Final = "https://www.bankofcanada.ca/valet/observations/FXUSDCAD/json?recent=10"
CODE: Final = "FXUSDCAD"
_DAY: Final = timedelta(days=1)


def fetch(http: Http, nodes: Sequence[Node], now: datetime) -> bytes:
    """The last ten days. Raises FeedError."""
    return http.get(URL)


@only_feed_errors
def parse(body: bytes) -> list[PricePoint]:
    """A point for each day."""
    found = []
    for row in document(body)["observations"]:
        price = amount(row[CODE]["v"])
        if price is not None:
            start = datetime.combine(date.fromisoformat(row["d"]), time(), UTC)
            found.append(PricePoint(CODE, start, start + _DAY, price, "CAD"))
    return found
