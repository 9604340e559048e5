"""The Mid-Atlantic: unverified five-minute prices by pnode. A free key; its terms forbid that anybody but a
member passes on its data or what is made of it.
"""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Final

from routing.energy.adapters.point import Http, Node, PricePoint
from routing.energy.adapters.reading import FIVE_MINUTES, amount, document, only_feed_errors

URL: Final = "https://api.pjm.com/api/v1/rt_unverified_fivemin_lmps"
_LATELY: Final = timedelta(minutes=40)


def fetch(http: Http, nodes: Sequence[Node], now: datetime) -> bytes:
    """The last forty minutes; a node's code is its pnode_id. Raises FeedError."""
    asked = ";".join(node.code for node in nodes)
    span = "%20to%20".join(f"{at:%Y-%m-%dT%H:%M}" for at in (now - _LATELY, now))
    return http.get(
        f"{URL}?rowCount=1000&startRow=1&pnode_id={asked}&datetime_beginning_utc={span}"
        "&fields=datetime_beginning_utc,pnode_id,total_lmp_rt",
        {"Ocp-Apim-Subscription-Key": http.key},
    )


@only_feed_errors
def parse(body: bytes) -> list[PricePoint]:
    """Points by pnode_id, in the order of time."""
    found = []
    for row in document(body)["items"]:
        price = amount(row["total_lmp_rt"])
        if price is not None:
            start = datetime.fromisoformat(row["datetime_beginning_utc"]).replace(tzinfo=UTC)
            found.append(PricePoint(str(row["pnode_id"]), start, start + FIVE_MINUTES, price))
    return sorted(found, key=lambda point: (point.end, point.code))
