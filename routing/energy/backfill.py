"""Days of the past of our own week at once, for the history that a demo starts with."""

from datetime import datetime, timedelta

from django.db.models import Max, Min

from routing.energy.adapters.replay import between
from routing.energy.markets import GridNode, GridPrice


def backfill(since: datetime, until: datetime) -> int:
    """Stores what every node of `replay` had from `since` to `until` and nobody stored yet; how many points.

    It fills in front of the oldest stored point and behind the newest, as nobody asked while all was
    switched off; what is between them stays as the ticks of that time have seen it.
    """
    rows: list[GridPrice] = []
    nodes = GridNode.objects.filter(feed__slug="replay")
    for node in nodes.annotate(oldest=Min("prices__start"), newest=Max("prices__end")):
        played = str(node.params.get("series", ""))
        points = between(node.code, since, min(until, node.oldest or until), played)
        if node.newest is not None:
            points += between(node.code, max(since, node.newest), until, played)
        rows += [
            GridPrice(node=node, start=point.start, end=point.end, price=point.price, usd=point.price)
            for point in points
        ]
    GridPrice.objects.bulk_create(rows, batch_size=2000, ignore_conflicts=True)
    return len(rows)


def week_before(now: datetime, days: int = 7) -> int:
    """See backfill(): so many days until now."""
    return backfill(now - timedelta(days=days), now)
