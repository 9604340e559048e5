"""Public reads of the data plane's facts: models with prices, and the receipt of one call.

A key is optional for the catalog: without one everything on sale is listed, with one exactly what its project
may call and what is served now. Refusals are the same envelope as on billable calls.
"""

from typing import Any, Literal

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from ninja import NinjaAPI
from ninja.errors import ValidationError

from accounts.errors import AccountsError
from accounts.models import ApiKey
from billing.ids import new_op_id
from proxy import cloudgpt, quality, receipt
from proxy.credits import credits_of
from proxy.denials import denial
from proxy.errors import ApiError, invalid
from proxy.listing import item
from proxy.offers import Offer, catalog, market, offer, offers
from proxy.paging import page
from proxy.price_history import as_json as price_history_json
from proxy.price_history import no_such_model, price_history, rate_of, rates_now, sites_as_json
from proxy.reads import KeyAuth, OptionalKeyAuth, answer, key_of, public
from proxy.shapes import (
    CloudgptModels,
    CloudgptVideoModels,
    Credits,
    EnergySites,
    Envelope,
    Generation,
    ModelItem,
    ModelList,
    PriceHistory,
    Status,
)
from proxy.video.api import router as videos
from routing import choose
from routing.energy.costs import costs_now
from routing.energy.series import WINDOWS
from routing.errors import InvalidStrategy, NoEndpoint, UnknownModel

# cloudapi/openapi.py merges its document with those of the data plane and of the management API.
api = NinjaAPI(title="CloudAPI", version="1", openapi_url=None)
api.add_router("/v1/videos", videos)


@api.get(
    "/v1/models",
    tags=["Models"],
    auth=OptionalKeyAuth(),
    response={200: ModelList, 400: Envelope, 401: Envelope},
    summary="List models",
)
def list_models(
    request: HttpRequest, limit: int = 20, after_id: str = "", before_id: str = "", fields: str = ""
) -> HttpResponse:
    """All models at once; in pages of `limit` if the request carries `anthropic-version`.

    `fields`: which ones of a model's are wanted, separated by commas; `id` is always there.
    """
    key = key_of(request)
    shown = [row for row in offers(market()) if key is None or _callable(row, key)]
    if "anthropic-version" in request.headers:
        shown, more = page(shown, limit=limit, after=after_id, before=before_id)
    else:
        more = False
    data = [item(row, show_usd=settings.SHOW_USD) for row in shown]
    ends = (
        {"first_id": data[0]["id"], "last_id": data[-1]["id"]}
        if data
        else {"first_id": None, "last_id": None}
    )
    if wanted := {name for name in fields.split(",") if name}:
        data = _narrowed(data, wanted)
    return answer(request, {"object": "list", "data": data, "has_more": more} | ends)


def _narrowed(items: list[dict[str, Any]], wanted: set[str]) -> list[dict[str, Any]]:
    """Each with its id and these fields alone. Raises ApiError 400 for one that no model has."""
    known = ModelItem.model_fields.keys() | {name for one in items for name in one}
    for name in sorted(wanted - known):
        raise invalid("invalid_value", f"A model has no field {name!r}.", param="fields")
    kept = wanted | {"id"}
    return [{name: value for name, value in one.items() if name in kept} for one in items]


@api.get(
    "/v1/models/{path:model_id}/price-history",
    tags=["Models"],
    response={200: PriceHistory, 304: None, 404: Envelope},
    summary="What a hosted model cost lately",
)
def read_price_history(
    request: HttpRequest, model_id: str, window: Literal["4h", "24h", "7d"] = "24h"
) -> HttpResponseBase:
    """48, 288 or 336 points of 5, 5 or 30 minutes up to now, side by side; nobody needs a key.

    A point is the time-weighted mean of what a million output tokens cost at the cheapest site that was
    available, with the part of it that is electricity, and the least and the most of its time. All of it is
    at today's exchange rate. Ask again after a minute, with `If-None-Match`.
    """
    found = price_history(model_id, WINDOWS[window])
    if found is None:
        raise ApiError(404, "no_price_history", "No site of ours hosts this model.", param="model")
    return public(request, price_history_json(found))


@api.get(
    "/v1/energy/sites",
    tags=["Models"],
    response={200: EnergySites, 304: None},
    summary="Our sites and their prices now",
)
def list_energy_sites(request: HttpRequest) -> HttpResponseBase:
    """Where hosted models run, how live each site's price is, and what a million tokens cost there now.

    A call pays the lowest price among the available sites, whichever of them answers it.
    """
    return public(request, sites_as_json(costs_now(), rate_of(rates_now())))


@api.get(
    "/v1/status",
    tags=["Models"],
    response={200: Status, 304: None},
    summary="State of models and their providers",
)
def read_status(request: HttpRequest) -> HttpResponseBase:
    """Share of errors, times and token rates of the last hour, day and 90 days; nobody needs a key.

    Out of real calls, up to a minute ago. What a request's own fault made fail is left out. Ask again after
    a minute, with `If-None-Match`.
    """
    return public(request, quality.status())


@api.get(
    "/v1/models/{path:model_id}",
    tags=["Models"],
    auth=OptionalKeyAuth(),
    response={200: ModelItem, 401: Envelope, 404: Envelope},
    summary="One model",
)
def retrieve_model(request: HttpRequest, model_id: str) -> HttpResponse:
    """By id, alias or display name; strategy tags are allowed. A retired id names its successor."""
    key = key_of(request)
    here = market()
    try:
        found = choose.resolve(here.catalog, model_id, key.project.allowed_models if key else None)
        asked = found.model if found.bare else here.catalog.models[choose.slug_of(here.catalog, model_id)]
    except (UnknownModel, NoEndpoint):
        raise no_such_model() from None
    except InvalidStrategy as error:
        raise invalid("invalid_strategy", str(error), "model") from None
    row = offer(here, asked)
    if key is not None and not _allowed(row, key):
        raise no_such_model()
    response = answer(request, item(row, show_usd=settings.SHOW_USD))
    response["x-cloudapi-model"] = row.server.slug
    return response


@api.get(
    "/v1/generation/{request_id}",
    tags=["Receipts"],
    auth=KeyAuth(),
    response={200: Generation, 401: Envelope, 404: Envelope},
    summary="The receipt of one call",
)
def generation(request: HttpRequest, request_id: str) -> HttpResponse:
    """Route, tokens and price of a call by its `x-request-id`, for the organization that made it."""
    key = key_of(request)
    row = receipt.find(request_id, key.project.organization_id) if key is not None else None
    if row is None:
        raise ApiError(404, "not_found", "There is no such generation.")
    return answer(request, receipt.receipt(row))


@api.get(
    "/v1/credits",
    tags=["Wallet"],
    auth=KeyAuth(),
    response={200: Credits, 401: Envelope},
    summary="What was paid in and used",
)
def read_credits(request: HttpRequest) -> HttpResponse:
    """In so'm, for the key's organization. What is left is total_credits less total_usage."""
    key = key_of(request)
    assert key is not None
    return answer(request, {"data": credits_of(key.project.organization_id)})


def _cloudgpt_models(request: HttpRequest, modality: str) -> HttpResponse:
    key = key_of(request)
    found = cloudgpt.models(catalog(), modality, key.project.allowed_models if key else None)
    return answer(request, {"object": "list", "data": found})


CLOUDGPT: Any = {
    "tags": ["CloudGPT"],
    "auth": OptionalKeyAuth(),
    "response": {200: CloudgptModels, 401: Envelope},
}


@api.get("/api/models/chat", summary="Chat models", **CLOUDGPT)
def list_chat_models(request: HttpRequest) -> HttpResponse:
    """CloudGPT's chat models: all of them, or those that the key's project may call."""
    return _cloudgpt_models(request, "chat")


@api.get("/api/models/image", summary="Image models", **CLOUDGPT)
def list_image_models(request: HttpRequest) -> HttpResponse:
    """CloudGPT's image models."""
    return _cloudgpt_models(request, "image")


@api.get(
    "/api/models/video",
    summary="Video models",
    **CLOUDGPT | {"response": {200: CloudgptVideoModels, 401: Envelope}},
)
def list_video_models(request: HttpRequest) -> HttpResponse:
    """CloudGPT's video models with their longest duration in seconds."""
    return _cloudgpt_models(request, "video")


def _allowed(row: Offer, key: ApiKey) -> bool:
    models = key.project.allowed_models
    return models is None or row.server.slug in models


def _callable(row: Offer, key: ApiKey) -> bool:
    return row.available and _allowed(row, key)


def _refuse(request: HttpRequest, error: ApiError) -> HttpResponse:
    request_id = getattr(request, "request_id", None) or str(new_op_id())
    response = answer(request, error.payload(request_id), error.status)
    for name, value in error.headers.items():
        response[name] = value
    return response


@api.exception_handler(ApiError)
def _on_api_error(request: HttpRequest, error: ApiError) -> HttpResponse:
    return _refuse(request, error)


@api.exception_handler(AccountsError)
def _on_accounts_error(request: HttpRequest, error: AccountsError) -> HttpResponse:
    return _refuse(request, denial(error))


@api.exception_handler(ValidationError)
def _on_validation_error(request: HttpRequest, error: ValidationError) -> HttpResponse:
    first = error.errors[0]
    return _refuse(request, invalid("invalid_value", str(first.get("msg", "")), str(first["loc"][-1])))
