"""What all reads of the control plane share: whose key it is, and how an answer is told."""

import hashlib
from typing import Any

import orjson
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.utils.cache import get_conditional_response
from ninja.security.base import AuthBase

from accounts.access import has_credentials, require_key
from accounts.models import ApiKey, Scope
from proxy import peek


class KeyAuth(AuthBase):
    """Finds the caller's key, for the view and the answer's headers; one that is no good is refused."""

    openapi_type = "http"
    openapi_scheme = "bearer"

    def __init__(self, *, required: bool = True) -> None:
        self._required = required
        super().__init__()

    def __call__(self, request: HttpRequest) -> bool:
        if self._required or has_credentials(request):
            request.api_key = require_key(request, Scope.INFERENCE)  # type: ignore[attr-defined]
        return True


class OptionalKeyAuth(KeyAuth):
    """The same for what visitors may read too."""

    def __init__(self) -> None:
        super().__init__(required=False)


def key_of(request: HttpRequest) -> ApiKey | None:
    """The caller's key; None for a visitor without one."""
    return getattr(request, "api_key", None)


def answer(request: HttpRequest, payload: dict[str, Any], status: int = 200) -> HttpResponse:
    """A JSON answer that no cache keeps for somebody else."""
    response = HttpResponse(orjson.dumps(payload), status=status, content_type="application/json")
    return private(request, response)


def public(request: HttpRequest, payload: dict[str, Any]) -> HttpResponseBase:
    """A JSON answer that is the same for everybody, for a minute; 304 for who has it already."""
    body = orjson.dumps(payload)
    mark = f'W/"{hashlib.sha256(body).hexdigest()[:32]}"'  # weak, as what compresses answers changes bytes
    response = get_conditional_response(request, etag=mark)
    if response is None:
        response = HttpResponse(body, content_type="application/json")
        response["ETag"] = mark
    response["Cache-Control"] = "public, max-age=60"
    return response


def private[Answer: HttpResponseBase](request: HttpRequest, response: Answer) -> Answer:
    """The answer with what is left of the key's rate windows, for its caller alone."""
    key = key_of(request)
    if key is not None:
        unix_time = request.path.startswith("/api/")
        for name, value in peek.headers(key, unix_time=unix_time).items():
            response[name] = value
        response["Cache-Control"] = "no-store"
    response["Vary"] = "Authorization, X-Api-Key"
    return response
