"""`feeds:` of a catalog file: markets that tell what electricity costs, and their nodes. Pure."""

from decimal import Decimal, InvalidOperation
from typing import Final

import yaml

from routing.catalog.entries import FeedEntry, NodeEntry
from routing.catalog.nodes import Fields, Reader, number_text
from routing.energy.adapters import ADAPTERS

CURRENCIES: Final = ("USD", "CAD")
_FEED: Final = (
    *("slug", "name", "step_s", "poll_s", "needs_terms", "needs_key", "terms_url", "attribution"),
    *("simulated", "active", "nodes"),
)
_NODE: Final = ("code", "currency", "usd_per_mwh", "series")
_STEP_S: Final = 300
_TARIFF_MAX: Final = Decimal(5000)


def feed_entry(reader: Reader, node: yaml.Node) -> FeedEntry:
    """One feed; mistakes are the reader's to list."""
    fields = Fields(reader, node, "feed", reader.mapping(node, "feed", _FEED))
    slug = fields.text("slug", None)
    fields.label = f"feed '{slug}'" if slug else "feed"
    if slug and slug not in ADAPTERS:
        fields.wrong("slug", f"there is no adapter '{slug}'; there are {', '.join(ADAPTERS)}")
    nodes = tuple(
        _node(fields, one) for one in reader.items(fields.keys.get("nodes"), f"{fields.label}: nodes")
    )
    codes = [one.code for one in nodes if one.code]
    if len(set(codes)) < len(codes):
        fields.wrong("nodes", "two nodes have the same code")
    return FeedEntry(
        where=reader.where(node),
        slug=slug,
        name=fields.text("name", slug),
        step_s=fields.whole("step_s") or _STEP_S,
        poll_s=fields.whole("poll_s") or _STEP_S,
        needs_terms=fields.flag("needs_terms", False),
        needs_key=fields.flag("needs_key", False),
        terms_url=fields.text("terms_url"),
        attribution=fields.text("attribution"),
        simulated=fields.flag("simulated", False),
        active=fields.flag("active", True),
        nodes=nodes,
    )


def _node(feed: Fields, node: yaml.Node) -> NodeEntry:
    label = f"{feed.label}: nodes"
    fields = Fields(feed.reader, node, label, feed.reader.mapping(node, label, _NODE))
    params = {name: fields.text(name) for name in ("series",) if fields.text(name)}
    if "usd_per_mwh" in fields.keys:
        params["usd_per_mwh"] = _tariff(fields)
    return NodeEntry(
        code=fields.text("code", None),
        currency=fields.choice("currency", CURRENCIES, "USD"),
        params=params,
    )


def _tariff(fields: Fields) -> str:
    text = number_text(fields.keys["usd_per_mwh"]) or ""
    try:
        fine = 0 <= Decimal(text) <= _TARIFF_MAX
    except InvalidOperation:
        fine = False
    if not fine:
        fields.wrong("usd_per_mwh", f'usd_per_mwh must be a number up to {_TARIFF_MAX}, in quotes: "65.00"')
    return text
