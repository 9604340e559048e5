"""Makes the database say what a catalog file says: all of it in one transaction, or nothing.

An entry states its provider or model in full: keys left out mean their defaults. What a file doesn't
mention is left alone, unless `prune` asks to retire it. A load that changes nothing writes nothing, so the
catalog's version stays.
"""

from collections.abc import Mapping
from typing import Any, Final

from django.conf import settings
from django.db import models, transaction
from django.utils import timezone

from routing.catalog.changes import Changes, update
from routing.catalog.entries import EndpointEntry, Entries, ModelEntry, ProviderEntry
from routing.catalog.grid import changed_currencies, load_feeds
from routing.catalog.hosting import first_prices, load_hosting, load_sites, node_problems, site_problems
from routing.catalog.secrets import load_credentials
from routing.catalog.wordings import load_wordings
from routing.errors import CatalogError
from routing.models import CatalogVersion, CostVersion, Endpoint, Model, ModelName, Provider
from routing.names import fold

_MODEL_FIELDS: Final = (
    *("name", "modality", "category", "free", "rpm", "context_window", "max_output_tokens"),
    *("default_output_tokens", "creator", "description", "strengths", "weaknesses", "tokenizer"),
    *("max_duration_s", "default_size", "max_side_px"),
)
_PROVIDER_FIELDS: Final = (
    *("name", "dialect", "on_disconnect", "prefill", "hosted", "sandbox", "active"),
    *("model_list", "list_fee_bps"),
)
_HOPS_MAX: Final = 8


@transaction.atomic
def load(entries: Entries, environ: Mapping[str, str], *, prune: bool = False) -> Changes:
    """Apply the entries; CatalogError lists every entry that contradicts what the database holds."""
    CatalogVersion.objects.select_for_update().get(pk=1)
    stored = {model.slug: model for model in Model.objects.all()}
    _check(entries, stored, prune)
    changes = Changes()
    load_feeds(entries.feeds, changes, prune=prune)
    if lost := node_problems(entries):
        raise CatalogError(sorted(lost, key=_place))
    for provider in sorted(entries.providers, key=lambda entry: entry.sandbox):
        _load_provider(provider, environ, changes)
    load_sites(entries.sites, changes)
    _load_models(entries, stored, changes)
    _load_names(entries, stored, changes)
    load_wordings(entries.models, stored, changes)
    _load_endpoints(entries, stored, prune, changes)
    if prune:
        _prune(entries, changes)
    return changes


def _check(entries: Entries, stored: Mapping[str, Model], prune: bool) -> None:
    providers = {entry.slug for entry in entries.providers}
    providers |= set() if prune else set(Provider.objects.values_list("slug", flat=True))
    problems = [
        f"{endpoint.where}: model '{model.id}': there is no provider '{endpoint.provider}'"
        for model in entries.models
        for endpoint in model.endpoints
        if endpoint.provider not in providers
    ]
    owners = _owners(entries, stored, prune)
    ours = {model.id for model in entries.models}
    for model in entries.models:
        for name in model.spellings:
            owner = owners.get(fold(name), model.id)
            if owner != model.id and owner not in ours:
                problems.append(
                    f"{model.where}: '{model.id}': the name '{name}' already belongs to '{owner}'"
                )
    problems += _bad_replacements(entries, {**owners, **_file_names(entries)}, stored)
    problems += [*changed_currencies(entries.feeds), *site_problems(entries, prune=prune), *entries.problems]
    if problems:
        raise CatalogError(sorted(problems, key=_place))


def _place(problem: str) -> tuple[str, int]:
    """File and line of a problem, to list them as the file does."""
    file, _, rest = problem.partition(":")
    line = rest.partition(":")[0]
    return file, int(line) if line.isdigit() else 0


def _owners(entries: Entries, stored: Mapping[str, Model], prune: bool) -> dict[str, str]:
    """Folded name → slug of the stored models that keep their names through this load."""
    kept = {s for s, model in stored.items() if model.retired_at is None and not prune}
    rows = ModelName.objects.values_list("folded", "model__slug")
    return {folded: slug for folded, slug in rows if slug in kept}


def _file_names(entries: Entries) -> dict[str, str]:
    return {fold(name): model.id for model in entries.models for name in model.spellings}


def _bad_replacements(entries: Entries, names: Mapping[str, str], stored: Mapping[str, Model]) -> list[str]:
    """Replacements that lead nowhere or in a circle."""
    successor = {slug: model.replaced_by for slug, model in stored.items()}
    successor |= {model.id: _slug_of(model.replaced_by, names) for model in entries.models}
    problems = []
    for model in entries.models:
        if model.replaced_by and fold(model.replaced_by) not in names:
            problems.append(
                f"{model.where}: '{model.id}': replaced_by '{model.replaced_by}' is no known model"
            )
            continue
        slug, hops = model.id, 0
        while (slug := successor.get(slug, "")) and hops <= _HOPS_MAX:
            hops += 1
        if hops > _HOPS_MAX:
            problems.append(f"{model.where}: '{model.id}': replaced_by leads in a circle")
    return problems


def _slug_of(name: str, names: Mapping[str, str]) -> str:
    return names.get(fold(name), "") if name else ""


def _load_provider(entry: ProviderEntry, environ: Mapping[str, str], changes: Changes) -> None:
    values: dict[str, Any] = {name: getattr(entry, name) for name in _PROVIDER_FIELDS}
    reference = entry.base_url if entry.base_url.startswith("env:") else ""
    values["base_url_ref"] = reference
    values["base_url"] = _setting(reference, environ) if reference else entry.base_url
    stored = Provider.objects.filter(slug=entry.slug).first()
    if stored is None:
        stored = Provider.objects.create(slug=entry.slug, **values)
        changes.add("providers added")
    elif update(stored, values):
        changes.add("providers changed")
    load_credentials(stored, entry, environ, changes)


def _setting(reference: str, environ: Mapping[str, str]) -> str:
    """The address that env:NAME stands for: a setting of that name, else the environment, else nothing."""
    name = reference.removeprefix("env:")
    return str(getattr(settings, name, "") or environ.get(name, "")).rstrip("/")


def _load_models(entries: Entries, stored: dict[str, Model], changes: Changes) -> None:
    """Add and change the models; `stored` then knows the new ones too."""
    names = dict(ModelName.objects.values_list("folded", "model__slug"))
    names |= _file_names(entries)
    fresh = []
    for entry in entries.models:
        values: dict[str, Any] = {name: getattr(entry, name) for name in _MODEL_FIELDS}
        values["capabilities"] = sorted(set(entry.capabilities))
        values["replaced_by"] = _slug_of(entry.replaced_by, names)
        values["retired_at"] = None
        known = stored.get(entry.id)
        if known is None:
            fresh.append(Model(slug=entry.id, **values))
        elif update(known, values):
            changes.add("models changed")
    if fresh:
        stored |= {model.slug: model for model in Model.objects.bulk_create(fresh)}
        changes.add("models added", len(fresh))


def _load_names(entries: Entries, stored: Mapping[str, Model], changes: Changes) -> None:
    """Each model of the file gets exactly its spellings; names it took from a retired model move over."""
    wanted = {
        fold(name): (name, stored[model.id].pk)
        for model in entries.models
        for name in reversed(model.spellings)
    }
    ours = {stored[model.id].pk for model in entries.models}
    rows = ModelName.objects.filter(models.Q(model__in=ours) | models.Q(folded__in=list(wanted)))
    right = {row.folded for row in rows if wanted.get(row.folded) == (row.name, row.model_id)}
    stale = [row.pk for row in rows if row.folded not in right]
    if stale:
        ModelName.objects.filter(pk__in=stale).delete()
        changes.add("names removed", len(stale))
    fresh = [
        ModelName(folded=folded, name=name, model_id=pk)
        for folded, (name, pk) in wanted.items()
        if folded not in right
    ]
    if fresh:
        ModelName.objects.bulk_create(fresh)
        changes.add("names added", len(fresh))


def _load_endpoints(entries: Entries, stored: Mapping[str, Model], prune: bool, changes: Changes) -> None:
    providers = {provider.slug: provider for provider in Provider.objects.all()}
    known = {(e.model_id, e.provider_id, e.upstream_name): e for e in Endpoint.objects.all()}
    asked: list[tuple[Endpoint, EndpointEntry]] = []
    fresh: list[Endpoint] = []
    for entry in entries.models:
        model = stored[entry.id]
        for wanted in entry.endpoints:
            provider = providers[wanted.provider]
            values = _endpoint_values(entry, wanted, provider)
            endpoint = known.get((model.pk, provider.pk, wanted.upstream_name))
            if endpoint is None:
                endpoint = Endpoint(
                    model=model, provider=provider, upstream_name=wanted.upstream_name, **values
                )
                fresh.append(endpoint)
            elif update(endpoint, values):
                changes.add("endpoints changed")
            asked.append((endpoint, wanted))
    if fresh:
        Endpoint.objects.bulk_create(fresh)
        changes.add("endpoints added", len(fresh))
    load_hosting(asked, changes)
    _load_costs([(endpoint, entry) for endpoint, entry in asked if entry.hosting is None], changes)
    first_prices(asked, changes)
    if prune:
        keep = [endpoint.pk for endpoint, _ in asked]
        absent = Endpoint.objects.filter(retired_at=None).exclude(pk__in=keep)
        _retire(absent, "endpoints retired", changes)


def _endpoint_values(model: ModelEntry, entry: EndpointEntry, provider: Provider) -> dict[str, Any]:
    return {
        "markup_kind": entry.markup or _markup(model, provider),
        "priority": entry.priority,
        "context_window": entry.context_window,
        "ttft_ms": entry.ttft_ms,
        "token_rate": entry.token_rate,
        "price_pinned": entry.price_pinned,
        "active": entry.active,
        "retired_at": None,
    }


def _markup(model: ModelEntry, provider: Provider) -> str:
    """Our own site: the hosted formula; closed models: the routing fee; all else is bought in."""
    if provider.hosted:
        return "hosted"
    return "routing_fee" if model.category == "third_party" else "margin"


def _load_costs(asked: list[tuple[Endpoint, EndpointEntry]], changes: Changes) -> None:
    """A new version where the figures differ from those in force.

    A price read off the provider's list, or made of a market's, stays until a file says something else than
    before that, or pins it.
    """
    newest = CostVersion.objects.order_by("endpoint_id", "-id").distinct("endpoint_id")
    in_force = {cost.endpoint_id: (cost.components, cost.above_input) for cost in newest}
    typed = {
        cost.endpoint_id: (cost.components, cost.above_input)
        for cost in newest.filter(from_sync=False, energy__isnull=True)
    }
    fresh = []
    for endpoint, entry in asked:
        tiers = [{"over": over, "components": dict(costs)} for over, costs in entry.above_input]
        figures = (dict(entry.components), tiers)
        repeated = not entry.price_pinned and figures == typed.get(endpoint.pk)
        if figures != in_force.get(endpoint.pk) and not repeated:
            fresh.append(CostVersion(endpoint=endpoint, components=figures[0], above_input=tiers))
    if fresh:
        CostVersion.objects.bulk_create(fresh)
        changes.add("prices added", len(fresh))


def _retire(rows: models.QuerySet[Any], what: str, changes: Changes) -> None:
    absent = list(rows.values_list("pk", flat=True))
    if absent:
        rows.model.objects.filter(pk__in=absent).update(retired_at=timezone.now())
        changes.add(what, len(absent))


def _prune(entries: Entries, changes: Changes) -> None:
    """Retire the models and switch off the providers that the file doesn't mention."""
    _retire(
        Model.objects.filter(retired_at=None).exclude(slug__in=[m.id for m in entries.models]),
        "models retired",
        changes,
    )
    absent = Provider.objects.filter(active=True).exclude(slug__in=[p.slug for p in entries.providers])
    pks = list(absent.values_list("pk", flat=True))
    if pks:
        Provider.objects.filter(pk__in=pks).update(active=False, sandbox=False)
        changes.add("providers switched off", len(pks))
