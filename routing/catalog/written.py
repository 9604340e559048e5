"""docs/MODELS.md and docs/KEYS_SETUP.md, written out of a catalog file. Pure.

A test compares both with the shipped catalog, so that neither can grow old.
"""

from collections.abc import Iterable, Sequence
from typing import Final

from routing.catalog.amounts import from_nano
from routing.catalog.entries import CredentialEntry, EndpointEntry, Entries, ModelEntry, ProviderEntry

MODELS: Final = "MODELS.md"
KEYS: Final = "KEYS_SETUP.md"
_REFERENCE: Final = "env:"
_MADE: Final = (
    "<!-- Made by `manage.py catalog docs` out of routing/catalog/models.yaml: change that file. -->"
)
_KINDS: Final = ("chat", "embedding", "image", "video", "speech", "transcription", "moderation")
_EACH: Final = {
    "image": "an image",
    "second": "a second",
    "request": "a request",
    "character": "M characters",
}
_ABOUT_MODELS: Final = (
    "Prices are the first provider's list prices in US dollars, per million tokens where nothing else is "
    "said, without our markup; customers see so'm at `/models` and `/pricing`. The first token's time is "
    "what the catalog expects; what was measured stands on the model's page."
)
_ABOUT_KEYS: Final = (
    "Set a provider's variable where `catalog load` (and so `make run`) and the gateway run, and its models "
    "are served; without it they answer 503 `no_endpoint`, or the sandbox in the demo. A secret is sealed "
    "into the database at load ([operations](operations.md), [catalog](catalog.md)); operators may type it "
    "in Admin → Providers in its place. No provider is needed to start."
)
_ABOUT_SITES: Final = (
    "Address up to `/v1` of the site's inference server, and its key; without an address it takes no calls."
)


def written(entries: Entries) -> dict[str, str]:
    """File name → its text."""
    return {MODELS: _models(entries), KEYS: _keys(entries)}


# --- MODELS.md ----------------------------------------------------------------------------------------------


def _models(entries: Entries) -> str:
    live = [model for model in entries.models if not model.replaced_by]
    providers = {provider.slug: provider for provider in entries.providers}
    parts = [
        "# Models",
        _MADE,
        f"{len(live)} models, and {len(entries.models) - len(live)} names that lead to one of them.",
        _ABOUT_MODELS,
    ]
    for kind in _KINDS:
        chosen = [model for model in live if model.modality == kind]
        if chosen:
            parts += [f"## {kind.capitalize()} ({len(chosen)})", _table(chosen, providers)]
    parts += ["## Successors", _successors(entries.models)]
    return "\n\n".join(parts) + "\n"


def _table(models: Iterable[ModelEntry], providers: dict[str, ProviderEntry]) -> str:
    rows = [
        "| id | name | creator | what it is | strengths | weaknesses | context | price, USD | first token "
        "| providers |",
        "|---|---|---|---|---|---|---|---|---|---|",
    ]
    return "\n".join([*rows, *(_row(model, providers) for model in models)])


def _row(model: ModelEntry, providers: dict[str, ProviderEntry]) -> str:
    first = min(model.endpoints, key=lambda endpoint: endpoint.priority, default=None)
    sellers = dict.fromkeys(providers[endpoint.provider].name for endpoint in model.endpoints)
    size = f"{model.context_window:,}" if model.context_window else ""
    if model.max_duration_s:
        size = f"{model.max_duration_s} s"
    cells = (
        f"`{model.id}`" + (" **free**" if model.free else ""),
        model.name,
        model.creator,
        model.description,
        model.strengths,
        model.weaknesses,
        size,
        _price(first),
        f"{first.ttft_ms} ms" if first and first.ttft_ms else "",
        ", ".join(sellers),
    )
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def _price(endpoint: EndpointEntry | None) -> str:
    if endpoint is None:
        return ""
    if endpoint.hosting is not None:
        return "by electricity"
    costs = endpoint.components
    if "input" in costs and "output" in costs and not any(name in costs for name in _EACH):
        return f"{from_nano('input', costs['input'])} in, {from_nano('output', costs['output'])} out"
    return ", ".join(
        f"{from_nano(name, nano)} {_EACH.get(name, name)}" for name, nano in costs.items() if nano
    )


def _successors(models: Iterable[ModelEntry]) -> str:
    rows = [f"| `{model.id}` | `{model.replaced_by}` |" for model in models if model.replaced_by]
    return "\n".join(["| name | answered by |", "|---|---|", *rows])


# --- KEYS_SETUP.md ------------------------------------------------------------------------------------------


def _keys(entries: Entries) -> str:
    counts = {
        provider.slug: len(
            {model.id for model in entries.models for one in model.endpoints if one.provider == provider.slug}
        )
        for provider in entries.providers
    }
    others = [provider for provider in entries.providers if not provider.hosted]
    sites = [provider for provider in entries.providers if provider.hosted and not provider.sandbox]
    sandboxes = [provider for provider in entries.providers if provider.sandbox]
    return (
        "\n\n".join(
            (
                "# Provider keys",
                _MADE,
                _ABOUT_KEYS,
                "## Providers",
                _key_table(others, counts),
                "## Our own sites",
                _ABOUT_SITES,
                _key_table(sites, counts),
                "## Sandboxes",
                "`make run` sets these by itself.",
                _key_table(sandboxes, counts),
                "## Everything at once",
                f"```sh\n{_exports(entries.providers)}\n```",
            )
        )
        + "\n"
    )


def _key_table(providers: Sequence[ProviderEntry], counts: dict[str, int]) -> str:
    rows = ["| provider | key | address | dialect | models |", "|---|---|---|---|---|"]
    for provider in providers:
        keys = ", ".join(f"`{_variable(one)}`" for one in provider.credentials) or "none needed"
        address = provider.base_url.removeprefix(_REFERENCE)
        if provider.base_url.startswith(_REFERENCE):
            address = f"the variable `{address}`"
        rows.append(
            f"| {provider.name} | {keys} | {address} | {provider.dialect} | {counts[provider.slug]} |"
        )
    return "\n".join(rows)


def _exports(providers: Iterable[ProviderEntry]) -> str:
    """Every variable once, in the file's order."""
    names = dict.fromkeys(
        name
        for provider in providers
        if not provider.sandbox
        for name in (
            *(
                [provider.base_url.removeprefix(_REFERENCE)]
                if provider.base_url.startswith(_REFERENCE)
                else ()
            ),
            *(_variable(one) for one in provider.credentials),
        )
    )
    return "\n".join(f"export {name}=" for name in names)


def _variable(credential: CredentialEntry) -> str:
    return credential.ref.removeprefix(_REFERENCE)
