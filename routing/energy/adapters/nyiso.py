"""New York: prices of its zones. Keyless, on a new host and, while it lasts, an old one.

Stamps are New York's wall clock without an offset. In November an hour comes twice: the order of the rows
tells which is which. A stamp of the five-minute file is the end of its interval, one of an hourly file its
beginning.
"""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from routing.energy.adapters.point import Http, Node, PricePoint
from routing.energy.adapters.reading import FIVE_MINUTES, amount, only_feed_errors, rows
from routing.errors import FeedError

NEW: Final = "https://oasis-postings.prod.nysdi.com/RT_LBMP_ZONE/CSV/current.csv"
OLD: Final = "http://mis.nyiso.com/public/csv/realtime/{day}realtime_zone.csv"
_ZONE: Final = ZoneInfo("America/New_York")
_STAMP, _NAME, _PRICE = _COLUMNS = ("Time Stamp", "Name", "LBMP ($/MWHr)")
_HOUR: Final = timedelta(hours=1)
_WITHIN_S: Final = 5  # leaves the old host its half


def fetch(http: Http, nodes: Sequence[Node], now: datetime) -> bytes:
    """Today's file so far. Raises FeedError if neither host has it."""
    try:
        return http.get(NEW, within_s=_WITHIN_S)
    except FeedError:
        return http.get(OLD.format(day=f"{now.astimezone(_ZONE):%Y%m%d}"))


@only_feed_errors
def parse(body: bytes) -> list[PricePoint]:
    """All zones' intervals of a day's file, five-minute or hourly."""
    read = [(row[_NAME], _clock(row[_STAMP]), row[_PRICE]) for row in rows(body, *_COLUMNS)]
    hourly = bool(read) and all(at.minute == 0 for _, at, _ in read) and len({at for _, at, _ in read}) > 1
    last: dict[str, datetime] = {}
    found = []
    for code, clock, text in read:
        at = last[code] = _after(last.get(code), clock)
        price = amount(text)
        if price is not None:
            start = at if hourly else at - FIVE_MINUTES
            found.append(PricePoint(code, start, start + (_HOUR if hourly else FIVE_MINUTES), price))
    return found


def _clock(text: str) -> datetime:
    shape = "%m/%d/%Y %H:%M:%S" if text.count(":") == 2 else "%m/%d/%Y %H:%M"
    return datetime.strptime(text, shape).replace(tzinfo=_ZONE)


def _after(last: datetime | None, clock: datetime) -> datetime:
    """The first time at which the clock shows this and that isn't before the row above."""
    at = clock.astimezone(UTC)
    return at if last is None or at > last else clock.replace(fold=1).astimezone(UTC)
