"""Models of the catalog beside a provider's list, and what came of reading it."""

import http.client
import json
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

from routing.models import CatalogProposal, CostVersion, Endpoint, Model, Provider
from routing.sync import daily
from tests.routing.test_sync_lists import ROUTER_MODEL

KEY = "sk-list-0123456789abcdef"


def sell(provider: Provider, name: str = "openai/gpt-4o", **more: Any) -> Endpoint:
    """A model of the catalog as ROUTER_MODEL lists it, bought at this provider."""
    told = {"context_window": 128_000, "max_output_tokens": 16_384, "name": uuid4().hex, "modality": "chat"}
    able = ["json", "pdf", "tools", "vision"]
    known = {"category": "third_party", "capabilities": able}
    model = Model.objects.create(slug=f"v/{uuid4().hex}", **told | known | more)
    endpoint = Endpoint.objects.create(
        model=model, provider=provider, upstream_name=name, markup_kind="routing_fee"
    )
    price(endpoint, input=2_500_000_000, output=10_000_000_000, cached_input=1_250_000_000)
    return endpoint


def price(endpoint: Endpoint, **components: int) -> CostVersion:
    return CostVersion.objects.create(endpoint=endpoint, components=components)


def in_force(endpoint: Endpoint) -> dict[str, int]:
    found: dict[str, int] = CostVersion.objects.filter(endpoint=endpoint).latest("pk").components
    return found


def tell(provider: Provider, *rows: dict[str, Any], path: str = "/models", **answer: Any) -> None:
    """What the provider's list answers from now on."""
    parts = urlsplit(provider.base_url + path)
    told = {"body": {"data": list(rows)}, "key": bearer(KEY)} | answer
    http_ = http.client.HTTPConnection(parts.netloc)
    http_.request("PUT", parts.path + (f"?{parts.query}" if parts.query else ""), json.dumps(told))
    assert http_.getresponse().status == 200
    http_.close()


def routed(prompt: str = "0.0000025", **changes: Any) -> dict[str, Any]:
    """ROUTER_MODEL at another price of its input."""
    return ROUTER_MODEL | {"pricing": ROUTER_MODEL["pricing"] | {"prompt": prompt}} | changes


def proposals(provider: Provider, **which: Any) -> list[CatalogProposal]:
    return list(CatalogProposal.objects.filter(provider=provider, **which).order_by("pk"))


def only(provider: Provider, **which: Any) -> CatalogProposal:
    (found,) = proposals(provider, **which)
    return found


def bearer(text: str) -> str:
    return f"Bearer {text}"


def sync(provider: Provider) -> dict[str, int] | None:
    return daily.sync(provider.pk)
