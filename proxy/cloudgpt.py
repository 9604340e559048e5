"""CloudGPT's own models as its documentation lists them: bare ids at the two providers that it passes on."""

from collections.abc import Collection
from typing import Any, Final

from routing import choose
from routing.snaps import Catalog, ModelSnap

# A provider's slug up to its first hyphen: `pollinations-media` is Pollinations in another dialect.
PROVIDERS: Final = frozenset({"pollinations", "mapleai"})


def models(catalog: Catalog, modality: str, allowed: Collection[str] | None = None) -> list[dict[str, Any]]:
    """Those of a modality in the documentation's order; `allowed`: the ids of a project that has a list."""
    return [
        _item(model)
        for model in sorted(catalog.models.values(), key=lambda model: model.pk)
        if model.modality == modality
        and choose.listed(model)
        and is_cloudgpts(model)
        and (allowed is None or model.slug in allowed)
    ]


def is_cloudgpts(model: ModelSnap) -> bool:
    """Whether its documentation knows this model."""
    return "/" not in model.slug and bool(model.endpoints) and _provider(model) in PROVIDERS


def _provider(model: ModelSnap) -> str:
    return model.endpoints[0].provider.slug.partition("-")[0]


def _item(model: ModelSnap) -> dict[str, Any]:
    # Two names belong to models of other makers too, and are told apart by the provider's.
    item: dict[str, Any] = {
        "id": model.slug,
        "name": model.name.removesuffix(f" ({model.endpoints[0].provider.name})"),
        "provider": _provider(model),
        "description": model.description,
    }
    if model.modality == "video":
        item["maxDuration"] = model.max_duration_s
    return item
