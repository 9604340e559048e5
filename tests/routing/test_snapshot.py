"""The catalog as the gateway reads it."""

import asyncio
from typing import Any

import psycopg
import pytest
from django.db import connection

from routing.catalog.load import load
from routing.catalog.parse import parse
from routing.credentials import seal, unseal
from routing.models import CatalogVersion, Provider
from routing.snapshot import Catalog, catalog_version_sync, load_catalog, load_catalog_sync
from tests.routing.test_catalog_parse import GOOD

pytestmark = pytest.mark.django_db


def snapshot(environ: dict[str, str] | None = None) -> Catalog:
    connection.ensure_connection()
    raw: Any = connection.connection
    return load_catalog_sync(raw, environ or {}, unseal)


def loaded(text: str, environ: dict[str, str] | None = None) -> None:
    load(parse([("f.yaml", text)]), environ or {}, prune=True)


def test_everything_a_call_needs_is_there() -> None:
    loaded(GOOD)
    here = snapshot({"LOCAL_KEY": "sk-1"})
    model = here.models[here.names["gpt 4o"]]
    assert (model.slug, model.rpm, model.context_window) == ("openai/gpt-4o", 600, 128_000)
    assert model.capabilities == {"tools", "vision", "json"}
    (endpoint,) = model.endpoints
    assert endpoint.cost.components["output"] == 10**10
    assert (endpoint.provider.available, endpoint.provider.secret) == (True, "sk-1")
    assert here.version == CatalogVersion.objects.get(pk=1).version
    assert catalog_version_sync(connection.connection) == here.version  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("environ", "sealed", "available"),
    [
        ({}, None, False),
        ({"LOCAL_KEY": ""}, None, False),
        ({"LOCAL_KEY": "x"}, None, True),
        ({}, "sealed", True),
        ({}, "garbage", False),
        ({"LOCAL_KEY": "x"}, "garbage", True),
    ],
)
def test_a_provider_is_available_with_its_credential_only(
    environ: dict[str, str], sealed: str | None, available: bool
) -> None:
    loaded(GOOD)
    if sealed:
        Provider.objects.update(credential_sealed=seal(sealed) if sealed == "sealed" else b"garbage")
    assert snapshot(environ).models["openai/gpt-4o"].endpoints[0].provider.available is available


def test_a_provider_without_address_or_switched_off_is_not_available() -> None:
    keyless = GOOD.replace(', credential: "env:LOCAL_KEY"', "")
    for text, available in (
        (keyless, True),
        (keyless.replace('"http://127.0.0.1:9100/v1"', '"env:NO_SUCH_SETTING"'), False),
        (keyless.replace("name: X,", "name: X, active: false,"), False),
    ):
        loaded(text)
        assert snapshot().models["openai/gpt-4o"].endpoints[0].provider.available is available


def test_inactive_and_unpriced_endpoints_are_left_out() -> None:
    loaded(GOOD.replace("priority: 1", "priority: 1\n        active: false"))
    assert snapshot().models["openai/gpt-4o"].endpoints == ()


def test_what_is_expected_of_an_endpoint_comes_along() -> None:
    loaded(GOOD.replace("priority: 1", "priority: 1\n        ttft_ms: 800\n        token_rate: 90"))
    (endpoint,) = snapshot().models["openai/gpt-4o"].endpoints
    assert (endpoint.ttft_ms, endpoint.token_rate) == (800, 90)


def test_the_sandbox_brings_its_own_window_along() -> None:
    loaded(GOOD.replace("name: X,", "name: X, hosted: true, sandbox: true,"))
    sandbox = snapshot().sandboxes["chat"]
    assert sandbox.context_window == 128_000


def test_both_loaders_read_the_same() -> None:
    parameters = connection.get_connection_params()
    parameters.pop("cursor_factory", None)
    parameters.pop("context", None)

    async def read() -> Catalog:
        async with await psycopg.AsyncConnection.connect(**parameters) as conn:
            return await load_catalog(conn, {}, unseal)

    with psycopg.connect(**parameters) as conn:
        assert asyncio.run(read()) == load_catalog_sync(conn, {}, unseal)
