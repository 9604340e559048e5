"""The catalog as a file that loads back into the same catalog."""

from typing import Any, Final

import yaml

from routing.catalog.amounts import from_nano
from routing.catalog.grid import export_feeds
from routing.catalog.hosting import export_hosting, export_sites
from routing.catalog.parse import COMPONENTS, MAIN
from routing.catalog.wordings import export_wordings
from routing.models import CostVersion, Endpoint, Model, Provider
from routing.names import fold

_OPTIONAL: Final = (
    *("rpm", "max_output_tokens", "default_output_tokens", "max_duration_s", "default_size"),
    "max_side_px",
    *("creator", "tokenizer", "replaced_by"),
)


class _Dumper(yaml.SafeDumper):
    """Lists and maps of plain values on one line, without YAML's anchors."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


def export() -> str:
    """YAML of what is on sale: retired models and endpoints are left out, credentials are references."""
    endpoints = list(Endpoint.objects.filter(retired_at=None).select_related("provider"))
    used = {endpoint.provider_id for endpoint in endpoints}
    asked = Provider.objects.prefetch_related("credentials")
    providers = [_provider(p) for p in asked if p.active or p.pk in used]
    newest = CostVersion.objects.order_by("endpoint_id", "-id").distinct("endpoint_id")
    costs = {cost.endpoint_id: cost for cost in newest}
    hosted = export_hosting()
    offers: dict[int, list[dict[str, Any]]] = {}
    for endpoint in endpoints:
        if endpoint.pk in costs:
            entry = _endpoint(endpoint, costs[endpoint.pk], hosted.get(endpoint.pk))
            offers.setdefault(endpoint.model_id, []).append(entry)
    rows = Model.objects.filter(retired_at=None).prefetch_related("names", "wordings")
    models = [_model(model, offers.get(model.pk, [])) for model in rows]
    feeds = {"feeds": listed} if (listed := export_feeds()) else {}
    feeds |= {"sites": sites} if (sites := export_sites()) else {}
    return yaml.dump(
        feeds | {"providers": providers, "models": models},
        Dumper=_Dumper,
        sort_keys=False,
        allow_unicode=True,
        width=110,
        default_flow_style=None,
    )


def _provider(provider: Provider) -> dict[str, Any]:
    entry: dict[str, Any] = {
        "slug": provider.slug,
        "name": provider.name,
        "dialect": provider.dialect,
        "base_url": provider.base_url_ref or provider.base_url,
    }
    entry |= _credentials(provider)
    if provider.on_disconnect != "cancel":
        entry["on_disconnect"] = provider.on_disconnect
    if provider.prefill:
        entry["prefill"] = provider.prefill
    entry |= {flag: True for flag in ("hosted", "sandbox") if getattr(provider, flag)}
    entry |= {
        name: getattr(provider, name) for name in ("model_list", "list_fee_bps") if getattr(provider, name)
    }
    if not provider.active:
        entry["active"] = False
    return entry


def _credentials(provider: Provider) -> dict[str, Any]:
    """References only; what was typed in admin has none and stays there."""
    found = [row for row in provider.credentials.all() if row.ref and row.retired_at is None]
    match found:
        case []:
            return {}
        case [only] if (only.label, only.weight) == (MAIN, 1):
            return {"credential": only.ref}
    return {"credentials": [{"ref": one.ref, "weight": one.weight, "label": one.label} for one in found]}


def _model(model: Model, endpoints: list[dict[str, Any]]) -> dict[str, Any]:
    own = {fold(model.slug), fold(model.name)}
    entry: dict[str, Any] = {
        "id": model.slug,
        "name": model.name,
        "aliases": [name.name for name in model.names.all() if name.folded not in own],
        "modality": model.modality,
        "category": model.category,
        "free": model.free,
        "context_window": model.context_window,
        "capabilities": model.capabilities,
    }
    entry |= {name: getattr(model, name) for name in _OPTIONAL if getattr(model, name)}
    return entry | export_wordings(model) | {"endpoints": endpoints}


def _endpoint(endpoint: Endpoint, cost: CostVersion, hosting: dict[str, Any] | None) -> dict[str, Any]:
    """A hosted one is stated by what its price is made of."""
    entry: dict[str, Any] = {
        "provider": endpoint.provider.slug,
        "upstream_name": endpoint.upstream_name,
        **({"price_usd": _prices(cost.components)} if hosting is None else {"hosting": hosting}),
        "markup": endpoint.markup_kind,
        "priority": endpoint.priority,
    }
    if cost.above_input:
        entry["above_input"] = [
            {"over": tier["over"], "price_usd": _prices(tier["components"])} for tier in cost.above_input
        ]
    figures = {name: getattr(endpoint, name) for name in ("context_window", "ttft_ms", "token_rate")}
    entry |= {name: value for name, value in figures.items() if value}
    if endpoint.price_pinned:
        entry["price_pinned"] = True
    if not endpoint.active:
        entry["active"] = False
    return entry


def _prices(components: dict[str, int]) -> dict[str, str]:
    return {name: from_nano(name, components[name]) for name in COMPONENTS if name in components}
