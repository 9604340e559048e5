"""The gemini dialect: batchEmbedContents (ai.google.dev/api/embeddings)."""

import json
from typing import Any

from tests.upstream import vectors
from tests.upstream.plan import LIES, Plan

DIMENSIONS = 3072  # of the model itself; only these come with the length 1
TEXTS_MAX = 100


def wishes(body: dict[str, Any], path: str) -> dict[str, Any]:
    """The first text steers, as the last message of a chat does."""
    texts = _texts(body)
    model = path.removeprefix("/v1beta/models/").partition(":")[0]
    return {"model": model, "messages": [{"role": "user", "content": texts[0] if texts else ""}]}


def refuses(headers: list[tuple[str, str]], body: dict[str, Any], path: str) -> tuple[int, str] | None:
    """(status, message) of what Google wouldn't take."""
    requests = body.get("requests") or []
    model = path.removeprefix("/v1beta/").partition(":")[0]
    if not dict(headers).get("x-goog-api-key"):
        return 403, "Method doesn't allow unregistered callers."
    if not requests or len(requests) > TEXTS_MAX:
        return 400, f"* BatchEmbedContentsRequest.requests: at most {TEXTS_MAX} requests can be in one batch"
    if any(request.get("model") != model for request in requests):
        return 400, "* BatchEmbedContentsRequest.requests[0].model: does not match the batch's model"
    unknown = {name for request in requests for name in request} - {
        "model",
        "content",
        "outputDimensionality",
    }
    return (400, f"Unknown names {sorted(unknown)}: Cannot find field.") if unknown else None


def compose(plan: Plan, body: dict[str, Any]) -> vectors.Answer:
    """All texts, counted by words unless the plan says otherwise."""
    texts = tuple(_texts(body))
    counted = sum(len(text.split()) for text in texts)
    return vectors.Answer(
        items=texts, prompt_tokens=counted if plan.prompt_tokens is None else plan.prompt_tokens
    )


def whole(plan: Plan, answer: vectors.Answer, body: dict[str, Any]) -> bytes:
    """One embedding for each text, `chunks` of the plan at most; shorter ones aren't scaled."""
    size = int(body["requests"][0].get("outputDimensionality") or DIMENSIONS)
    scale = 1.0 if size == DIMENSIONS else 0.5
    embeddings = [
        {"values": [scale * number for number in vectors.vector(text, size)]}
        for text in answer.items[: plan.chunks]
    ]
    told = usage(plan, answer, body)
    return json.dumps(
        {"embeddings": embeddings} | ({"usageMetadata": told} if told is not None else {})
    ).encode()


def usage(plan: Plan, answer: vectors.Answer, body: dict[str, Any]) -> dict[str, Any] | None:
    """Prompt tokens only."""
    if plan.fault == "no_usage" or plan.lie == "null":
        return None
    return {"promptTokenCount": LIES[plan.lie] if plan.lie else answer.prompt_tokens}


def _texts(body: dict[str, Any]) -> list[str]:
    parts = [request["content"]["parts"] for request in body.get("requests") or []]
    return [" ".join(part["text"] for part in some) for some in parts]
