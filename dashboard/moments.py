"""Days of the reader's calendar (Asia/Tashkent) as bounds of our time-ordered ids.

Requests and transfers are partitioned by id, so a bound on the id prunes partitions and walks one index.
"""

from datetime import date, datetime, time, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

TASHKENT = ZoneInfo("Asia/Tashkent")
_EPOCH = datetime(1970, 1, 1, tzinfo=ZoneInfo("UTC"))
_IDS_END = 0x0000_FFFF_FFFF_FFFF  # the last millisecond that an id can tell


def midnight(day: date) -> datetime:
    """When this Tashkent day begins."""
    return datetime.combine(day, time.min, TASHKENT)


def id_at(moment: datetime) -> UUID:
    """The smallest id that an operation of this moment or later can have."""
    passed = (moment - _EPOCH) // timedelta(milliseconds=1)
    return UUID(int=min(max(0, passed), _IDS_END) << 80)


def moment_of(call: UUID) -> datetime:
    """When an id was made."""
    return _EPOCH + timedelta(milliseconds=call.int >> 80)


def first_id(day: date) -> UUID:
    """The smallest id that an operation of this Tashkent day can have."""
    return id_at(midnight(day))


def today() -> date:
    return datetime.now(TASHKENT).date()
