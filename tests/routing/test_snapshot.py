"""The catalog as the gateway reads it."""

import asyncio
from typing import Any

import psycopg
import pytest
from django.db import connection
from django.utils import timezone

from routing.catalog.load import load
from routing.catalog.parse import parse
from routing.credentials import seal, unseal
from routing.models import CatalogVersion, Credential, Endpoint, Model, Provider
from routing.snapshot import Catalog, ProviderSnap, catalog_version_sync, load_catalog, load_catalog_sync
from tests.routing.test_catalog_load import SEVERAL
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
        Credential.objects.update(sealed=seal(sealed) if sealed == "sealed" else b"garbage")
    assert snapshot(environ).models["openai/gpt-4o"].endpoints[0].provider.available is available


def provider_of(environ: dict[str, str]) -> ProviderSnap:
    return snapshot(environ).models["openai/gpt-4o"].endpoints[0].provider


def test_credentials_that_are_here_come_with_their_weights() -> None:
    """Who has no secret here isn't there; who is disabled comes along, but is the last one's to be chosen."""
    loaded(SEVERAL)
    found = provider_of({"KEY_A": "sk-a", "KEY_B": "sk-b"})
    assert [(c.label, c.weight, c.secret, c.disabled) for c in found.credentials] == [
        ("first", 3, "sk-a", False),
        ("KEY_B", 1, "sk-b", False),
    ]
    assert (found.secret, found.credential_ref) == ("sk-a", "env:KEY_A")
    assert "sk-a" not in repr(found)
    alone = provider_of({"KEY_B": "sk-b"})
    assert ([c.label for c in alone.credentials], alone.secret, alone.available) == (["KEY_B"], "sk-b", True)
    before = found.credentials[0].name
    Credential.objects.filter(label="first").update(disabled_at=timezone.now(), disabled_reason="http_401")
    found = provider_of({"KEY_A": "sk-a", "KEY_B": "sk-b"})
    assert (found.secret, found.credentials[0].disabled) == ("sk-b", True)
    Credential.objects.update(disabled_at=timezone.now(), disabled_reason="http_402")
    found = provider_of({"KEY_A": "sk-a", "KEY_B": "sk-b"})
    assert (found.available, found.secret) == (True, "sk-a")  # its endpoints rest; probes may ask
    credential = Credential.objects.get(label="first")
    credential.enable()
    credential.save()
    found = provider_of({"KEY_A": "sk-a"})
    assert (found.credentials[0].name == before, found.credentials[0].disabled) == (False, False)


def test_a_provider_whose_only_credential_is_switched_off_is_not_keyless() -> None:
    loaded(GOOD)
    Credential.objects.update(active=False)
    found = provider_of({"LOCAL_KEY": "sk-1"})
    assert (found.available, found.secret, found.credentials) == (False, None, ())


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


@pytest.mark.parametrize("what", [Provider, Endpoint])
def test_what_is_switched_off_is_dormant_and_no_model_leads_there(what: type[Provider | Endpoint]) -> None:
    loaded(GOOD)
    pk = Endpoint.objects.get(model__slug="openai/gpt-4o").pk
    assert snapshot({"LOCAL_KEY": "sk-1"}).dormant == {}
    what.objects.update(paused_at=timezone.now(), paused_reason="away")
    here = snapshot({"LOCAL_KEY": "sk-1"})
    assert not any(e.provider.available for model in here.models.values() for e in model.endpoints)
    model, endpoint = here.dormant[pk]
    assert (model.slug, endpoint.provider.available) == ("openai/gpt-4o", True)
    assert here.endpoint(pk) == (model, endpoint)
    assert endpoint.provider.credentials[0].name in here.credentials()


def test_of_a_retired_model_nothing_is_dormant() -> None:
    loaded(GOOD)
    Endpoint.objects.update(active=False)
    Model.objects.update(retired_at=timezone.now())
    assert snapshot({"LOCAL_KEY": "sk-1"}).dormant == {}
