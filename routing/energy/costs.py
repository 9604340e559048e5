"""What hosted models cost at our sites, now and over time, out of CostVersion and SitePrice rows.

A cost holds until the next one of its endpoint. A tick of a site (SitePrice) says that the price was looked
after: without one for longer than TICK_LIFE_S nothing is known of the site, and a drained site has no price.
Costs are nano-USD per 10^6 units.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from django.db import connection
from django.db.models import Max

from routing.energy.models import SiteState
from routing.energy.series import Point, Step, lowest

TICK_LIFE_S: Final = 360  # a tick every 5 minutes, and a minute for one that is late


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteCost:
    """What a model costs at one site now. `energy`: the part of `output` that is electricity.

    `available`: calls may go there; not to a site that is drained (electricity is too dear) or paused.
    `at`: when the price was last looked after; None: not yet.
    """

    model: str
    site: str
    site_name: str
    place: str
    country: str
    components: Mapping[str, int]
    energy: int | None
    state: str
    available: bool
    drained: bool
    preferred: bool
    simulated: bool
    at: datetime | None

    @property
    def output(self) -> int:
        return self.components.get("output", 0)


_NOW: Final = """
SELECT m.slug AS model, p.slug AS site, p.name AS site_name, d.place, d.country,
       c.components::text AS components, (c.energy->>'energy_nano')::bigint AS energy,
       coalesce(s.state, '') AS state, feed.simulated, f.endpoint_id IS NOT NULL AS preferred, s.at,
       NOT coalesce(s.drained, false) AND p.active AND p.paused_at IS NULL AND e.paused_at IS NULL
           AS available, coalesce(s.drained, false) AS drained
  FROM routing_endpoint e
  JOIN routing_model m ON m.id = e.model_id
  JOIN routing_provider p ON p.id = e.provider_id
  JOIN routing_datacentre d ON d.provider_id = p.id
  JOIN routing_gridnode n ON n.id = d.node_id
  JOIN routing_feed feed ON feed.id = n.feed_id
  LEFT JOIN routing_sitestate s ON s.site_id = d.id
  LEFT JOIN routing_preference f ON f.endpoint_id = e.id
 CROSS JOIN LATERAL (SELECT components, energy FROM routing_costversion
       WHERE endpoint_id = e.id ORDER BY id DESC LIMIT 1) c
 WHERE e.active AND e.retired_at IS NULL AND m.retired_at IS NULL AND (%(models)s::text[] IS NULL
       OR m.slug = ANY (%(models)s::text[]))
 ORDER BY m.slug, p.slug
"""

_COSTS: Final = """
WITH at_sites AS MATERIALIZED (
    SELECT e.id, p.slug, least(e.retired_at, e.paused_at, p.paused_at) AS ended
      FROM routing_endpoint e
      JOIN routing_provider p ON p.id = e.provider_id
      JOIN routing_datacentre d ON d.provider_id = p.id
     WHERE e.model_id = (SELECT id FROM routing_model WHERE slug = %(model)s) AND e.active AND p.active)
SELECT a.slug, floor(extract(epoch FROM known.valid_from))::bigint, known.output, known.energy,
       floor(extract(epoch FROM a.ended))::bigint
  FROM at_sites a CROSS JOIN LATERAL (
    (SELECT id, valid_from, (components->>'output')::bigint AS output,
            (energy->>'energy_nano')::bigint AS energy
       FROM routing_costversion WHERE endpoint_id = a.id AND valid_from <= to_timestamp(%(since)s)
      ORDER BY valid_from DESC, id DESC LIMIT 1)
    UNION ALL
    (SELECT id, valid_from, (components->>'output')::bigint, (energy->>'energy_nano')::bigint
       FROM routing_costversion WHERE endpoint_id = a.id AND valid_from > to_timestamp(%(since)s)
        AND valid_from <= to_timestamp(%(until)s))) known
 ORDER BY a.slug, known.valid_from, known.id
"""

# Of a site's ticks only those that begin something else or are the last before a gap.
_TICKS: Final = """
SELECT slug, floor(extract(epoch FROM at))::bigint, state, drained, lost
  FROM (SELECT p.slug, s.at, s.state, s.drained,
               lag(s.state) OVER w IS DISTINCT FROM s.state
                   OR lag(s.drained) OVER w IS DISTINCT FROM s.drained
                   OR s.at - lag(s.at) OVER w > make_interval(secs => %(life)s) AS begins,
               lead(s.at) OVER w IS NULL
                   OR lead(s.at) OVER w - s.at > make_interval(secs => %(life)s) AS lost
          FROM routing_siteprice s
          JOIN routing_datacentre d ON d.id = s.site_id
          JOIN routing_provider p ON p.id = d.provider_id
         WHERE p.slug = ANY (%(sites)s) AND s.at <= to_timestamp(%(until)s)
           AND s.at > to_timestamp(%(since)s) - make_interval(secs => %(life)s)
        WINDOW w AS (PARTITION BY s.site_id ORDER BY s.at)) ticks
 WHERE begins OR lost ORDER BY slug, at
"""


def costs_now(models: Sequence[str] | None = None) -> list[SiteCost]:
    """What these models (None: all that are hosted) cost at each of our sites now, by model and site."""
    with connection.cursor() as cursor:
        cursor.execute(_NOW, {"models": None if models is None else list(models)})
        names = [column.name for column in cursor.description]
        rows = [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
    return [SiteCost(**row | {"components": json.loads(row["components"])}) for row in rows]


def history(model: str, since_s: int, until_s: int) -> list[Step]:
    """The lowest price of a model over all sites that were there, from `since_s` to `until_s` (Unix).

    Empty for a model that has no site of ours.
    """
    span: dict[str, Any] = {"since": since_s, "until": until_s}
    with connection.cursor() as cursor:
        cursor.execute(_COSTS, span | {"model": model})
        costs = _by_site(cursor.fetchall())
        cursor.execute(_TICKS, span | {"sites": list(costs), "life": TICK_LIFE_S})
        ticks = _by_site(cursor.fetchall())
    return lowest({site: _steps(site, rows, ticks.get(site, [])) for site, rows in costs.items()})


def last_tick() -> datetime | None:
    """When the price of any site was looked after last."""
    found: datetime | None = SiteState.objects.aggregate(at=Max("at"))["at"]
    return found


type _Row = tuple[Any, ...]


def _by_site(rows: Iterable[_Row]) -> dict[str, list[_Row]]:
    found: dict[str, list[_Row]] = {}
    for site, *rest in rows:
        found.setdefault(site, []).append(tuple(rest))
    return found


def _steps(site: str, costs: Sequence[_Row], ticks: Sequence[_Row]) -> list[Step]:
    """A site's price over time: its costs where a tick vouches for them."""
    ended: int | None = costs[0][3]
    changes: list[tuple[int, int, _Row | None]] = [
        (at, 0, (output, energy)) for at, output, energy, _ in costs
    ]
    for at, state, drained, lost in ticks:
        changes.append((at, 1, None if drained else (state,)))
        if lost:
            changes.append((at + TICK_LIFE_S, 1, None))
    cost: _Row | None = None
    tick: _Row | None = None
    steps: list[Step] = []
    for at, kind, value in sorted(changes, key=lambda change: change[:2]):
        if ended is not None and at >= ended:
            break
        cost, tick = (value, tick) if kind == 0 else (cost, value)
        known = None if cost is None or tick is None else Point(cost[0], cost[1], site, tick[0])
        steps.append(Step(at, known))
    return steps if ended is None else [*steps, Step(ended, None)]
