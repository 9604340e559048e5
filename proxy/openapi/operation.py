"""One billable address as OpenAPI 3.1 describes it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from proxy.openapi.schema import Schema, ref, text, whole

KEY: Final = "key"  # the security scheme: an API key as a Bearer token
X_API_KEY: Final = "x-api-key"

REFUSALS: Final = {
    "400": ("BadRequest", "The request itself is wrong; `error.param` names the field."),
    "401": ("Unauthorized", "No key was given, or one that is no good."),
    "402": ("PaymentRequired", "The wallet, or a budget, is too small for this call."),
    "403": ("Forbidden", "The key may not do this."),
    "404": ("NotFound", "There is no such model, object or address."),
    "408": ("RequestTimeout", "The request stopped coming."),
    "409": ("Conflict", "The Idempotency-Key belongs to a call that runs or is over."),
    "413": ("TooLarge", "The body is too large."),
    "415": ("UnsupportedMediaType", "The body is of another type, encoding or charset."),
    "422": ("IdempotencyKeyReused", "The Idempotency-Key came with another body before."),
    "429": ("TooManyRequests", "Over a rate limit, or today's free requests are used up."),
    "500": ("InternalError", "Something broke on our side."),
    "502": ("UpstreamError", "The model's provider failed."),
    "503": ("Unavailable", "No provider serves the model, or a part of ours is away."),
    "504": ("UpstreamTimeout", "The model's provider took too long."),
}
HEADERS: Final[dict[str, Schema]] = {
    "x-request-id": text("Names this call in receipts: GET /v1/generation/{id}."),
    "x-ratelimit-limit": whole("Requests per minute in the tightest window."),
    "x-ratelimit-remaining": whole("Requests left in it."),
    "x-ratelimit-reset": whole("When it ends: seconds from now under /v1, a Unix time under /api."),
    "x-cloudapi-model": text("The model that answered."),
    "x-cloudapi-provider": text("Who served it."),
    "x-cloudapi-datacenter": text("The site of ours that served it; absent where somebody else did."),
    "x-cloudapi-route": text("Who was considered, with scores or why not: `alpha=1.000, beta=!ignored`."),
    "x-cloudapi-cost-uzs": text("What was charged, in so'm; of a stream in its last chunk."),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """body: of application/json. form: of multipart/form-data. answers: content type → schema of a 200.

    keyless: may be called without a key, on free models.
    """

    path: str
    id: str
    tag: str
    summary: str
    description: str = ""
    body: Schema | None = None
    form: Schema | None = None
    answers: Mapping[str, Schema]
    parameters: tuple[Schema, ...] = ()
    keyless: bool = False
    method: str = "POST"
    example: Mapping[str, Any] = field(default_factory=dict)

    def described(self) -> Schema:
        """The OpenAPI operation object."""
        return {
            "operationId": self.id,
            "tags": [self.tag],
            "summary": self.summary,
            **({"description": self.description} if self.description else {}),
            "security": [*([{}] if self.keyless else []), {KEY: []}, {X_API_KEY: []}],
            "parameters": [{"$ref": "#/components/parameters/IdempotencyKey"}, *self.parameters],
            "requestBody": {"required": True, "content": self._content()},
            "responses": {"200": self._answer(), **refusals(*REFUSALS)},
        }

    def _content(self) -> Schema:
        example = {"example": dict(self.example)} if self.example else {}
        content: Schema = {}
        if self.body is not None:
            content["application/json"] = {"schema": self.body, **example}
        if self.form is not None:
            content["multipart/form-data"] = {"schema": self.form}
        return content

    def _answer(self) -> Schema:
        return {
            "description": "The answer.",
            "headers": {name: {"$ref": f"#/components/headers/{name}"} for name in HEADERS},
            "content": {kind: {"schema": schema} for kind, schema in self.answers.items()},
        }


def refusals(*statuses: str) -> Schema:
    """References to the refusals of these statuses."""
    return {status: {"$ref": f"#/components/responses/{REFUSALS[status][0]}"} for status in statuses}


def components() -> Schema:
    """What the operations refer to beside their schemas."""
    envelope = {"application/json": {"schema": ref("Envelope")}}
    return {
        "responses": {
            name: {"description": description, "content": envelope} for name, description in REFUSALS.values()
        },
        "headers": {name: {"schema": schema} for name, schema in HEADERS.items()},
        "parameters": {
            "IdempotencyKey": {
                "name": "Idempotency-Key",
                "in": "header",
                "description": "Within a project and 24 hours the same key is never charged twice.",
                "schema": text(minLength=1, maxLength=255),
            }
        },
        "securitySchemes": {
            KEY: {"type": "http", "scheme": "bearer", "description": "An API key, `cap-…`."},
            X_API_KEY: {
                "type": "apiKey",
                "in": "header",
                "name": "x-api-key",
                "description": "The same key as Anthropic's clients send it.",
            },
        },
    }
