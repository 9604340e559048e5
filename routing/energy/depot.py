"""The fleet to and from the database. Whoever writes holds the lock of ticks (routing/energy/tick.py)."""

import json
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from statistics import median
from typing import Any, Final

from django.db import connection
from django.utils import timezone

from routing.energy.fleet import Cost, Fleet, Run, Site, Step, Turn, slot
from routing.energy.ladder import State, Verdict
from routing.energy.markets import GridPrice
from routing.energy.models import DataCentre, Hosting, Preference, SitePrice, SiteState
from routing.energy.preference import Standing
from routing.energy.smoothing import Point, Smoothed
from routing.models import CostVersion

WEEKS: Final = 4  # of history behind an estimate
_FIRST_LOOK: Final = timedelta(hours=24)
_INTERVAL_MAX: Final = timedelta(hours=1)
_HOUR: Final = timedelta(hours=1)
_BATCH: Final = 2000
_COPY: Final = """
COPY routing_costversion (endpoint_id, components, above_input, from_sync, energy, valid_from, created_at)
FROM STDIN
"""
_FOUND: Final = ("smoothed_usd", "delivered_usd", "state", "drained")


def load(now: datetime) -> tuple[Fleet, dict[int, list[Point]]]:
    """The fleet as the last tick left it, and the points of its nodes that have begun by now."""
    rows = DataCentre.objects.select_related("provider", "node__feed", "state").order_by("pk")
    states = {row.pk: getattr(row, "state", None) for row in rows}
    since: dict[int, datetime] = {}
    for row in rows:
        since[row.node_id] = min(_since(states[row.pk], now), since.get(row.node_id, now))
    points = {node: _points(node, moment, now) for node, moment in since.items()}
    sites = [_site(row, states[row.pk], points[row.node_id]) for row in rows]
    _add_runs(sites)
    standings = {row.model_id: _standing(row) for row in Preference.objects.all()}
    return Fleet(sites, standings), points


def same_hour_median(node: int, now: datetime) -> Decimal | None:
    """The median of the same hour of the week over 28 days, USD per MWh; None without any point."""
    hour = now.replace(minute=0, second=0, microsecond=0)
    starts = [hour - week * timedelta(weeks=1) for week in range(1, WEEKS + 1)]
    found = [
        usd
        for start in starts
        for usd in GridPrice.objects.filter(
            node_id=node, start__gte=start, start__lt=start + _HOUR
        ).values_list("usd", flat=True)
    ]
    return median(found) if found else None


def save(steps: Iterable[Step], fleet: Fleet) -> int:
    """Writes what the ticks found out, oldest first; how many prices are new.

    Prices go in by one statement, so a tick moves the catalog's version once; a week of them goes in fast. A
    state or a standing moves it only when a site is drained, opened again or preferred (0011_energy.sql).
    """
    prices: list[SitePrice] = []
    costs: list[tuple[Cost, datetime]] = []
    for step in steps:
        prices += [_price(turn, step.at) for turn in step.turns]
        costs += [(cost, step.at) for cost in step.costs]
    SitePrice.objects.bulk_create(
        prices, _BATCH, update_conflicts=True, unique_fields=["site", "at"], update_fields=_FOUND
    )
    if costs:
        _copy(costs)
    _save_states(fleet)
    _save_standings(fleet)
    return len(costs)


def _since(state: SiteState | None, now: datetime) -> datetime:
    """From where on a site has to look: its last interval, or a day back the first time."""
    return state.price_end - _INTERVAL_MAX if state and state.price_end else now - _FIRST_LOOK


def _points(node: int, since: datetime, now: datetime) -> list[Point]:
    rows = GridPrice.objects.filter(node_id=node, start__gte=since, start__lte=now).order_by("start")
    return [Point(end, usd) for end, usd in rows.values_list("end", "usd")]


def _site(row: DataCentre, state: SiteState | None, points: list[Point]) -> Site:
    feed = row.node.feed
    return Site(
        pk=row.pk,
        provider=row.provider_id,
        slug=row.provider.slug,
        feed=feed.slug,
        node=row.node_id,
        node_code=row.node.code,
        step=timedelta(seconds=feed.step_s),
        terms=row.terms,
        override=_override(row),
        known=_known(state, points),
        verdict=Verdict(state.delivered_usd, State(state.state), state.drained) if state else None,
        at=state.at if state else None,
    )


def _override(row: DataCentre) -> tuple[Decimal, datetime] | None:
    if row.override_usd is None or row.override_until is None:
        return None
    return row.override_usd, row.override_until


def _known(state: SiteState | None, points: list[Point]) -> Smoothed | None:
    """What the last tick knew. A site that was moved to another node begins anew."""
    if state is None or state.price_end is None or state.smoothed_usd is None:
        return None
    newest = next((usd for end, usd in points if end == state.price_end), None)
    if newest is None and points:
        return None
    return Smoothed(state.price_end, state.smoothed_usd, state.smoothed_usd if newest is None else newest)


def _add_runs(sites: list[Site]) -> None:
    """What runs at each site, with the price in force."""
    by_provider = {site.provider: site for site in sites}
    rows = Hosting.objects.filter(
        endpoint__retired_at=None, endpoint__provider__in=list(by_provider)
    ).select_related("endpoint__provider", "endpoint__model")
    hosted = list(rows.order_by("endpoint_id"))
    prices = _in_force([row.endpoint_id for row in hosted])
    for row in hosted:
        endpoint = row.endpoint
        site = by_provider[endpoint.provider_id]
        on = _is_on(endpoint) and _is_on(endpoint.provider) and endpoint.model.retired_at is None
        known = {"endpoint": endpoint.pk, "model": endpoint.model_id, "is_on": on}
        site.runs.append(Run.of(site.terms, row.terms, in_force=prices.get(endpoint.pk, {}), **known))


def _is_on(row: Any) -> bool:
    return bool(row.active and row.paused_at is None)


def _in_force(endpoints: list[int]) -> Mapping[int, dict[str, int]]:
    """Endpoint → components of its newest price; nothing where no tick has priced it yet."""
    newest = CostVersion.objects.filter(endpoint__in=endpoints).order_by("endpoint_id", "-id")
    rows = newest.distinct("endpoint_id").values_list("endpoint_id", "components", "energy")
    return {endpoint: components for endpoint, components, energy in rows if energy is not None}


def _standing(row: Preference) -> Standing:
    return Standing(row.endpoint_id, row.since, row.challenger_id, row.challenged_ticks)


def _found(verdict: Verdict, known: Smoothed | None) -> dict[str, Any]:
    return {
        "smoothed_usd": known.usd if known else None,
        "delivered_usd": verdict.delivered_usd,
        "state": verdict.state.value,
        "drained": verdict.drained,
    }


def _price(turn: Turn, at: datetime) -> SitePrice:
    return SitePrice(site_id=turn.site.pk, at=slot(at), **_found(turn.now, turn.known))


def _copy(costs: Iterable[tuple[Cost, datetime]]) -> None:
    """Adds the prices in this order, so that the newest has the highest id."""
    made = timezone.now()
    with connection.cursor() as cursor, cursor.copy(_COPY) as copy:
        for cost, at in costs:
            row = (cost.endpoint, json.dumps(cost.components), "[]", False, json.dumps(cost.energy), at, made)
            copy.write_row(row)


def _save_states(fleet: Fleet) -> None:
    """Rows that are there are updated: an insert that meets them would move the catalog's version."""
    there = {row.site_id: row for row in SiteState.objects.all()}
    changed, fresh = [], []
    for site in fleet.sites:
        if site.verdict is None or site.at is None:
            continue
        values = _found(site.verdict, site.known) | {"at": site.at}
        values["price_end"] = site.known.end if site.known else None
        if (row := there.get(site.pk)) is None:
            fresh.append(SiteState(site_id=site.pk, **values))
            continue
        for name, value in values.items():
            setattr(row, name, value)
        changed.append(row)
    SiteState.objects.bulk_update(changed, ["at", "price_end", *_FOUND])
    SiteState.objects.bulk_create(fresh)


def _save_standings(fleet: Fleet) -> None:
    there = {row.model_id: row for row in Preference.objects.all()}
    changed, fresh = [], []
    for model, standing in fleet.standings.items():
        values = {
            "endpoint_id": standing.endpoint,
            "since": standing.since,
            "challenger_id": standing.challenger,
            "challenged_ticks": standing.intervals,
        }
        row = there.get(model)
        if row is None:
            fresh.append(Preference(model_id=model, **values))
        elif _standing(row) != standing:
            for name, value in values.items():
                setattr(row, name, value)
            changed.append(row)
    Preference.objects.bulk_update(changed, ["endpoint", "since", "challenger", "challenged_ticks"])
    Preference.objects.bulk_create(fresh)
