"""A second source of the Central Bank's rate, frankfurter.dev, to hold the first one against.

Nothing is ever charged by it: where it differs by more than 3 %, operators are told to look. It relays what
the bank publishes, so an error of our own reading shows here, and an old rate of ours too.
"""

import json
import logging
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from typing import Final

from billing.errors import FeedAway
from billing.fx.cbu import BODY_MAX, NotARate, Quote, plausible
from billing.fx.feed import fetch, tell
from billing.fx.proposals import newest_of_feed, today
from billing.money import MICROS_PER_UZS, ceil_div, exact_uzs

log = logging.getLogger(__name__)

APART_BPS: Final = 300
OLD: Final = timedelta(days=10)  # it says nothing of today then


def parse_pair(body: bytes) -> Quote:
    """The quote of one pair: {"date": "2026-11-20", "base": "USD", "quote": "UZS", "rate": 11794.88}.

    Raises NotARate.
    """
    try:
        said = json.loads(body[: BODY_MAX + 1], parse_float=str, parse_int=str)
        if not isinstance(said, dict) or (said.get("base"), said.get("quote")) != ("USD", "UZS"):
            raise NotARate("the answer is no rate of USD in UZS")
        micros = (Decimal(str(said["rate"])) * MICROS_PER_UZS).quantize(Decimal(1), ROUND_HALF_UP)
        return Quote(date.fromisoformat(str(said["date"])), int(micros))
    except (KeyError, InvalidOperation, ValueError, OverflowError, RecursionError) as error:
        if isinstance(error, NotARate):
            raise
        raise NotARate("the answer is no rate") from None


def apart_bps(ours: int, theirs: int) -> int:
    """How far two rates are apart, in basis points of ours, rounded up."""
    return ceil_div(abs(theirs - ours) * 10_000, ours)


def cross_check(url: str) -> int | None:
    """Basis points between the Central Bank's rate as we have it and as the second source does.

    None where either has nothing to say. A source that is away is no alarm: nothing depends on it.
    """
    ours = newest_of_feed(today())
    if ours is None:
        return None
    try:
        theirs = plausible(parse_pair(fetch(url)), today())
    except (FeedAway, NotARate) as error:
        log.warning("the second source of the rate: %s", error)
        return None
    if theirs.date < today() - OLD:
        return None
    apart = apart_bps(ours.micros_per_usd, theirs.micros)
    if apart > APART_BPS:
        said = f"{exact_uzs(ours.micros_per_usd)} of {ours.date} by cbu.uz as we read it"
        text = (
            f"{said}, {exact_uzs(theirs.micros)} of {theirs.date} by the second source. Calls go on at ours."
        )
        tell("two sources of the exchange rate are over 3 % apart", text, every=timedelta(hours=23))
    return apart
