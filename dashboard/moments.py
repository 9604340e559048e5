"""Days of the reader's calendar (Asia/Tashkent) as bounds of our time-ordered ids.

Requests and transfers are partitioned by id, so a bound on the id prunes partitions and walks one index.
"""

from datetime import date, datetime, time, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

TASHKENT = ZoneInfo("Asia/Tashkent")
_EPOCH = datetime(1970, 1, 1, tzinfo=ZoneInfo("UTC"))


def first_id(day: date) -> UUID:
    """The smallest id that an operation of this Tashkent day can have."""
    began = datetime.combine(day, time.min, TASHKENT) - _EPOCH
    return UUID(int=max(0, began // timedelta(milliseconds=1)) << 80)


def today() -> date:
    return datetime.now(TASHKENT).date()
