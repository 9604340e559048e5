"""Points of markets and ticks of sites are kept for 90 days; the hours of markets and prices for good."""

import logging
from datetime import datetime, timedelta
from typing import Final

from django.db import connection
from django.utils import timezone

from routing.energy.markets import GridPrice
from routing.energy.models import SitePrice

log = logging.getLogger(__name__)

KEPT: Final = timedelta(days=90)
# All that is kept is looked at each time, as a point may come late: some 26,000 rows for a node.
_ROLL_UP: Final = """
INSERT INTO routing_gridhour (node_id, hour, least, mean, most, close)
SELECT node_id, date_trunc('hour', start, 'UTC') AS hour, min(usd), round(avg(usd), 6), max(usd),
       (array_agg(usd ORDER BY start DESC))[1]
  FROM routing_gridprice
 WHERE start < date_trunc('hour', %(now)s::timestamptz, 'UTC')
   AND start >= date_trunc('hour', %(kept)s::timestamptz, 'UTC') + interval '1 hour'
 GROUP BY node_id, hour
    ON CONFLICT (node_id, hour) DO UPDATE
   SET least = excluded.least, mean = excluded.mean, most = excluded.most, close = excluded.close
 WHERE (routing_gridhour.least, routing_gridhour.mean, routing_gridhour.most, routing_gridhour.close)
       IS DISTINCT FROM (excluded.least, excluded.mean, excluded.most, excluded.close)
"""


def keep(now: datetime | None = None) -> None:
    """Rolls up the hours that have ended, then forgets what is too old. Twice does no harm."""
    now = now or timezone.now()
    hours = roll_up(now)
    points = GridPrice.objects.filter(start__lt=now - KEPT).delete()[0]
    ticks = SitePrice.objects.filter(at__lt=now - KEPT).delete()[0]
    log.info("energy: %d hours rolled up, %d points and %d ticks forgotten", hours, points, ticks)


def roll_up(now: datetime) -> int:
    """Hours written or corrected. The oldest one may lack points already, so it is left alone."""
    with connection.cursor() as cursor:
        cursor.execute(_ROLL_UP, {"now": now, "kept": now - KEPT})
        return int(cursor.rowcount)
