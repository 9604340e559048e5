"""Sites of ours and what runs at them, as a catalog file states it. Pure: nodes in, frozen values out."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Final
from urllib.parse import urlsplit

import yaml

from routing.catalog.entries import HostingEntry, SiteEntry
from routing.catalog.nodes import Fields, Range, Reader

# In quotes, or whole numbers. The places are those of the columns.
_SITE_AMOUNTS: Final = {
    "pue": Range("1", "5", 3, "1.25"),
    "host_factor": Range("1", "5", 3, "1.5"),
    "indexed_share": Range("0", "1", 3, "1"),
    "hedge_usd": Range("0", "5000", 6, "0"),
    "adder_usd": Range("0", "1000", 6, "25"),
    "floor_usd": Range("0", "1000", 6, "0"),
    "ceiling_usd": Range("0", "5000", 6, "300"),
    "tariff_usd": Range("0", "5000", 6, "65"),
}
_HOSTING_AMOUNTS: Final = {
    "gpu_hour_usd": Range("0", "1000", 4, "1.5"),
    "joules_per_token": Range("0.0001", "1000", 4),
    "planned_use": Range("0.01", "1", 3, "0.5"),
    "input_weight": Range("0", "1", 4, "0.2"),
    "cached_weight": Range("0", "1", 4, "0.05"),
    "floor_usd": Range("0", "10000", 4, "0"),
    "idle_kw": Range("0", "900", 3, "0"),
}
_SITE: Final = (
    *("provider", "place", "country", "feed", "node", *_SITE_AMOUNTS),
    *("in_flight_max", "queue_budget_ms", "metrics_url"),
)
_HOSTING: Final = ("gpus", "gpu", "tokens_per_s", "source", *_HOSTING_AMOUNTS)
_PLACES_AT_ONCE: Final = 256
_QUEUE_MS: Final = 1500


def site_entry(reader: Reader, node: yaml.Node) -> SiteEntry:
    """One item of `sites:`."""
    fields = Fields(reader, node, "site", reader.mapping(node, "site", _SITE))
    provider = fields.text("provider", None)
    fields.label = f"site '{provider}'"
    country = fields.text("country", None)
    if country and not (len(country) == 2 and country.isascii() and country.isupper()):
        fields.wrong("country", 'country must be a code of two capital letters, such as "US"')
    metrics_url, amounts = fields.text("metrics_url"), _amounts(fields, _SITE_AMOUNTS)
    if metrics_url and urlsplit(metrics_url).scheme not in ("http", "https"):
        fields.wrong("metrics_url", "metrics_url is not an http(s) address")
    if amounts["floor_usd"] > amounts["ceiling_usd"]:
        fields.wrong("floor_usd", "floor_usd is above ceiling_usd")
    values = {
        "place": fields.text("place", None),
        "country": country,
        "in_flight_max": fields.whole("in_flight_max") or _PLACES_AT_ONCE,
        "queue_budget_ms": fields.whole("queue_budget_ms") or _QUEUE_MS,
        "metrics_url": metrics_url,
    }
    return SiteEntry(
        where=reader.where(node),
        provider=provider,
        feed=fields.text("feed", None),
        node=fields.text("node", None),
        values=values | amounts,
    )


def hosting_entry(endpoint: Fields) -> HostingEntry | None:
    """The key `hosting` of an endpoint; None without it."""
    node = endpoint.keys.get("hosting")
    if node is None:
        return None
    label = f"{endpoint.label}: hosting"
    fields = Fields(endpoint.reader, node, label, endpoint.reader.mapping(node, label, _HOSTING))
    for name in ("gpus", "tokens_per_s"):
        if name not in fields.keys:
            fields.wrong(name, f"{name} is missing")
    values = {
        "gpus": fields.whole("gpus") or 1,
        "gpu": fields.text("gpu", "H100"),
        "tokens_per_s": fields.whole("tokens_per_s") or 1,
        "source": fields.text("source"),
    }
    return HostingEntry(where=endpoint.reader.where(node), values=values | _amounts(fields, _HOSTING_AMOUNTS))


def _amounts(fields: Fields, known: Mapping[str, Range]) -> dict[str, Decimal]:
    return {name: fields.amount(name, within) for name, within in known.items()}
