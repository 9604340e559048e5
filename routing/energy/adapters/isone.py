"""New England: preliminary five-minute prices by location number. A free account, sent as `user:password`."""

import base64
from collections.abc import Sequence
from datetime import datetime
from typing import Final

from routing.energy.adapters.point import Http, Node, PricePoint
from routing.energy.adapters.reading import FIVE_MINUTES, amount, document, only_feed_errors, utc

URL: Final = "https://webservices.iso-ne.com/api/v1.1/fiveminutelmp/current{}.json"


def fetch(http: Http, nodes: Sequence[Node], now: datetime) -> bytes:
    """The newest interval of one location or, for several nodes, of all. Raises FeedError."""
    where = f"/location/{nodes[0].code}" if len(nodes) == 1 else ""
    account = base64.b64encode(http.key.encode()).decode()
    return http.get(URL.format(where), {"Authorization": f"Basic {account}"})


@only_feed_errors
def parse(body: bytes) -> list[PricePoint]:
    """Points by location number; one alone comes without a list around it."""
    said = document(body)
    listed = said["FiveMinLmps"]["FiveMinLmp"] if "FiveMinLmps" in said else said["FiveMinLmp"]
    found = []
    for row in listed if isinstance(listed, list) else [listed]:
        price = amount(row["LmpTotal"])
        if price is not None:
            start = utc(row["BeginDate"])
            found.append(PricePoint(str(row["Location"]["@LocId"]), start, start + FIVE_MINUTES, price))
    return found
