"""OpenRouter's `/api/v1/models`: ids, prices in USD for one unit as strings, windows and abilities. Pure.

Source: openrouter.ai/docs, "Models API Standard". "-1" is a price that depends on the call (its routers); an
optional price of "0" is one that isn't asked for.
"""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Final

from routing.catalog.amounts import each_to_nano
from routing.sync import document
from routing.sync.listing import Listed, Page

# Their name → our component. `image` there is a picture that is read, here one that is made.
_COMPONENTS: Final = {
    "prompt": "input",
    "completion": "output",
    "request": "request",
    "internal_reasoning": "reasoning",
    "input_cache_read": "cached_input",
    "input_cache_write": "cache_write_5m",
}
_NEEDED: Final = ("prompt", "completion")
_DYNAMIC: Final = "-1"
_PARAMETERS: Final = {
    "tools": "tools",
    "reasoning": "reasoning",
    "structured_outputs": "json",
    "response_format": "json",
}
_INPUTS: Final = {"image": "vision", "audio": "audio", "file": "pdf"}
_TOLD: Final = frozenset({*_PARAMETERS.values(), *_INPUTS.values()})


def page(data: bytes, fee_bps: int = 0) -> Page:
    """One answer. Raises ListRefused."""
    found = document.read(data)
    models = tuple(_listed(row, fee_bps) for row in document.rows(found, "data"))
    links = document.part(found, "links") if isinstance(found, dict) else {}
    following = links.get("next")
    return Page(models, following if isinstance(following, str) else "")


def _listed(row: Mapping[str, Any], fee_bps: int) -> Listed:
    slug = document.name(row, "id")
    try:
        return Listed(
            id=slug,
            name=document.text(row, "name").partition(": ")[2] or document.text(row, "name"),
            modality=_modality(row),
            prices=prices(document.part(row, "pricing"), fee_bps),
            context_window=document.tokens(row, "context_length"),
            max_output_tokens=document.tokens(document.part(row, "top_provider"), "max_completion_tokens"),
            capabilities=_capabilities(row),
            told=_TOLD,
            open_weights=bool(row.get("hugging_face_id")),
        )
    except ValueError as error:
        return Listed(id=slug, problem=f"{slug}: {error}")


def prices(pricing: Mapping[str, Any], fee_bps: int) -> dict[str, int]:
    """Component → nano-USD per 10^6 units; empty without prices. ValueError if one is none."""
    written = {ours: _written(pricing[theirs]) for theirs, ours in _COMPONENTS.items() if theirs in pricing}
    if _DYNAMIC in written.values() or not all(name in pricing for name in _NEEDED):
        return {}
    nano = {name: each_to_nano(text, fee_bps) for name, text in written.items()}
    return {name: value for name, value in nano.items() if value or name in ("input", "output")}


def _written(price: Any) -> str:
    """A price's digits; a number is one that was written without quotes."""
    if isinstance(price, bool) or not isinstance(price, str | int | Decimal):
        raise ValueError("a price is neither a text nor a number")
    if isinstance(price, Decimal):
        return format(price, "f") if price.is_finite() and abs(price.adjusted()) < 40 else str(price)
    return str(price)


def _modality(row: Mapping[str, Any]) -> str:
    made = document.words(document.part(row, "architecture"), "output_modalities")
    return "image" if "image" in made and "text" not in made else "chat"


def _capabilities(row: Mapping[str, Any]) -> frozenset[str]:
    able = document.words(row, "supported_parameters")
    reads = document.words(document.part(row, "architecture"), "input_modalities")
    return frozenset(
        [ours for theirs, ours in _PARAMETERS.items() if theirs in able]
        + [ours for theirs, ours in _INPUTS.items() if theirs in reads]
    )
