"""Alberta: the system marginal price, in Canadian dollars. A free key.

It changes when it changes, by the minute, and the last row's end is always 23:59 of the day, whatever the
clock says. So what is kept is the mean of each five minutes that are over by the answer's own time.
"""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, Final
from zoneinfo import ZoneInfo

from routing.energy.adapters.point import Http, Node, PricePoint
from routing.energy.adapters.reading import FIVE_MINUTES, amount, document, only_feed_errors, utc
from routing.errors import FeedError

URL: Final = "https://apimgw.aeso.ca/public/systemmarginalprice-api/v1.1/price/systemMarginalPrice"
CODE: Final = "AESO"  # one price for the whole province
_ZONE: Final = ZoneInfo("America/Edmonton")
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MINUTE: Final = timedelta(minutes=1)
_SPAN_MAX: Final = timedelta(days=2)


def fetch(http: Http, nodes: Sequence[Node], now: datetime) -> bytes:
    """Today's changes so far. Raises FeedError."""
    day = f"{(now - timedelta(minutes=10)).astimezone(_ZONE):%Y-%m-%d}"
    return http.get(f"{URL}?startDate={day}", {"API-KEY": http.key})


@only_feed_errors
def parse(body: bytes) -> list[PricePoint]:
    """Five-minute means in the order of time, up to the answer's own time."""
    said = document(body)
    listed: list[dict[str, Any]] = said["return"]["System Marginal Price Report"]
    told = sorted(
        (_time(row["begin_datetime_utc"]), price)
        for row in listed
        if (price := amount(row["system_marginal_price"])) is not None
    )
    return _means(told, utc(said["timestamp"])) if told else []


def _means(told: list[tuple[datetime, Decimal]], until: datetime) -> list[PricePoint]:
    """told: since when which price holds."""
    first = told[0][0]
    if until - first > _SPAN_MAX:
        raise FeedError("the answer is of more than two days")
    start = first + (_EPOCH - first) % FIVE_MINUTES
    found = []
    while start + FIVE_MINUTES <= until:
        minutes = [start + number * _MINUTE for number in range(5)]
        prices = [[price for since, price in told if since <= minute][-1] for minute in minutes]
        found.append(PricePoint(CODE, start, start + FIVE_MINUTES, sum(prices, Decimal()) / 5, "CAD"))
        start += FIVE_MINUTES
    return found


def _time(text: str) -> datetime:
    return datetime.strptime(text, "%Y-%m-%d %H:%M").replace(tzinfo=UTC)
