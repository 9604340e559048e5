"""Calls and endpoints as plain values, for the tests of dialects."""

from typing import Any

import orjson

from proxy.call import Call
from proxy.dialects import openai_request
from routing.snaps import CostSnap, EndpointSnap, ProviderSnap


def call_of(body: dict[str, Any]) -> Call:
    """What the door makes of a chat body."""
    return openai_request.parse(orjson.dumps(body), {})


def endpoint_of(
    upstream_name: str, dialect: str = "gemini", base_url: str = "https://far.test/v1beta"
) -> EndpointSnap:
    """An endpoint under this name; its provider is nowhere."""
    provider = ProviderSnap(
        id=1,
        slug="far",
        name="far",
        dialect=dialect,
        base_url=base_url,
        credential_ref="",
        secret="secret-word",
        on_disconnect="cancel",
        hosted=False,
        sandbox=False,
        available=True,
    )
    cost = CostSnap(id=1, components={"input": 1, "output": 1})
    return EndpointSnap(
        id=1, provider=provider, upstream_name=upstream_name, markup_kind="margin", priority=1, cost=cost
    )
