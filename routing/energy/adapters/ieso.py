"""Ontario: five-minute prices of its hubs, in Canadian dollars. Keyless.

The file is of the hour that runs. Hours count from 1 and intervals from 1 to 12, all in EST the whole year;
intervals to come are there as empty tags. A price stands here before its interval begins.
"""

from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Final

from routing.energy.adapters.point import Http, Node, PricePoint
from routing.energy.adapters.reading import EST, FIVE_MINUTES, amount, only_feed_errors, xml

URL: Final = (
    "https://reports-public.ieso.ca/public/RealtimeZonalEnergyPrices/PUB_RealtimeZonalEnergyPrices.xml"
)


def fetch(http: Http, nodes: Sequence[Node], now: datetime) -> bytes:
    """The hour that runs. Raises FeedError."""
    return http.get(URL)


@only_feed_errors
def parse(body: bytes) -> list[PricePoint]:
    """The intervals that have a price."""
    root = xml(body)
    day = date.fromisoformat(root.findtext(".//DELIVERYDATE", "").strip())
    hour = int(root.findtext(".//DELIVERYHOUR", ""))
    begin = datetime.combine(day, time(), EST).astimezone(UTC) + timedelta(hours=hour - 1)
    found = []
    for zone in root.iter("TransactionZone"):
        code = zone.findtext("ZoneName", "").strip()
        for row in zone.iter("IntervalPrice"):
            price = amount(row.findtext("ZonalPrice"))
            if price is not None:
                start = begin + (int(row.findtext("Interval", "")) - 1) * FIVE_MINUTES
                found.append(PricePoint(code, start, start + FIVE_MINUTES, price, "CAD"))
    return found
