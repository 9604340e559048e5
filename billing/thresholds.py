"""Which shares of a cap are worth a word. Pure."""

from collections.abc import Iterable
from typing import Final

THRESHOLDS: Final = (50, 80, 100)  # per cent


def reached(spent: int, limit: int) -> tuple[int, ...]:
    """The thresholds that spending has come to. A cap of zero stops calls on purpose: nobody is told."""
    return tuple(share for share in THRESHOLDS if 0 < limit * share <= spent * 100)


def worth_telling(told: Iterable[int], spent: int, limit: int) -> int | None:
    """The highest threshold reached, if it was not told yet: a leap from 40 to 100 % is one message."""
    found = reached(spent, limit)
    return found[-1] if found and found[-1] > max(told, default=0) else None
