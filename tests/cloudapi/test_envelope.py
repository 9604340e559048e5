"""Under /v1 and /api every error is one JSON envelope; elsewhere pages stay pages."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from django.db import OperationalError
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed, JsonResponse
from django.test import Client, RequestFactory
from rest_framework.exceptions import NotAuthenticated, Throttled, ValidationError
from rest_framework.request import Request

from cloudapi.envelope import JsonErrors, is_api, rest_error
from proxy.errors import ApiError


def answered(path: str, response: HttpResponse) -> HttpResponse:
    view: Callable[[HttpRequest], HttpResponse] = lambda request: response  # noqa: E731
    answer = JsonErrors(view)(RequestFactory().get(path))
    assert isinstance(answer, HttpResponse)
    return answer


@pytest.mark.parametrize(
    ("path", "meant"),
    [("/v1", True), ("/v1/x", True), ("/api/keys", True), ("/v1x", False), ("/apiary", False), ("/", False)],
)
def test_which_addresses_machines_read(path: str, meant: bool) -> None:
    assert is_api(path) is meant


@pytest.mark.parametrize("status", [400, 403, 404, 413, 500])
def test_a_page_of_an_error_becomes_the_envelope(status: int) -> None:
    answer = answered("/v1/x", HttpResponse("<h1>no</h1>", status=status))
    assert answer.status_code == status
    assert answer.headers["Content-Type"] == "application/json"
    assert b"<h1>" not in answer.content
    assert answer.headers["x-request-id"] == answer.headers["request-id"]
    assert answer.headers["x-request-id"].encode() in answer.content


def test_405_keeps_what_is_allowed() -> None:
    answer = answered("/api/x", HttpResponseNotAllowed(["POST"]))
    assert (answer.status_code, answer.headers["Allow"]) == (405, "POST")
    assert b"method_not_allowed" in answer.content


def test_our_own_envelope_passes_untouched() -> None:
    own = ApiError(404, "model_not_found", "No such model").body("req_1")
    answer = answered("/v1/models/x", HttpResponse(own, status=404, content_type="application/json"))
    assert answer.content == own


def test_someone_elses_json_does_not() -> None:
    assert b"request_id" in answered("/v1/x", JsonResponse({"detail": "x"}, status=422)).content


def test_pages_stay_pages() -> None:
    answer = answered("/models", HttpResponse("<h1>no</h1>", status=404))
    assert answer.content == b"<h1>no</h1>"
    assert "x-request-id" not in answer.headers


def rest(error: Exception) -> Any:
    response = rest_error(error, {"request": Request(RequestFactory().get("/api/keys"))})
    assert response is not None
    return response


def test_a_rest_validation_error_names_its_field() -> None:
    response = rest(ValidationError({"name": ["May not be blank."]}))
    assert response.status_code == 400
    assert response.data["error"]["param"] == "name"
    assert response.data["error"]["message"] == "May not be blank."


def test_other_rest_errors() -> None:
    assert rest(NotAuthenticated()).data["error"]["type"] == "invalid_request_error"
    throttled = rest(Throttled(wait=7))
    assert (throttled.status_code, throttled.headers["Retry-After"]) == (429, "7")
    assert rest(ApiError(402, "insufficient_balance", "Top up")).status_code == 402


@pytest.mark.django_db
@pytest.mark.parametrize("debug", [True, False])
@pytest.mark.parametrize("path", ["/v1/nothing/here", "/api/nothing"])
def test_an_unknown_address(client: Client, settings: Any, path: str, debug: bool) -> None:
    settings.DEBUG = debug
    answer = client.get(path)
    assert answer.status_code == 404
    assert answer.json()["error"]["code"] == "unknown_url"


def test_healthz_needs_no_store(client: Client) -> None:
    assert client.get("/healthz").content == b"ok\n"


@pytest.mark.django_db
def test_readyz_tells_the_state_of_both_stores(client: Client) -> None:
    assert client.get("/readyz").json() == {"postgresql": True, "redis": True}


def test_a_database_that_is_away_is_503() -> None:
    request = RequestFactory().get("/api/keys")
    request.request_id = "r-1"  # type: ignore[attr-defined]
    middleware = JsonErrors(lambda request: HttpResponse())
    answer = middleware.process_exception(request, OperationalError("couldn't get a connection"))
    assert answer is not None
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "2")
    assert json.loads(answer.content)["error"]["code"] == "database_unavailable"
    assert middleware.process_exception(request, ValueError()) is None
