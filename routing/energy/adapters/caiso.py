"""California: OASIS, five-minute prices of nodes and trading hubs. Keyless; one question in five seconds.

Errors come as HTTP 200 with INVALID_REQUEST.xml in the zip. The price is in column VALUE of version 3 and MW
of version 1, on the row whose LMP_TYPE is LMP; the other rows are its parts. Times are GMT.
"""

import io
import zipfile
from collections.abc import Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final

from routing.energy.adapters.point import Http, Node, PricePoint
from routing.energy.adapters.reading import amount, only_feed_errors, rows, utc
from routing.errors import FeedError

URL: Final = "https://oasis.caiso.com/oasisapi/SingleZip"
_LATELY: Final = timedelta(minutes=40)
_FILE_MAX: Final = 4 * 1024 * 1024


def fetch(http: Http, nodes: Sequence[Node], now: datetime) -> bytes:
    """The last forty minutes of the nodes in one question. Raises FeedError."""
    asked = ",".join(node.code for node in nodes)
    return http.get(
        f"{URL}?queryname=PRC_INTVL_LMP&version=3&market_run_id=RTM&resultformat=6&node={asked}"
        f"&startdatetime={_stamp(now - _LATELY)}&enddatetime={_stamp(now)}"
    )


def _stamp(at: datetime) -> str:
    return f"{at:%Y%m%dT%H:%M}-0000"


@only_feed_errors
def parse(body: bytes) -> list[PricePoint]:
    """Points in the order of time."""
    with zipfile.ZipFile(io.BytesIO(body)) as archive:
        names = archive.namelist()
        if any("INVALID" in name.upper() or not name.lower().endswith(".csv") for name in names):
            raise FeedError(f"the answer is {names[0][:60]!r}")
        found = [point for name in names for point in _file(archive, name)]
    return sorted(found, key=lambda point: (point.end, point.code))


def _file(archive: zipfile.ZipFile, name: str) -> list[PricePoint]:
    with archive.open(name) as file:
        data = file.read(_FILE_MAX + 1)
    if len(data) > _FILE_MAX:
        raise FeedError("the file in the answer is too long")
    found = []
    for row in rows(data, "NODE", "LMP_TYPE", "INTERVALENDTIME_GMT"):
        price = _price(row)
        if row["LMP_TYPE"] == "LMP" and price is not None:
            start, end = utc(row["INTERVALSTARTTIME_GMT"]), utc(row["INTERVALENDTIME_GMT"])
            found.append(PricePoint(row["NODE"], start, end, price))
    return found


def _price(row: dict[str, str]) -> Decimal | None:
    return amount(row["VALUE"] if "VALUE" in row else row["MW"])
