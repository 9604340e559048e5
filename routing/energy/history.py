"""The ticks of days that have passed, for sites whose prices we make ourselves.

A demo begins with a week to look at. Only feeds that are marked as simulated are replayed: what was never in
force must not become evidence of what real calls cost.
"""

import bisect
from datetime import datetime, timedelta
from decimal import Decimal
from statistics import median
from typing import Final

from django.db import transaction
from django.utils import timezone

from routing.energy import depot
from routing.energy.depot import WEEKS
from routing.energy.fleet import SLOT, Fleet, Site, Step, slot
from routing.energy.markets import GridPrice
from routing.energy.models import DataCentre
from routing.energy.smoothing import Point
from routing.energy.tick import lock

_HOUR: Final = timedelta(hours=1)


@transaction.atomic
def replay(days: int = 7, now: datetime | None = None) -> int:
    """Every tick of the last days that simulated sites have not had yet, oldest first; how many new prices.

    Goes on where the last tick ended, so it may be called at each start. Prices get the moment of their tick.
    """
    lock()
    moment = now or timezone.now()
    now = slot(moment)
    begin = now - timedelta(days=days)
    fleet, _ = depot.load(now)
    ours = set(DataCentre.objects.filter(node__feed__simulated=True).values_list("pk", flat=True))
    fleet.sites = [site for site in fleet.sites if site.pk in ours]
    if not fleet.sites:
        return 0
    for site in fleet.sites:
        site.override = None  # nobody knows since when it has been in force
        for run in site.runs if site.at is None else ():
            run.in_force = {}  # the first price of a catalog file is younger than these days
    past = _Past(fleet.sites, begin - timedelta(weeks=WEEKS), now)
    steps = _ticks(fleet, past, begin, now)
    if steps:
        # Prices of a catalog file are younger than the days just played: what is in force comes last.
        steps.append(Step(moment, [], fleet.publish(anyway=True), {}))
    return depot.save(steps, fleet)


def _ticks(fleet: Fleet, past: "_Past", begin: datetime, now: datetime) -> list[Step]:
    """All sites go together from the moment that the last of them has reached."""
    reached = [slot(site.at) + SLOT for site in fleet.sites if site.at is not None]
    moment = max([begin, *reached])
    steps = []
    while moment <= now:
        steps.append(fleet.advance(moment, past.points(moment), past.median))
        moment += SLOT
    return steps


class _Past:
    """What the nodes had published by any moment."""

    def __init__(self, sites: list[Site], since: datetime, until: datetime) -> None:
        nodes = {site.node for site in sites}
        rows = GridPrice.objects.filter(node__in=nodes, start__gte=since, end__lte=until).order_by("start")
        self._points: dict[int, list[Point]] = {node: [] for node in nodes}
        self._ends: dict[int, list[datetime]] = {node: [] for node in nodes}
        for node, end, usd in rows.values_list("node_id", "end", "usd"):
            self._points[node].append(Point(end, usd))
            self._ends[node].append(end)

    def points(self, moment: datetime) -> dict[int, list[Point]]:
        """What ended since the tick before, and by this moment."""
        return {node: self._between(node, moment - SLOT, moment) for node in self._points}

    def median(self, node: int, moment: datetime) -> Decimal | None:
        """See depot.same_hour_median()."""
        hour = moment.replace(minute=0, second=0, microsecond=0)
        starts = [hour - week * timedelta(weeks=1) for week in range(1, WEEKS + 1)]
        found = [point.usd for start in starts for point in self._between(node, start, start + _HOUR)]
        return median(found) if found else None

    def _between(self, node: int, after: datetime, until: datetime) -> list[Point]:
        """Points whose end is later than `after` and no later than `until`."""
        ends = self._ends[node]
        return self._points[node][bisect.bisect_right(ends, after) : bisect.bisect_right(ends, until)]
