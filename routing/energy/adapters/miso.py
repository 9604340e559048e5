"""The Midwest: ex-ante prices of eight hubs. Keyless, but its terms forbid derivative works without consent.

Ex-ante, not the five-minute board, whose figures for the same stamp differ. The stamp is EST the whole year
and is read as the beginning of the interval: the price is published going into it.
"""

import re
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final

from routing.energy.adapters.point import Http, Node, PricePoint
from routing.energy.adapters.reading import EST, FIVE_MINUTES, amount, document, only_feed_errors
from routing.errors import FeedError

URL: Final = "https://public-api.misoenergy.org/api/MarketPricing/GetExAnteLmp"
_STAMP: Final = re.compile(r"([0-9]{2})-([A-Z][a-z]{2})-([0-9]{4}) - Interval ([0-9]{2}):([0-9]{2}) EST")
_MONTHS: Final = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def fetch(http: Http, nodes: Sequence[Node], now: datetime) -> bytes:
    """The interval that begins. Raises FeedError."""
    return http.get(URL)


@only_feed_errors
def parse(body: bytes) -> list[PricePoint]:
    """One interval of each hub."""
    said = document(body)["LMPData"]
    start = _start(str(said["RefId"]))
    found = [(str(hub["name"]), amount(hub["LMP"])) for hub in said["ExAnteLMP"]["Hub"]]
    return [
        PricePoint(code, start, start + FIVE_MINUTES, price) for code, price in found if price is not None
    ]


def _start(text: str) -> datetime:
    match = _STAMP.fullmatch(text)
    if match is None:
        raise FeedError(f"a stamp of {text[:40]!r}")
    day, month, year, hour, minute = match.groups()
    number = _MONTHS.index(month) + 1
    return datetime(int(year), number, int(day), int(hour), int(minute), tzinfo=EST).astimezone(UTC)
