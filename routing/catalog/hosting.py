"""Sites of ours and what runs at them, in the database as a catalog file says, and back.

The formula makes a hosted endpoint's price. So that it has one at once, the first is of the contract's
electricity; the next tick says what the market's makes of it. What an operator sets by hand (an override of a
site) is never touched.
"""

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any, Final

from django.utils import timezone

from routing.catalog.changes import Changes, update
from routing.catalog.entries import EndpointEntry, Entries, SiteEntry
from routing.catalog.grid import find_node
from routing.energy import depot
from routing.energy.ladder import settle
from routing.energy.models import DataCentre, Hosting
from routing.models import CostVersion, Endpoint, Provider

_SITE: Final = (
    *("place", "country", "pue", "host_factor", "indexed_share", "hedge_usd", "adder_usd", "floor_usd"),
    *("ceiling_usd", "tariff_usd", "in_flight_max", "queue_budget_ms", "metrics_url"),
)
_HOSTING: Final = (
    *("gpus", "gpu", "gpu_hour_usd", "joules_per_token", "tokens_per_s", "planned_use", "input_weight"),
    *("cached_weight", "floor_usd", "idle_kw", "source"),
)
Asked = tuple[Endpoint, EndpointEntry]


def site_problems(entries: Entries, *, prune: bool) -> list[str]:
    """Sites without a hosted provider, models hosted where there is no site, and sites that would be lost."""
    hosted = {} if prune else dict(Provider.objects.values_list("slug", "hosted"))
    hosted |= {provider.slug: provider.hosted for provider in entries.providers}
    problems = [
        f"{site.where}: site '{site.provider}': there is no provider '{site.provider}' with hosted: true"
        for site in entries.sites
        if not hosted.get(site.provider)
    ]
    stored = set(DataCentre.objects.values_list("provider__slug", flat=True))
    known = {site.provider for site in entries.sites} | (set() if prune else stored)
    problems += [
        f"{endpoint.hosting.where}: model '{model.id}': hosting needs a site; '{endpoint.provider}' is none"
        for model in entries.models
        for endpoint in model.endpoints
        if endpoint.hosting is not None and endpoint.provider not in known
    ]
    return problems + [
        f"{provider.where}: provider '{provider.slug}' has a site, which this file leaves out"
        for provider in entries.providers
        if prune and provider.slug in stored - known
    ]


def node_problems(entries: Entries) -> list[str]:
    """Sites in markets or at places in them that nobody knows; asked after the feeds were loaded."""
    return [
        f"{site.where}: site '{site.provider}': the feed '{site.feed}' has no node '{site.node}'"
        for site in entries.sites
        if find_node(site.feed, site.node) is None
    ]


def load_sites(sites: Sequence[SiteEntry], changes: Changes) -> None:
    """Adds and changes the sites of a file; their providers and nodes are there."""
    providers = {provider.slug: provider for provider in Provider.objects.filter(hosted=True)}
    stored = {site.provider_id: site for site in DataCentre.objects.all()}
    for entry in sites:
        provider = providers[entry.provider]
        values: dict[str, Any] = {**entry.values, "node": find_node(entry.feed, entry.node)}
        site = stored.get(provider.pk)
        if site is None:
            DataCentre.objects.create(provider=provider, **values)
            changes.add("sites added")
        elif update(site, values):
            changes.add("sites changed")


def load_hosting(asked: Iterable[Asked], changes: Changes) -> None:
    """How each endpoint runs its model; who is no longer hosted loses that row, but no price."""
    stored = {row.endpoint_id: row for row in Hosting.objects.all()}
    fresh, gone = [], []
    for endpoint, entry in asked:
        row = stored.get(endpoint.pk)
        if entry.hosting is None:
            gone += [] if row is None else [row.pk]
        elif row is None:
            fresh.append(Hosting(endpoint=endpoint, **entry.hosting.values))
        elif update(row, entry.hosting.values):
            changes.add("hostings changed")
    if fresh:
        Hosting.objects.bulk_create(fresh)
        changes.add("hostings added", len(fresh))
    if gone:
        Hosting.objects.filter(pk__in=gone).delete()
        changes.add("hostings removed", len(gone))


def first_prices(asked: Iterable[Asked], changes: Changes) -> None:
    """A price for each hosted endpoint that no tick has priced yet: its site's, else the contract's."""
    hosted = {endpoint.pk for endpoint, entry in asked if entry.hosting is not None}
    newest = CostVersion.objects.filter(endpoint__in=hosted).order_by("endpoint_id", "-id")
    priced = newest.distinct("endpoint_id").values_list("endpoint_id", "energy")
    hosted -= {endpoint for endpoint, energy in priced if energy is not None}
    if not hosted:
        return
    now = timezone.now()
    fleet, _ = depot.load(now)
    for site in fleet.sites:
        site.verdict = site.verdict or settle(site.terms, None, now, site.step, None)
    costs = [cost for cost in fleet.publish() if cost.endpoint in hosted]
    CostVersion.objects.bulk_create(
        CostVersion(endpoint_id=cost.endpoint, components=cost.components, energy=cost.energy)
        for cost in costs
    )
    changes.add("prices added", len(costs))


def export_sites() -> list[dict[str, Any]]:
    """The sites as a file states them."""
    rows = DataCentre.objects.select_related("provider", "node__feed")
    return [
        {"provider": row.provider.slug, "feed": row.node.feed.slug, "node": row.node.code}
        | _stated(row, _SITE)
        for row in rows
    ]


def export_hosting() -> Mapping[int, dict[str, Any]]:
    """Endpoint → its key `hosting`."""
    return {row.endpoint_id: _stated(row, _HOSTING) for row in Hosting.objects.all()}


def _stated(row: DataCentre | Hosting, names: Iterable[str]) -> dict[str, Any]:
    """Decimals as their shortest text; what is empty is left out."""
    found = {name: getattr(row, name) for name in names}
    return {
        name: format(value.normalize(), "f") if isinstance(value, Decimal) else value
        for name, value in found.items()
        if value != ""
    }
