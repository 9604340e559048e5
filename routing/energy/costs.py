"""What hosted models cost at our sites, now and over time, out of CostVersion and SitePrice rows.

A cost holds until the next one of its endpoint. A tick of a site (SitePrice) says that the price was looked
after: without one for longer than TICK_LIFE_S nothing is known of the site, and a drained site has no price.
A site without an address takes no calls; in the demo the sandbox answers there.
Costs are nano-USD per 10^6 units.
"""

import json
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from operator import itemgetter
from typing import Any, Final

from django.conf import settings
from django.db import connection

from routing.energy.claim import CLAIM_WINDOW
from routing.energy.series import Point, Step, lowest, stretches

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
       c.components::text AS components, c.energy_nano AS energy,
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
 CROSS JOIN LATERAL (SELECT components, energy_nano FROM routing_costversion
       WHERE endpoint_id = e.id ORDER BY id DESC LIMIT 1) c
 WHERE e.active AND e.retired_at IS NULL AND m.retired_at IS NULL AND (p.base_url <> '' OR %(demo)s)
   AND (%(models)s::text[] IS NULL
       OR m.slug = ANY (%(models)s::text[]))
 ORDER BY m.slug, p.slug
"""

# Columns as arrays: a week is thousands of rows, which the driver reads ten times as fast this way.
_COSTS: Final = """
WITH at_sites AS MATERIALIZED (
    SELECT e.id, p.slug, least(e.retired_at, e.paused_at, p.paused_at) AS ended
      FROM routing_endpoint e
      JOIN routing_provider p ON p.id = e.provider_id
      JOIN routing_datacentre d ON d.provider_id = p.id
     WHERE e.model_id = (SELECT id FROM routing_model WHERE slug = %(model)s) AND e.active AND p.active
       AND (p.base_url <> '' OR %(demo)s))
SELECT a.slug, floor(extract(epoch FROM a.ended))::bigint, known.* FROM at_sites a CROSS JOIN LATERAL (
    SELECT array_agg(extract(epoch FROM valid_from)::bigint ORDER BY valid_from, id),
           array_agg(output_nano ORDER BY valid_from, id),
           array_agg(energy_nano ORDER BY valid_from, id)
      FROM routing_costversion
     WHERE endpoint_id = a.id AND valid_from <= to_timestamp(%(until)s) AND valid_from >= coalesce(
           (SELECT valid_from FROM routing_costversion
             WHERE endpoint_id = a.id AND valid_from <= to_timestamp(%(since)s)
             ORDER BY valid_from DESC LIMIT 1), '-infinity')) known
"""
_TICKS: Final = """
SELECT p.slug, known.* FROM routing_datacentre d JOIN routing_provider p ON p.id = d.provider_id,
   LATERAL (SELECT array_agg(extract(epoch FROM at)::bigint ORDER BY at),
                   array_agg(CASE WHEN drained THEN '' ELSE state END ORDER BY at)
      FROM routing_siteprice
     WHERE site_id = d.id AND at <= to_timestamp(%(until)s)
       AND at > to_timestamp(%(since)s) - make_interval(secs => %(life)s)) known
 WHERE p.slug = ANY (%(sites)s)
"""


def costs_now(models: Sequence[str] | None = None) -> list[SiteCost]:
    """What these models (None: all that are hosted) cost at each of our sites now, by model and site."""
    with connection.cursor() as cursor:
        cursor.execute(_NOW, {"models": None if models is None else list(models), "demo": settings.DEMO})
        names = [column.name for column in cursor.description]
        rows = [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
    return [SiteCost(**row | {"components": json.loads(row["components"])}) for row in rows]


def history(model: str, since_s: int, until_s: int) -> list[Step]:
    """The lowest price of a model over all sites that were there, from `since_s` to `until_s` (Unix).

    Empty for a model that has no site of ours.
    """
    span: dict[str, Any] = {"since": since_s, "until": until_s}
    with connection.cursor() as cursor:
        cursor.execute(_COSTS, span | {"model": model, "demo": settings.DEMO})
        costs = [(site, ended, *columns) for site, ended, *columns in cursor.fetchall() if columns[0]]
        cursor.execute(_TICKS, span | {"sites": [site for site, *_ in costs], "life": TICK_LIFE_S})
        ticks = {site: _vouched(at or [], states or []) for site, at, states in cursor.fetchall()}
    return lowest(
        {
            name: _steps(name, ended, zip(*columns, strict=True), ticks[name])
            for name, ended, *columns in costs
        }
    )


def lowest_lately(model: str) -> int | None:
    """The least that a model's output has cost at an open site within CLAIM_WINDOW; None: not known."""
    until_s = int(time.time())
    since_s = until_s - int(CLAIM_WINDOW.total_seconds())
    spans = stretches(history(model, since_s, until_s), since_s, until_s)
    return min((point.out for _, _, point in spans), default=None)


def _vouched(ticks: Sequence[int], states: Sequence[str]) -> list[tuple[int, str]]:
    """From when on a site was in which state: '' where it had no price, drained or not looked after."""
    found: list[tuple[int, str]] = []
    held, ends = "", 0
    for at, state in zip(ticks, states, strict=True):
        if held and at > ends:
            found.append((ends, ""))
            held = ""
        if state != held:
            found.append((at, state))
            held = state
        ends = at + TICK_LIFE_S
    return [*found, (ends, "")] if held else found


def _steps(
    site: str, ended: int | None, costs: Iterable[tuple[int, int, int | None]], ticks: list[tuple[int, str]]
) -> list[Step]:
    """A site's price over time: its costs where a tick vouches for them; from `ended` on nothing."""
    changes: list[tuple[Any, ...]] = [*costs, *ticks]
    changes.sort(key=itemgetter(0))  # of the same second the cost comes first
    output = energy = None
    state = ""
    steps: list[Step] = []
    for change in changes:
        if len(change) == 3:
            _, output, energy = change
        else:
            state = change[1]
        known = Point(output, energy, site, state) if state and output is not None else None
        steps.append(Step(change[0], known))
    if ended is None:
        return steps
    return [*(step for step in steps if step.at < ended), Step(ended, None)]
