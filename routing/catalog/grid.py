"""Feeds and their nodes in the database as a catalog file says, and back.

What operators decided (terms, key, switched off) is never touched. A node that has prices keeps its currency:
they are in it.
"""

from collections.abc import Sequence
from typing import Any, Final

from django.conf import settings
from django.db.models import Exists, OuterRef

from routing.catalog.changes import Changes, update
from routing.catalog.entries import FeedEntry
from routing.energy.markets import Feed, GridNode, GridPrice

REPLAY: Final = "replay"
_FIELDS: Final = (
    *("name", "step_s", "poll_s", "needs_terms", "needs_key", "terms_url", "attribution"),
    *("simulated", "active"),
)


def load_feeds(entries: Sequence[FeedEntry], changes: Changes, *, prune: bool) -> None:
    """Adds and changes feeds and nodes; `prune` switches off the feeds that the file doesn't mention."""
    stored = {feed.slug: feed for feed in Feed.objects.all()}
    for entry in entries:
        values = {name: getattr(entry, name) for name in _FIELDS}
        feed = stored.get(entry.slug)
        if feed is None:
            feed = stored[entry.slug] = Feed.objects.create(slug=entry.slug, **values)
            changes.add("feeds added")
        elif update(feed, values):
            changes.add("feeds changed")
        _load_nodes(feed, entry, changes)
    if prune:
        absent = Feed.objects.filter(active=True).exclude(slug__in=[entry.slug for entry in entries])
        changes.add("feeds switched off", absent.update(active=False))


def changed_currencies(entries: Sequence[FeedEntry]) -> list[str]:
    """What a load has to refuse: nodes with prices whose currency would become another one."""
    priced = Exists(GridPrice.objects.filter(node=OuterRef("pk")))
    rows = GridNode.objects.filter(priced, feed__slug__in=[entry.slug for entry in entries])
    stored = {(row.feed.slug, row.code): row.currency for row in rows.select_related("feed")}
    return [
        f"{entry.where}: feed '{entry.slug}': node '{node.code}' has prices in {known}, not {node.currency}"
        for entry in entries
        for node in entry.nodes
        if (known := stored.get((entry.slug, node.code), node.currency)) != node.currency
    ]


def find_node(feed: str, code: str) -> GridNode | None:
    """The node of a site; in the demo the one of our own week, so that nobody has to be asked."""
    rows = GridNode.objects.filter(code=code)
    return (settings.DEMO and rows.filter(feed__slug=REPLAY).first()) or rows.filter(feed__slug=feed).first()


def _load_nodes(feed: Feed, entry: FeedEntry, changes: Changes) -> None:
    stored = {node.code: node for node in feed.nodes.all()}
    for one in entry.nodes:
        values: dict[str, Any] = {"currency": one.currency, "params": dict(one.params)}
        node = stored.get(one.code)
        if node is None:
            GridNode.objects.create(feed=feed, code=one.code, **values)
            changes.add("nodes added")
        elif update(node, values):
            changes.add("nodes changed")


def export_feeds() -> list[dict[str, Any]]:
    """The feeds as a file states them; what operators decided about them isn't in it."""
    return [_feed(feed) for feed in Feed.objects.prefetch_related("nodes")]


def _feed(feed: Feed) -> dict[str, Any]:
    entry: dict[str, Any] = {
        "slug": feed.slug,
        "name": feed.name,
        "step_s": feed.step_s,
        "poll_s": feed.poll_s,
    }
    flags = ("needs_terms", "needs_key", "simulated", "terms_url", "attribution")
    entry |= {name: getattr(feed, name) for name in flags if getattr(feed, name)}
    if not feed.active:
        entry["active"] = False
    return entry | {"nodes": [_node(node) for node in feed.nodes.all()]}


def _node(node: GridNode) -> dict[str, Any]:
    entry = {"code": node.code, "currency": node.currency}
    return entry | {name: node.params[name] for name in ("usd_per_mwh", "series") if name in node.params}
