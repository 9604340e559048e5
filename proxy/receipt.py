"""The receipt of one call: what a caller can check by hand. So'm only, no USD anywhere."""

from decimal import Decimal
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from billing.money import exact_uzs
from proxy.meter import version_name
from proxy.models import Request
from proxy.plan import considered
from routing.energy.models import DataCentre
from routing.models import CostVersion, Endpoint

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
        "datacenter": datacenter(row),
        "rescued": rescued(row),
        "attempts": [_attempt(attempt) for attempt in row.attempts],
        "route": [considered(reason) for reason in reasons_of(row)],
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


def reasons_of(row: Request) -> list[dict[str, Any]]:
    """The endpoints considered, as plan.reason() makes them. The log keeps ids alone where the operator's
    order stood and nobody was passed over.
    """
    ids = [one for one in row.route if isinstance(one, int)]
    slugs = dict(Endpoint.objects.filter(pk__in=ids).values_list("pk", "provider__slug")) if ids else {}
    return [
        {"endpoint": one, "provider": slugs.get(one), "model": row.model} if isinstance(one, int) else one
        for one in row.route
    ]


def datacenter(row: Request) -> dict[str, Any] | None:
    """The site of ours that answered; None where somebody else did.

    why: what spoke for it, or that another one failed before it. price_of: the site whose price was paid, the
    lowest of those that were open. own_cost_version: what the electricity of the serving one made it.
    """
    reason = next((one for one in row.route if isinstance(one, dict) and _is_at_site(one, row)), None)
    if reason is None:
        return None
    site = DataCentre.objects.select_related("provider").filter(provider__slug=reason["site"]).first()
    failed = any(one.get("endpoint") != row.endpoint_id for one in row.attempts)
    paid = CostVersion.objects.select_related("endpoint__provider").filter(pk=row.cost_version or 0).first()
    return {
        "id": reason["site"],
        "name": site.provider.name if site else reason["site"],
        "place": site.place if site else None,
        "country": site.country if site else None,
        "why": "failover" if failed else reason.get("why"),
        "price_of": paid.endpoint.provider.slug if paid else None,
        "price_of_name": paid.endpoint.provider.name if paid else None,
        "own_cost_version": f"c{reason.get('own')}",
    }


def _is_at_site(reason: dict[str, Any], row: Request) -> bool:
    return "site" in reason and reason["endpoint"] == row.endpoint_id


def _money(row: Request) -> dict[str, Any]:
    """Prices are so'm per million tokens: the provider's at the rate of `rate_date`, and with our markup.

    An exchange margin is told only where there was one.
    """
    margin = {"fx_margin_percent": percent(row.fx_margin_bps)} if row.fx_margin_bps else {}
    return {
        "free": row.free,
        "prices_uzs": {
            name: {part: exact_uzs(micros) for part, micros in parts.items()}
            for name, parts in row.prices.items()
        },
        "markup_percent": percent(row.markup_bps),
        "rate_date": row.fx_date.isoformat() if row.fx_date else None,
        "price_version": version_name(row.cost_version, row.fx_rate, row.markup, row.fx_margin),
        "price_uzs": exact_uzs(row.price_micros),
        "cost_uzs": exact_uzs(row.cost_micros),
        "hold_uzs": exact_uzs(row.hold_micros),
    } | margin


def percent(bps: int) -> str:
    """Basis points as an exact decimal of per cent: 525 → "5.25"."""
    return format((Decimal(bps) / 100).normalize(), "f")


def _endpoint(row: Request) -> dict[str, Any]:
    """Who answered, with which model: the sandbox's own where it stood in. The log keeps only the ids."""
    every = Endpoint.objects.select_related("provider", "model")
    known = every.filter(pk=row.endpoint_id or 0).first()
    asked = known
    if known is not None and row.sandbox and known.model.slug == row.model:  # at a site of ours
        modality = known.model.modality
        asked = every.filter(provider__sandbox=True, model__modality=modality, retired_at=None).first()
    return {
        "id": row.endpoint_id,
        "provider": row.provider,
        "provider_name": known.provider.name if known else row.provider,
        "model": asked.model.slug if asked else row.model,
        "upstream_name": asked.upstream_name if asked else None,
    }


def _attempt(attempt: dict[str, Any]) -> dict[str, Any]:
    """One try. Where several endpoints gave the answer: tokens of its part, and so'm per million of them."""
    told = {name: attempt.get(name) for name in ("provider", "status", "error", "ms")}
    if attempt.get("output_tokens") is None:
        return told
    price = exact_uzs(attempt["output_price"])
    return told | {"output_tokens": attempt["output_tokens"], "output_price_uzs": price}


def rescued(row: Request) -> bool:
    """Whether an endpoint broke off in the middle of the answer and another one went on with it."""
    return sum(attempt.get("output_tokens") is not None for attempt in row.attempts) > 1
