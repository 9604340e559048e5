"""Which points of a market are believed. Pure.

A market's file may hold a broken price, an hour of tomorrow, or what it said yesterday: none of that may
reach a price that somebody pays. Prices are USD per MWh, times are UTC.
"""

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final

LEAST_USD: Final = Decimal(-500)
MOST_USD: Final = Decimal(5000)
AHEAD_MAX: Final = timedelta(minutes=15)  # some markets publish an interval before it begins


def refusal(
    usd: Decimal, end: datetime, now: datetime, *, newest_end: datetime | None = None, same_unit: bool = True
) -> str:
    """Why a point isn't stored, in words without any secret; empty if it is fine.

    newest_end: of the newest interval that is stored for the node. same_unit: the file's currency and unit
    are those of the node.
    """
    if not same_unit:
        return "another currency or unit than the node's"
    if not usd.is_finite() or not LEAST_USD <= usd <= MOST_USD:
        return f"{usd} USD/MWh is outside {LEAST_USD} to {MOST_USD}"
    if end > now + AHEAD_MAX:
        return f"it ends at {end:%Y-%m-%d %H:%M} UTC, too far ahead"
    if newest_end is not None and end < newest_end:
        return "older than what is stored"
    return ""
