"""The receipt of one call: what a caller can check by hand. So'm only, no USD anywhere."""

from decimal import Decimal
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from billing.money import exact_uzs
from proxy.models import Request
from proxy.plan import considered
from routing.models import Endpoint

_TASHKENT = ZoneInfo("Asia/Tashkent")


def find(text: str, organization: int) -> Request | None:
    """The organization's own call of this id; a foreign, unknown and malformed id are all None."""
    try:
        wanted = UUID(text)
    except ValueError:
        return None
    return Request.objects.filter(id=wanted, org_id=organization).first()


def receipt(row: Request) -> dict[str, Any]:
    """The receipt as /v1/generation shows it."""
    return {
        "id": str(row.id),
        "object": "generation",
        "created_at": row.at.astimezone(_TASHKENT).isoformat(),
        "kind": row.kind,
        "model": row.model,
        "asked": row.asked,
        "stream": row.stream,
        "status": row.status,
        "http_status": row.http_status,
        "error_code": row.error_code or None,
        "finish_reason": row.finish_reason or None,
        "sandbox": row.sandbox,
        "endpoint": _endpoint(row),
        "attempts": [_attempt(attempt) for attempt in row.attempts],
        "route": [considered(reason) for reason in row.route],
        "usage": {
            "input_tokens": row.input_tokens,
            "cached_tokens": row.cached_tokens,
            "cache_write_tokens": row.cache_write_tokens,
            "output_tokens": row.output_tokens,
            "reasoning_tokens": row.reasoning_tokens,
            "cache_write_1h_tokens": row.cache_write_1h_tokens,
            "images": row.images,
            "seconds": row.seconds,
            "characters": row.characters,
            "estimated": row.estimated,
        },
        "latency_ms": row.latency_ms,
        "ttft_ms": row.ttft_ms,
    } | _money(row)


def _money(row: Request) -> dict[str, Any]:
    """Prices are so'm per million tokens: the provider's at the rate of `rate_date`, and with our markup."""
    return {
        "free": row.free,
        "prices_uzs": {
            name: {"base": exact_uzs(both["base"]), "final": exact_uzs(both["final"])}
            for name, both in row.prices.items()
        },
        "markup_percent": format((Decimal(row.markup_bps) / 100).normalize(), "f"),
        "rate_date": row.fx_date.isoformat() if row.fx_date else None,
        "price_version": f"c{row.cost_version}.f{row.fx_rate}.m{row.markup}",
        "price_uzs": exact_uzs(row.price_micros),
        "cost_uzs": exact_uzs(row.cost_micros),
        "hold_uzs": exact_uzs(row.hold_micros),
    }


def _endpoint(row: Request) -> dict[str, Any]:
    """Who answered, with which model: the sandbox's own where it stood in. The log keeps only the ids."""
    known = Endpoint.objects.select_related("provider", "model").filter(pk=row.endpoint_id or 0).first()
    return {
        "id": row.endpoint_id,
        "provider": row.provider,
        "provider_name": known.provider.name if known else row.provider,
        "model": known.model.slug if known else row.model,
        "upstream_name": known.upstream_name if known else None,
    }


def _attempt(attempt: dict[str, Any]) -> dict[str, Any]:
    return {name: attempt.get(name) for name in ("provider", "status", "error", "ms")}
