"""What operators hear of a site's electricity: when it gets worse, and once a day while it lasts."""

from datetime import datetime, timedelta
from typing import Final

from accounts.alerts import alert
from accounts.models import Alert
from routing.energy.fleet import Turn
from routing.energy.ladder import ESTIMATE_FOR, HOLD_FOR
from routing.energy.smoothing import Smoothed

_KIND: Final = Alert.Kind.ENERGY


def tell(turn: Turn, known: Smoothed | None, last: datetime | None, now: datetime) -> None:
    """Raises the alerts that this tick gives rise to. known and last: of the tick before."""
    site = turn.site
    if turn.now.drained and not (turn.before and turn.before.drained):
        text = (
            f"{site.slug} takes no new calls: electricity at {site.feed} {site.node_code} is above the site's"
            f" ceiling of {site.terms.ceiling_usd} USD/MWh. It is opened again by itself when that ends."
        )
        alert(_KIND, f"{site.slug} is drained", text, f"energy:drained:{site.pk}")
    for limit, what, text in _SILENCES:
        if turn.known is not None and _has_passed(turn.known, known, last, now, limit):
            since = f"{site.feed} {site.node_code}: silent since {turn.known.end:%Y-%m-%d %H:%M} UTC."
            alert(_KIND, f"{site.slug}: {what}", f"{since} {text}", f"energy:{what}:{site.pk}")


_SILENCES: Final = (
    (
        HOLD_FOR,
        "its market is silent",
        "The price is estimated from the same hours of earlier weeks; see the feed's errors in admin.",
    ),
    (
        ESTIMATE_FOR,
        "its market is silent for a day",
        "The price is the contract's tariff. Set a price by hand in admin if that is wrong.",
    ),
)


def _has_passed(
    now_known: Smoothed, known: Smoothed | None, last: datetime | None, now: datetime, limit: timedelta
) -> bool:
    """Whether the silence has passed the limit, or one more day of it, since the tick before."""
    return _times(now - now_known.end, limit) > (_times(last - known.end, limit) if known and last else 0)


def _times(age: timedelta, limit: timedelta) -> int:
    """0 within the limit, then 1, and 1 more for each further day."""
    return 0 if age <= limit else 1 + (age - limit) // ESTIMATE_FOR
