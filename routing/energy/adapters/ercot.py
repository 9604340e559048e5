"""Texas: settlement point prices of hubs and load zones, every fifteen minutes. Keyless.

The dashboard's JSON also holds day-ahead prices (damSppData), which are none of ours. `interval` is the end
in epoch milliseconds; the clock beside it needn't be read. Its guard answers 403 to many addresses outside
the United States: ask through ENERGY_MIRROR there.
"""

import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Final

from routing.energy.adapters.point import Http, Node, PricePoint
from routing.energy.adapters.reading import amount, document, only_feed_errors

URL: Final = "https://www.ercot.com/api/1/services/read/dashboards/system-wide-prices.json"
_QUARTER: Final = timedelta(minutes=15)
_POINT: Final = re.compile(r"(hb|lz)([A-Z][A-Za-z0-9]*)")


def fetch(http: Http, nodes: Sequence[Node], now: datetime) -> bytes:
    """Today's prices so far. Raises FeedError."""
    return http.get(URL)


@only_feed_errors
def parse(body: bytes) -> list[PricePoint]:
    """Hubs and zones by their settlement points: hbNorth is HB_NORTH."""
    found = []
    for row in document(body)["rtSppData"]:
        end = datetime.fromtimestamp(int(row["interval"]) // 1000, UTC)
        for name, value in row.items():
            match, price = _POINT.fullmatch(name), None
            if match:
                price = amount(value)
            if match and price is not None:
                code = f"{match[1]}_{match[2]}".upper()
                found.append(PricePoint(code, end - _QUARTER, end, price))
    return found
