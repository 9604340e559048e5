"""One OpenAPI 3.1 document of both planes, and Swagger UI over it; cloudapi/reference makes a page of it.

Three sources: django-ninja's public reads, DRF's management API (drf-spectacular) and, for the data plane,
proxy/openapi. The same name for two different schemas is refused while merging.
"""

from functools import cache
from typing import Any, Final

import orjson
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.csp import CSP
from django.utils.translation import override
from django.views.decorators.csp import csp_override
from django.views.decorators.http import require_safe
from drf_spectacular.generators import SchemaGenerator

from proxy import openapi
from proxy.api import api
from proxy.openapi.operation import KEY, REFUSALS, X_API_KEY, refusals
from proxy.reads import KeyAuth, OptionalKeyAuth

Document = dict[str, Any]

# What was asked for in a page is shown there: images, sound and video out of the browser's own memory.
_SHOWN: Final = [CSP.SELF, "data:", "blob:"]
PLAYGROUND_CSP: Final[dict[str, Any]] = {**settings.SECURE_CSP, "img-src": _SHOWN, "media-src": _SHOWN}

DESCRIPTION: Final = (
    "One key and one endpoint for every AI model, paid in so'm. Refusals have one envelope everywhere; "
    "amounts are so'm as strings."
)
TAGS: Final = (
    *("Chat", "Messages", "Responses", "Embeddings", "Images", "Audio", "Videos", "CloudGPT"),
    *("Models", "Receipts", "Keys", "Projects", "Members", "Budgets", "Wallet", "Usage", "Content"),
)
_BY_KEY: Final[list[Document]] = [{KEY: []}, {X_API_KEY: []}]
# ninja names a scheme after the class that checks it.
_SECURITY: Final = {KeyAuth.__name__: _BY_KEY, OptionalKeyAuth.__name__: [{}, *_BY_KEY]}
# Statuses of calls to models.
_NEVER_THERE: Final = frozenset({"402", "409", "422", "502", "504"})
_METHODS: Final = frozenset({"get", "post", "put", "patch", "delete", "head"})


@cache
def document() -> Document:
    """The whole document; it changes with the code only, not with the language of whoever asks first."""
    with override(None):
        parts = (_reads(), _management(), openapi.document(), _others())
    paths: Document = {}
    components: Document = {}
    for part in parts:
        for path, methods in part["paths"].items():
            _merge(paths.setdefault(path, {}), methods)
        for kind, members in part["components"].items():
            _merge(components.setdefault(kind, {}), members)
    return {
        "openapi": "3.1.0",
        "info": {"title": "CloudAPI", "version": "1", "description": DESCRIPTION},
        "servers": [{"url": "/"}],
        "tags": [{"name": tag} for tag in TAGS],
        "paths": dict(sorted(paths.items())),
        "components": components,
    }


def _merge(whole: Document, part: Document) -> None:
    """Adds the members of `part`. Raises ValueError where two sources differ about a name."""
    for name, value in part.items():
        if whole.setdefault(name, value) != value:
            raise ValueError(f"two parts of the OpenAPI document differ about {name!r}")


def _reads() -> Document:
    """What django-ninja serves, with our names for its security."""
    found: Document = _plain(api.get_openapi_schema(path_prefix=""))
    for operation in _operations(found):
        for scheme in operation.pop("security", []):
            operation["security"] = _SECURITY[next(iter(scheme))]
        told = REFUSALS.keys() & operation["responses"].keys()  # with the plain phrases of HTTP
        operation["responses"] |= refusals("400", "429", "500", "503", *told)
    return {"paths": found["paths"], "components": {"schemas": found["components"]["schemas"]}}


def _management() -> Document:
    """What DRF serves."""
    found: Document = _plain(SchemaGenerator().get_schema(request=None, public=True))  # type: ignore[no-untyped-call]
    for operation in _operations(found):
        operation["responses"] |= refusals(*(status for status in REFUSALS if status not in _NEVER_THERE))
    return {"paths": found["paths"], "components": {"schemas": found["components"]["schemas"]}}


def _plain(found: Any) -> Document:
    """Plain values with string keys: ninja's statuses are numbers."""
    plain: Document = orjson.loads(orjson.dumps(found, option=orjson.OPT_NON_STR_KEYS))
    return plain


def _operations(found: Document) -> list[Document]:
    return [
        operation
        for path in found["paths"].values()
        for method, operation in path.items()
        if method in _METHODS
    ]


def _others() -> Document:
    """Sessions, and the plain view that belongs to no framework."""
    scheme = {
        "type": "apiKey",
        "in": "cookie",
        "name": settings.SESSION_COOKIE_NAME,
        "description": "A person who is signed in; changes need the header X-CSRFToken too.",
    }
    hello = {
        "operationId": "hello",
        "tags": ["Models"],
        "summary": "Is anybody there?",
        "description": "What Claude Code asks before anything else.",
        "security": [{}],
        "responses": {
            "200": {"description": "Yes.", "content": {"text/plain": {"schema": {"type": "string"}}}}
        },
    }
    return {
        "paths": {"/api/hello": {"get": hello}},
        "components": {"securitySchemes": {"session": scheme}},
    }


@require_safe
def openapi_json(request: HttpRequest) -> HttpResponse:
    """GET /openapi.json, readable by tools of other sites too: it says nothing about anybody."""
    response = HttpResponse(orjson.dumps(document()), content_type="application/json")
    response["Access-Control-Allow-Origin"] = "*"
    return response


@csp_override(PLAYGROUND_CSP)
@require_safe
def swagger(request: HttpRequest) -> HttpResponse:
    """GET /docs/api/swagger: the same document in Swagger UI, for those who know it, from our own host.

    It sends the CSRF token along, so that a session counts where it may.
    """
    shown = {
        "url": reverse("openapi"),
        "layout": "BaseLayout",
        "deepLinking": True,
        "persistAuthorization": False,
    }
    return render(request, "site/swagger.html", {"settings": shown})
