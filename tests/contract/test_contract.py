"""schemathesis over our own OpenAPI document against the live stack: no input makes a 5xx.

Requests that keep the schemas and requests that break them, for every operation there is. The suite's few are
always the same; CONTRACT_EXAMPLES=500 tries more, other ones each time.
"""

import copy
import os
from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import content_type_conformance, status_code_conformance

from cloudapi.openapi import document
from proxy.routes import BILLABLE
from proxy.surfaces import SURFACES
from tests.factories import make_caller
from tests.stack import Stack

EXAMPLES = int(os.environ.get("CONTRACT_EXAMPLES", "10"))
CHECKS = [not_a_server_error, content_type_conformance, status_code_conformance]
# Models that work, by what their callers want: an answer of 503 no_endpoint would be the test's own doing.
MODELS = {
    "chat": ["test/one", "test/any", "test/three@price"],
    "embedding": ["test/embed"],
    "moderation": ["test/moderate"],
    "image": ["test/image", "test/draw", "test/paint"],
    "speech": ["test/speak"],
    "transcription": ["test/hear"],
    "video": ["test/video"],
}
BY_DIALECT = {"anthropic": "test/claude", "gemini": "test/gemini"}
# /api/video lets a key in ten times a minute.
CALLS_OF_A_KEY = 9


def with_models() -> dict[str, Any]:
    """The document with the models that the test's catalog has."""
    found = copy.deepcopy(document())
    for path, route in BILLABLE.items():
        operation = found["paths"][path][route.method.lower()]
        for content in operation.get("requestBody", {}).get("content", {}).values():
            surface = SURFACES[route.surface]
            names = MODELS[surface.modality]
            if surface.modality == "chat":
                names = names + [BY_DIALECT[dialect] for dialect in surface.spoken & set(BY_DIALECT)]
            content["schema"]["properties"]["model"] = {"type": "string", "enum": names}
            content.pop("example", None)
    return found


class Callers:
    """Somebody with money and every scope; somebody else before a rate window is full."""

    def __init__(self) -> None:
        self._calls = 0
        self._headers: dict[str, str] = {}

    def headers(self) -> dict[str, str]:
        if self._calls % CALLS_OF_A_KEY == 0:
            self._headers = make_caller(balance_uzs=1_000_000, scopes=("inference", "manage")).headers
        self._calls += 1
        return self._headers


@pytest.fixture
def callers(stack: Stack) -> Iterator[Callers]:
    yield Callers()


schema = schemathesis.openapi.from_dict(with_models())


@schema.parametrize()
@settings(
    max_examples=EXAMPLES,
    derandomize="CONTRACT_EXAMPLES" not in os.environ,
    deadline=None,
    database=None,
    suppress_health_check=list(HealthCheck),
)
def test_no_input_breaks_it(case: Any, stack: Stack, callers: Callers) -> None:
    response = case.call(base_url=stack.url, headers=callers.headers(), timeout=60)
    case.validate_response(response, checks=CHECKS)


def test_the_books_are_right_after_all_that(stack: Stack) -> None:
    stack.check_ledger()
