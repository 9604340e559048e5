"""Under /v1 and /api every error is the JSON envelope of proxy/errors.py, whoever raised it, DEBUG or not."""

import logging
from collections.abc import Callable
from typing import Any

from django.core.exceptions import DisallowedHost
from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from rest_framework.exceptions import APIException, ValidationError
from rest_framework.response import Response
from rest_framework.views import exception_handler

from billing.ids import new_op_id
from proxy.errors import ApiError, unavailable
from proxy.exchange import check_query, unknown_host

log = logging.getLogger(__name__)

_PREFIXES = ("/v1", "/api")
_KNOWN = {
    400: ("bad_request", "The request could not be understood."),
    401: ("invalid_api_key", "No valid credential was given."),
    403: ("permission_denied", "This is not allowed."),
    404: ("not_found", "There is nothing at this address."),
    405: ("method_not_allowed", "This address does not take this method."),
    406: ("not_acceptable", "This address answers JSON only."),
    408: ("request_timeout", "The request took too long to arrive."),
    413: ("request_too_large", "The body is too large."),
    415: ("unsupported_media_type", "Send application/json."),
    422: ("invalid_request", "A value in the request is not valid."),
    429: ("rate_limit_exceeded", "Too many requests."),
}


def is_api(path: str) -> bool:
    """Whether machines read this address."""
    return any(path == prefix or path.startswith(prefix + "/") for prefix in _PREFIXES)


def error_of(status: int) -> ApiError:
    """The error for a bare HTTP status."""
    code, message = _KNOWN.get(status, ("internal_error", "Something broke on our side; we have been told."))
    return ApiError(status, code, message)


class JsonErrors:
    """Outermost middleware: gives /v1 and /api answers a request id and our shape of error."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if not is_api(request.path):
            return self.get_response(request)
        request_id = str(new_op_id())
        request.request_id = request_id  # type: ignore[attr-defined]
        response = _door(request, request_id) or self.get_response(request)
        if response.status_code >= 400:
            if not _is_envelope(response):
                response = _replaced(response, request_id)
            response.headers["Cache-Control"] = "no-store"
        response.headers.setdefault("x-request-id", request_id)
        response.headers.setdefault("request-id", response.headers["x-request-id"])
        return response

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        """A database that is away, or has no connection to spare, is 503: a retry helps."""
        if not is_api(request.path) or not isinstance(exception, OperationalError | InterfaceError):
            return None
        log.error("%s: %s", request.path, type(exception).__name__)
        error = unavailable("database_unavailable", "The database is busy or away; try again.")
        return _answer(error, request.request_id)  # type: ignore[attr-defined]


def _door(request: HttpRequest, request_id: str) -> HttpResponse | None:
    """What the data plane refuses at its door is refused on this one too."""
    try:
        request.get_host()
        check_query(request.META.get("QUERY_STRING", ""))
    except DisallowedHost:
        return _answer(unknown_host(), request_id)
    except ApiError as error:
        return _answer(error, request_id)
    return None


def _is_envelope(response: HttpResponseBase) -> bool:
    body = getattr(response, "content", b"")
    return response.headers.get("Content-Type", "").startswith("application/json") and b'"request_id"' in body


def _replaced(response: HttpResponseBase, request_id: str) -> HttpResponse:
    error = error_of(response.status_code)
    if error.status == 404:  # ours say what is missing
        error.code = "unknown_url"
    answer = _answer(error, request_id)
    for name in ("Allow", "Retry-After", "WWW-Authenticate"):
        if name in response.headers:
            answer.headers[name] = response.headers[name]
    return answer


def _answer(error: ApiError, request_id: str) -> HttpResponse:
    answer = HttpResponse(error.body(request_id), status=error.status, content_type="application/json")
    answer.headers["Content-Length"] = str(len(answer.content))
    for name, value in error.headers.items():
        answer.headers[name] = value
    return answer


def rest_error(exc: Exception, context: dict[str, Any]) -> Response | None:
    """DRF's EXCEPTION_HANDLER: the same envelope with DRF's own message and the first offending field."""
    response = Response() if isinstance(exc, ApiError) else exception_handler(exc, context)
    if response is None:
        return None
    error = exc if isinstance(exc, ApiError) else error_of(response.status_code)
    if isinstance(exc, ValidationError):
        error.param, error.message = _first(exc.detail)
    elif isinstance(exc, APIException):
        error.message = str(exc.detail)
    response.status_code = error.status
    request_id = getattr(context["request"], "request_id", None) or str(new_op_id())
    response.data = error.payload(request_id)
    for name, value in error.headers.items():
        response.headers.setdefault(name, value)
    return response


def _first(detail: Any, param: str | None = None) -> tuple[str | None, str]:
    while isinstance(detail, dict | list) and detail:
        if isinstance(detail, dict):
            param, detail = next(iter(detail.items()))
        else:
            detail = detail[0]
    return (None if param == "non_field_errors" else param), str(detail)
