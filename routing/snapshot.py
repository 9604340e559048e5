"""The catalog as the gateway holds it in memory: frozen, loaded by one SQL statement, no ORM.

One statement sees one state of the database, so the version always belongs to what was read with it.
"""

import contextlib
import json
from base64 import b64decode
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any, Final

import psycopg
from cryptography.fernet import InvalidToken

from routing.snaps import Catalog, CostSnap, CredentialSnap, EndpointSnap, ModelSnap, ProviderSnap, SiteSnap

__all__ = [
    "Catalog",
    "CostSnap",
    "CredentialSnap",
    "EndpointSnap",
    "ModelSnap",
    "ProviderSnap",
    "SiteSnap",
    "catalog_version",
    "catalog_version_sync",
    "load_catalog",
    "load_catalog_sync",
    "load_provider_sync",
]

Unseal = Callable[[bytes], str]


_VERSION: Final = "SELECT version FROM routing_catalogversion WHERE id = 1"

_PROVIDERS: Final = """
  SELECT json_build_object(
      'id', p.id, 'slug', p.slug, 'name', p.name, 'dialect', p.dialect, 'base_url', p.base_url,
      'on_disconnect', p.on_disconnect, 'prefill', p.prefill, 'hosted', p.hosted, 'sandbox', p.sandbox,
      'active', p.active AND p.paused_at IS NULL,
      'credentials', (SELECT coalesce(json_agg(json_build_object(
          'id', c.id, 'version', c.version, 'label', c.label, 'ref', c.ref, 'weight', c.weight,
          'sealed', encode(c.sealed, 'base64'), 'active', c.active,
          'disabled', c.disabled_at IS NOT NULL) ORDER BY c.id), '[]')
        FROM routing_credential c WHERE c.provider_id = p.id AND c.retired_at IS NULL)) AS one
    FROM routing_provider p
"""

_SNAPSHOT: Final = f"""
SELECT json_build_object(
  'version', (SELECT version FROM routing_catalogversion WHERE id = 1),
  'providers', (SELECT coalesce(json_agg(one), '[]') FROM ({_PROVIDERS}) found),
  'models', (SELECT coalesce(json_agg(m ORDER BY m.slug), '[]') FROM routing_model m),
  'names', (SELECT coalesce(json_agg(json_build_array(folded, model_id)), '[]') FROM routing_modelname),
  'endpoints', (SELECT coalesce(json_agg(json_build_object(
      'id', e.id, 'model', e.model_id, 'provider', e.provider_id, 'upstream_name', e.upstream_name,
      'markup_kind', e.markup_kind, 'priority', e.priority, 'context_window', e.context_window,
      'ttft_ms', e.ttft_ms, 'token_rate', e.token_rate,
      'preferred', EXISTS (SELECT FROM routing_preference p WHERE p.endpoint_id = e.id),
      'cost', c.id, 'components', c.components, 'above_input', c.above_input,
      'on', e.active AND e.paused_at IS NULL)
      ORDER BY e.priority, e.id), '[]')
    FROM routing_endpoint e
    CROSS JOIN LATERAL (SELECT id, components, above_input FROM routing_costversion
      WHERE endpoint_id = e.id ORDER BY id DESC LIMIT 1) c
    WHERE e.retired_at IS NULL),
  'sites', (SELECT coalesce(json_agg(json_build_object(
      'id', d.provider_id, 'place', d.place, 'country', d.country, 'in_flight_max', d.in_flight_max,
      'queue_budget_ms', d.queue_budget_ms, 'drained', coalesce(s.drained, false))), '[]')
    FROM routing_datacentre d LEFT JOIN routing_sitestate s ON s.site_id = d.id)
)::text
"""


_PROVIDER: Final = f"SELECT one::text FROM ({_PROVIDERS} WHERE p.id = %s) found"


async def catalog_version(conn: psycopg.AsyncConnection[Any]) -> int:
    """The version now; cheap enough to poll."""
    row = await (await conn.execute(_VERSION)).fetchone()
    return int(_only(row))


async def load_catalog(
    conn: psycopg.AsyncConnection[Any], environ: Mapping[str, str], unseal: Unseal
) -> Catalog:
    """The whole catalog. A credential that no key of ours opens makes its provider unavailable, no more."""
    row = await (await conn.execute(_SNAPSHOT)).fetchone()
    return _build(json.loads(_only(row)), environ, unseal)


def catalog_version_sync(conn: psycopg.Connection[Any]) -> int:
    """See catalog_version()."""
    return int(_only(conn.execute(_VERSION).fetchone()))


def load_catalog_sync(conn: psycopg.Connection[Any], environ: Mapping[str, str], unseal: Unseal) -> Catalog:
    """See load_catalog()."""
    return _build(json.loads(_only(conn.execute(_SNAPSHOT).fetchone())), environ, unseal)


def load_provider_sync(
    conn: psycopg.Connection[Any], provider_id: int, environ: Mapping[str, str], unseal: Unseal
) -> ProviderSnap | None:
    """One provider with its credentials, also one that takes no new calls any more."""
    row = conn.execute(_PROVIDER, (provider_id,)).fetchone()
    return None if row is None else _provider(json.loads(_only(row)), environ, unseal)


def _only(row: Any) -> Any:
    if row is None:
        raise LookupError("the catalog has no version row: run migrate")
    return row[0] if not isinstance(row, dict) else next(iter(row.values()))


def _build(data: dict[str, Any], environ: Mapping[str, str], unseal: Unseal) -> Catalog:
    providers = {row["id"]: _provider(row, environ, unseal) for row in data["providers"]}
    by_model: dict[int, list[EndpointSnap]] = {}
    sites = _sites(data, providers)
    able = {row["id"]: frozenset(row["capabilities"]) for row in data["models"]}
    for row in data["endpoints"]:
        if row["on"]:
            endpoint = _endpoint(row, providers[row["provider"]], able.get(row["model"], frozenset()))
            endpoint = replace(endpoint, site=sites.get(row["provider"]))
            by_model.setdefault(row["model"], []).append(endpoint)
    models = [_model(row, tuple(by_model.get(row["id"], ()))) for row in data["models"]]
    slugs = {model.pk: model.slug for model in models}
    return Catalog(
        version=data["version"],
        models={model.slug: model for model in models},
        names={folded: slugs[pk] for folded, pk in data["names"]},
        sandboxes=_sandboxes(models),
        dormant=_dormant(data, {model.pk: model for model in models}, environ, unseal),
    )


def _dormant(
    data: dict[str, Any], models: Mapping[int, ModelSnap], environ: Mapping[str, str], unseal: Unseal
) -> dict[int, tuple[ModelSnap, EndpointSnap]]:
    """What is switched off, itself or with its provider, as it would be if it were on."""
    rows = {row["id"]: row for row in data["providers"]}
    found = {}
    for row in data["endpoints"]:
        model, provider = models[row["model"]], rows[row["provider"]]
        if (row["on"] and provider["active"]) or model.retired:
            continue
        on = _provider(provider | {"active": True}, environ, unseal)
        found[row["id"]] = model, _endpoint(row, on, model.capabilities)
    return found


def _sites(data: dict[str, Any], providers: Mapping[int, ProviderSnap]) -> dict[int, SiteSnap]:
    """Provider's id → its site."""
    at: dict[int, list[int]] = {}
    for row in data["endpoints"]:
        if row["on"]:
            at.setdefault(row["provider"], []).append(row["id"])
    return {
        row["id"]: SiteSnap(**row, slug=providers[row["id"]].slug, endpoints=tuple(at.get(row["id"], ())))
        for row in data["sites"]
    }


def _sandboxes(models: Iterable[ModelSnap]) -> dict[str, EndpointSnap]:
    """Modality → its sandbox, which may stand in for a model with a larger window than its own."""
    found: dict[str, EndpointSnap] = {}
    for model in models:
        for endpoint in model.endpoints:
            if endpoint.provider.sandbox and model.modality not in found:
                window = endpoint.context_window or model.context_window
                found[model.modality] = replace(endpoint, context_window=window)
    return found


def _provider(row: dict[str, Any], environ: Mapping[str, str], unseal: Unseal) -> ProviderSnap:
    rows = [one for one in row["credentials"] if one["ref"] or one["sealed"]]
    found = [_credential(one, environ, unseal) for one in rows if one["active"]]
    credentials = tuple(one for one in found if one is not None)
    first = max(credentials, key=lambda one: (not one.disabled, one.weight), default=None)
    return ProviderSnap(
        **{key: row[key] for key in ("id", "slug", "name", "dialect", "base_url")},
        **{key: row[key] for key in ("on_disconnect", "prefill", "hosted", "sandbox")},
        credential_ref=next((one["ref"] for one in rows if one["ref"]), ""),
        secret=first.secret if first else None,
        active=row["active"],
        available=row["active"] and bool(row["base_url"]) and bool(credentials or not rows),
        credentials=credentials,
    )


def _credential(row: dict[str, Any], environ: Mapping[str, str], unseal: Unseal) -> CredentialSnap | None:
    """None where its secret isn't here."""
    secret = _secret(row["sealed"], row["ref"], environ, unseal)
    if secret is None:
        return None
    return CredentialSnap(
        **{key: row[key] for key in ("id", "label", "weight", "disabled")},
        name=f"{row['id']}.{row['version']}",
        secret=secret,
    )


def _secret(sealed: str | None, ref: str, environ: Mapping[str, str], unseal: Unseal) -> str | None:
    """The sealed credential, else the environment's: also when the keys that sealed it are gone."""
    if sealed:
        with contextlib.suppress(InvalidToken):
            return unseal(b64decode(sealed))
    return environ.get(ref.removeprefix("env:")) or None if ref else None


_ENDPOINT: Final = (
    *("id", "upstream_name", "markup_kind", "priority", "context_window", "ttft_ms", "token_rate"),
    "preferred",
)


def _endpoint(row: dict[str, Any], provider: ProviderSnap, capabilities: frozenset[str]) -> EndpointSnap:
    tiers = sorted((tier["over"], tier["components"]) for tier in row["above_input"])
    cost = CostSnap(id=row["cost"], components=row["components"], above_input=tuple(tiers))
    return EndpointSnap(
        **{key: row[key] for key in _ENDPOINT},
        provider=provider,
        cost=cost,
        capabilities=capabilities,
    )


_SAME: Final = (
    *("slug", "name", "modality", "category", "free", "rpm", "replaced_by", "tokenizer"),
    *("context_window", "max_output_tokens", "default_output_tokens", "max_duration_s", "default_size"),
    "max_side_px",
    *("creator", "description", "strengths", "weaknesses"),
)


def _model(row: dict[str, Any], endpoints: tuple[EndpointSnap, ...]) -> ModelSnap:
    return ModelSnap(
        **{key: row[key] for key in _SAME},
        pk=row["id"],
        capabilities=frozenset(row["capabilities"]),
        retired=row["retired_at"] is not None,
        created_at=datetime.fromisoformat(row["created_at"]),
        endpoints=endpoints,
    )
