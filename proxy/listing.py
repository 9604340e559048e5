"""One entry of /v1/models, in the shape that OpenAI's, OpenRouter's and Anthropic's clients read at once.

Plain values in, plain values out. Prices in so'm are per million tokens or characters, and per single image,
second or request, markup and VAT included, as strings. USD appears only where the operator allows it.
"""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Final

from billing.money import exact_uzs
from proxy.meter import Price
from proxy.offers import Offer
from routing.snaps import ModelSnap

_PER_UNIT: Final = frozenset({"image", "second", "request"})
_INPUTS: Final = {"vision": "image", "audio": "audio", "pdf": "file"}
_MODALITIES: Final = {
    # modality: (what goes in, what comes out)
    "chat": ("text", "text"),
    "embedding": ("text", "embeddings"),
    "image": ("text", "image"),
    "video": ("text", "video"),
    "speech": ("text", "audio"),
    "transcription": ("audio", "text"),
    "moderation": ("text", "moderation"),
}
_PARAMETERS: Final = (
    *("max_tokens", "max_completion_tokens", "temperature", "top_p", "stop", "seed", "n"),
    *("frequency_penalty", "presence_penalty", "logit_bias", "logprobs", "top_logprobs", "stream"),
)
_BY_CAPABILITY: Final = {
    "tools": ("tools", "tool_choice", "parallel_tool_calls"),
    "json": ("response_format", "structured_outputs"),
    "reasoning": ("reasoning", "reasoning_effort"),
}
# OpenRouter's names of the components, USD per single token.
_USD_NAMES: Final = {
    "input": "prompt",
    "output": "completion",
    "cached_input": "input_cache_read",
    "cache_write_5m": "input_cache_write",
    "reasoning": "internal_reasoning",
    "request": "request",
    "image": "image",
}


def item(offer: Offer, *, show_usd: bool) -> dict[str, Any]:
    """The union item (reference: OpenAI Model, OpenRouter's model list, Anthropic ModelInfo)."""
    model, server = offer.model, offer.server
    longest = server.max_output_tokens or server.context_window
    entry = {
        "id": model.slug,
        "object": "model",
        "type": "model",
        "created": int(model.created_at.timestamp()),
        "created_at": model.created_at.isoformat(),
        "owned_by": model.creator or model.slug.partition("/")[0],
        "name": model.name,
        "display_name": model.name,
        "description": model.description,
        "context_length": server.context_window,
        "max_input_tokens": server.context_window,
        "max_tokens": longest,
        "max_completion_tokens": longest,
        "architecture": _architecture(server),
        "top_provider": {
            "context_length": server.context_window,
            "max_completion_tokens": longest,
            "is_moderated": False,
        },
        "supported_parameters": parameters(server),
        "per_request_limits": None,
        "capabilities": _capabilities(server),
        "lifecycle": "retired" if model is not server else "active",
    }
    return entry | _ours(offer) | prices(offer, show_usd=show_usd)


def _ours(offer: Offer) -> dict[str, Any]:
    """What only we say about a model."""
    model, server = offer.model, offer.server
    entry: dict[str, Any] = {
        "modality": model.modality,
        "category": server.category,
        "features": sorted(server.capabilities),
        "free": server.free,
        "available": offer.available,
        "sandbox": offer.sandbox,
        "rpm": server.rpm,
        "strengths": model.strengths,
        "weaknesses": model.weaknesses,
    }
    if model is not server:
        entry["replaced_by"] = server.slug
    if server.max_duration_s:
        entry["max_duration_s"] = server.max_duration_s
    if server.default_size:
        entry["default_size"] = server.default_size
    if server.max_side_px:
        entry["max_side_px"] = server.max_side_px
    return entry


def prices(offer: Offer, *, show_usd: bool) -> dict[str, Any]:
    """The keys about money; none of them is ever null, because one null makes some clients drop the list."""
    price, free = offer.price, offer.server.free
    if price is None:
        return {}
    standard = uzs(price.sale.components)
    entry: dict[str, Any] = {
        "pricing_uzs": dict.fromkeys(standard, "0") if free else standard,
        "price_version": price.version,
    }
    if free:
        entry["standard_pricing_uzs"] = standard
    if price.sale.above_input:
        entry["pricing_uzs_above_input"] = [
            {"over_tokens": over, "pricing_uzs": uzs(components)}
            for over, components in price.sale.above_input
        ]
    if show_usd:
        entry["pricing"] = usd(price, free=free)
    return entry


def uzs(components: Mapping[str, int]) -> dict[str, str]:
    """Component → so'm of micros per 10^6 units, exactly."""
    return {
        name: _plain(Decimal(micros) / 10**12) if name in _PER_UNIT else exact_uzs(micros)
        for name, micros in components.items()
    }


def usd(price: Price, *, free: bool) -> dict[str, str]:
    """OpenRouter's `pricing`: USD per single unit with the markup; prompt and completion are always there."""
    shown = {"prompt": "0", "completion": "0"}
    for name, nano in price.cost.components.items():
        if name in _USD_NAMES:
            each = Decimal(nano) * (10_000 + price.bps) * (10_000 + price.fx_bps) / Decimal(10**23)
            shown[_USD_NAMES[name]] = "0" if free else _plain(each)
    return shown


def _plain(number: Decimal) -> str:
    text = format(number, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def _architecture(model: ModelSnap) -> dict[str, Any]:
    first, result = _MODALITIES[model.modality]
    inputs = [first, *(kind for name, kind in _INPUTS.items() if name in model.capabilities)]
    return {
        "modality": f"{'+'.join(inputs)}->{result}",
        "input_modalities": inputs,
        "output_modalities": [result],
        "tokenizer": model.tokenizer or "Other",
    }


def parameters(model: ModelSnap) -> list[str]:
    """What a chat call may ask of it beside its messages, by OpenAI's names."""
    if model.modality != "chat":
        return []
    extra = [name for key, names in _BY_CAPABILITY.items() if key in model.capabilities for name in names]
    return [*_PARAMETERS, *extra]


def _capabilities(model: ModelSnap) -> dict[str, dict[str, bool]]:
    """Anthropic's way to say what a model can do."""
    known = {
        "image_input": "vision",
        "pdf_input": "pdf",
        "structured_outputs": "json",
        "thinking": "reasoning",
        "tools": "tools",
    }
    return {name: {"supported": word in model.capabilities} for name, word in known.items()}
