"""Every five minutes, after the markets were asked: what electricity costs at each site, and so tokens.

Ticks run one after the other (a lock of the database), and one that runs twice finds nothing new the second
time. Nothing here waits for a network.
"""

import logging
from datetime import datetime
from typing import Final

from django.db import connection, transaction
from django.utils import timezone

from routing.energy import depot
from routing.energy.alarm import tell
from routing.energy.fleet import Step

log = logging.getLogger(__name__)

_LOCK: Final = "routing.energy.tick"


def tick(now: datetime | None = None) -> Step:
    """Prices every site and model from what is stored; what came of it. Raises DatabaseError only."""
    with transaction.atomic():
        lock()
        now = now or timezone.now()
        fleet, points = depot.load(now)
        before = {site.pk: (site.known, site.at) for site in fleet.sites}
        step = fleet.advance(now, points, depot.same_hour_median)
        depot.save([step], fleet)
        for turn in step.turns:
            tell(turn, *before[turn.site.pk], now)
    log.info("energy: %d sites, %d new prices, %d moved", len(step.turns), len(step.costs), len(step.moved))
    return step


def lock() -> None:
    """Until the end of the transaction nobody else prices anything."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext(%s))", [_LOCK])
