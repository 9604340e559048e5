"""What is on sale now, as the control plane sees it, by the gateway's own prices and choices."""

import os
from dataclasses import dataclass
from threading import Lock
from typing import Any

from django.conf import settings
from django.db import connection

from billing.errors import MissingRate
from billing.rates import current_rates
from proxy.errors import unavailable
from proxy.market import Market
from proxy.meter import Price
from proxy.surfaces import SPOKEN
from routing import choose
from routing.credentials import unseal
from routing.errors import NoEndpoint
from routing.snapshot import Catalog, EndpointSnap, ModelSnap, catalog_version_sync, load_catalog_sync
from routing.strategies import ordered

_lock = Lock()
_held: list[Catalog] = []


@dataclass(frozen=True, slots=True)
class Offer:
    """One catalog entry with the price that a call without tags would pay now.

    `server` answers for the model: itself, or its successor if it was replaced. `sandbox`: in the demo the
    sandbox stands in. `price` is None for a model that nobody sells yet.
    """

    model: ModelSnap
    server: ModelSnap
    available: bool
    sandbox: bool
    price: Price | None


def market() -> Market:
    """The catalog and rates in force. Raises ApiError 503 while no exchange rate is set."""
    try:
        rates = current_rates()
    except MissingRate:
        raise unavailable("price_unavailable", "No exchange rate is in force at the moment.") from None
    return Market(catalog(), rates, demo=settings.DEMO)


def catalog() -> Catalog:
    """The catalog as it is now; read again only when its version has moved."""
    connection.ensure_connection()
    raw: Any = connection.connection
    version = catalog_version_sync(raw)
    with _lock:
        if not _held or _held[0].version != version:
            _held[:] = [load_catalog_sync(raw, os.environ, unseal)]
        return _held[0]


def offer(market: Market, model: ModelSnap) -> Offer:
    """How this model is offered now."""
    server = choose.successor(market.catalog, model)
    endpoints: tuple[EndpointSnap, ...] = ()
    if not server.retired:
        try:
            endpoints = choose.candidates(
                server,
                spoken=SPOKEN.get(server.modality, frozenset()),
                sandbox=market.catalog.sandboxes.get(server.modality) if settings.DEMO else None,
            )
        except NoEndpoint:
            endpoints = ()
    shown = endpoints or tuple(ordered(server.endpoints, ()))
    return Offer(
        model=model,
        server=server,
        available=bool(endpoints) and server.modality in SPOKEN,
        sandbox=bool(endpoints) and endpoints[0].stands_in,
        price=market.listed_price(shown) if shown else None,
    )


def offers(market: Market) -> list[Offer]:
    """The public catalog in the order of ids: everything but what is retired or replaced."""
    models = market.catalog.models
    return [offer(market, models[slug]) for slug in sorted(models) if choose.listed(models[slug])]
