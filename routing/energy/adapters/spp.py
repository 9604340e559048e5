"""The Great Plains: five-minute prices of settlement locations. Keyless; publishing what is made of them
takes its written consent.

Since April 2026 a column BAA tells which of its two balancing areas a row is of: only SPP's own is meant.
The newest file may be missing or empty for a minute or two. LMP is the price, MEC only a part of it.
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final

from routing.energy.adapters.point import Http, Node, PricePoint
from routing.energy.adapters.reading import FIVE_MINUTES, amount, only_feed_errors, rows

URL: Final = (
    "https://portal.spp.org/file-browser-api/download/rtbm-lmp-by-location"
    "?path=%2FRTBM-LMP-SL-latestInterval.csv"
)
_OWN: Final = "SPP"


def fetch(http: Http, nodes: Sequence[Node], now: datetime) -> bytes:
    """The newest interval. Raises FeedError."""
    return http.get(URL, {"Accept": "*/*"})


@only_feed_errors
def parse(body: bytes) -> list[PricePoint]:
    """One interval of each location; none in an empty file."""
    found = []
    for row in rows(body, "GMTIntervalEnd", "Settlement Location", "LMP"):
        price = amount(row["LMP"]) if row.get("BAA", _OWN) == _OWN else None
        if price is not None:
            end = datetime.strptime(row["GMTIntervalEnd"], "%m/%d/%Y %H:%M:%S").replace(tzinfo=UTC)
            found.append(PricePoint(row["Settlement Location"], end - FIVE_MINUTES, end, price))
    return found
