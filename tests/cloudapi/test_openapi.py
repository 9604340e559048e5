"""The one OpenAPI document: valid, whole, and nothing in it that isn't served."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import drf_spectacular
import jsonschema
import pytest
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver

from cloudapi.envelope import is_api
from cloudapi.openapi import document
from proxy.openapi import OPERATIONS
from proxy.routes import BILLABLE

OFFICIAL = Path(drf_spectacular.__file__).parent / "validation" / "openapi_3_1_schema.json"
METHODS = {"get", "post", "put", "patch", "delete", "head"}


def operations() -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, item in document()["paths"].items():
        for method, operation in item.items():
            yield path, method, operation


def addresses(patterns: list[URLPattern | URLResolver], prefix: str = "/") -> Iterator[str]:
    """Every address of Django's urlconf as OpenAPI writes it."""
    for pattern in patterns:
        route = prefix + str(pattern.pattern).lstrip("^")
        if isinstance(pattern, URLResolver):
            yield from addresses(pattern.url_patterns, route)
        else:
            yield re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", route)


def test_it_is_valid_by_the_official_schema() -> None:
    assert document()["openapi"] == "3.1.0"
    jsonschema.Draft202012Validator(json.loads(OFFICIAL.read_text())).validate(document())


def test_every_schema_in_it_is_one() -> None:
    for name, schema in document()["components"]["schemas"].items():
        jsonschema.Draft202012Validator.check_schema(schema), name


def test_every_billable_route_is_in_it_and_no_other() -> None:
    billable = {(path, route.method.lower()) for path, route in BILLABLE.items()}
    described = {(path, method) for path, method, _ in operations()}
    assert billable <= described
    assert not [path for path in BILLABLE if path not in OPERATIONS]


def test_every_address_of_django_is_in_it_and_no_other() -> None:
    served = {address for address in addresses(get_resolver().url_patterns) if is_api(address)}
    assert served | set(BILLABLE) == set(document()["paths"])


def test_every_reference_leads_somewhere() -> None:
    text = json.dumps(document())
    for pointer in set(re.findall(r'"\$ref": "#/([^"]+)"', text)):
        place: Any = document()
        for step in pointer.split("/"):
            place = place[step]


def test_operations_have_names_of_their_own() -> None:
    names = [operation["operationId"] for _, _, operation in operations()]
    assert len(names) == len(set(names))


def test_forms_are_described_where_forms_are_read() -> None:
    for path, route in BILLABLE.items():
        content = document()["paths"][path][route.method.lower()]["requestBody"]["content"]
        assert ("multipart/form-data" in content) == route.form, path


def test_who_may_do_without_a_key() -> None:
    keyless = {path for path, _, operation in operations() if {} in operation.get("security", [{}])}
    assert {path for path, route in BILLABLE.items() if route.anonymous_rpm} <= keyless
    assert not keyless & {path for path, route in BILLABLE.items() if not route.anonymous_rpm}
    assert not [path for path in keyless if path.startswith("/api/keys")]


@pytest.mark.parametrize("path", sorted(OPERATIONS))
def test_examples_are_what_the_schema_wants(path: str) -> None:
    operation = OPERATIONS[path]
    if operation.body is not None:
        root = {**operation.body, "components": document()["components"]}
        jsonschema.Draft202012Validator(root).validate(dict(operation.example))


def test_refusals_are_the_envelope(client: Client) -> None:
    schemas = document()["components"]["schemas"]
    answer = client.get("/v1/models?key=x").json()
    jsonschema.Draft202012Validator({**schemas["Envelope"], "components": document()["components"]}).validate(
        answer
    )


def test_it_is_served_to_everybody(client: Client) -> None:
    answer = client.get("/openapi.json")
    assert answer.json() == json.loads(json.dumps(document()))
    assert answer["Access-Control-Allow-Origin"] == "*"
    assert client.post("/openapi.json").status_code == 405


@pytest.mark.django_db
def test_swagger_ui_needs_nothing_from_elsewhere(client: Client) -> None:
    answer = client.get("/docs/api/swagger")
    page = answer.content.decode()
    assert "/static/ninja/swagger-ui-bundle.js" in page
    assert "https://" not in page
    assert "'unsafe" not in answer["Content-Security-Policy"]
    assert "script-src 'self'" in answer["Content-Security-Policy"]
