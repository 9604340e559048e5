"""How old the Central Bank's rate may get. Pure.

The bank publishes on business days for the next day, so weekends and holidays leave it a few days behind. A
rate that operators have set stays until they end it: it doesn't age.
"""

from enum import IntEnum
from typing import Final

WARN_DAYS: Final = 4  # a long weekend is younger
DEGRADE_DAYS: Final = 7
STOP_DAYS: Final = 10


class Level(IntEnum):
    """Each step includes what the one before it does."""

    FRESH = 0
    WARN = 1  # operators are told
    DEGRADE = 2  # the feed is asked each hour, and the price list says how old its rate is
    STOP = 3  # nobody is charged by it: paid calls are 503, free ones go on


def level(age_days: int) -> Level:
    """The step of a rate whose date is so many days ago."""
    if age_days > STOP_DAYS:
        return Level.STOP
    if age_days > DEGRADE_DAYS:
        return Level.DEGRADE
    return Level.WARN if age_days > WARN_DAYS else Level.FRESH
