"""Embeddings and moderations: one JSON body each, the same for the same text."""

import base64
import hashlib
import json
import math
import struct
from dataclasses import dataclass
from typing import Any

from tests.upstream.plan import LIES, Plan

DIMENSIONS = 8
CATEGORIES = ("harassment", "hate", "self-harm", "sexual", "violence")


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What one body shall say, and the honest counts."""

    items: tuple[Any, ...]
    prompt_tokens: int
    completion_tokens: int = 0


def wishes(body: dict[str, Any], path: str) -> dict[str, Any]:
    """The first input text steers, as the last message of a chat does."""
    items = _items(body)
    first = items[0] if items and isinstance(items[0], str) else ""
    return {"model": body.get("model"), "messages": [{"role": "user", "content": first}]}


def compose(plan: Plan, body: dict[str, Any]) -> Answer:
    """All inputs, counted by words or token numbers unless the plan says otherwise."""
    items = _items(body)
    counted = sum(len(item) if isinstance(item, list) else len(str(item).split()) for item in items)
    return Answer(items=items, prompt_tokens=counted if plan.prompt_tokens is None else plan.prompt_tokens)


def vector(item: Any, dimensions: int) -> list[float]:
    """A unit vector by a hash of the text or tokens: equal inputs, equal vectors."""
    raw = hashlib.shake_128(json.dumps(item).encode()).digest(2 * dimensions)
    numbers = [value - 32767.5 for (value,) in struct.iter_unpack("<H", raw)]
    length = math.sqrt(sum(number * number for number in numbers))
    return [number / length for number in numbers]


def whole(plan: Plan, answer: Answer, body: dict[str, Any]) -> bytes:
    """The list of embeddings. `plan.text` names an encoding that wasn't asked for; `chunks` how many come."""
    kind = plan.text or body.get("encoding_format") or "float"
    size = int(body.get("dimensions") or DIMENSIONS)
    vectors = [vector(item, size) for item in answer.items[: plan.chunks]]
    data = [
        {"object": "embedding", "index": index, "embedding": _packed(v) if kind == "base64" else v}
        for index, v in enumerate(vectors)
    ]
    reply = {"object": "list", "data": data, "model": body.get("model")}
    told = usage(plan, answer, body)
    return json.dumps(reply | ({"usage": told} if told is not None else {})).encode()


def usage(plan: Plan, answer: Answer, body: dict[str, Any]) -> dict[str, Any] | None:
    """Prompt tokens only: an embedding has no output."""
    if plan.fault == "no_usage" or plan.lie == "null":
        return None
    count = LIES[plan.lie] if plan.lie else answer.prompt_tokens
    return {"prompt_tokens": count, "total_tokens": count}


def moderated(plan: Plan, answer: Answer, body: dict[str, Any]) -> bytes:
    """One verdict for each input: what says "yomon" is flagged."""
    results = [_verdict("yomon" in json.dumps(item)) for item in answer.items]
    return json.dumps({"id": "modr-test", "model": body.get("model"), "results": results}).encode()


def _verdict(bad: bool) -> dict[str, Any]:
    return {
        "flagged": bad,
        "categories": {name: bad and name == "harassment" for name in CATEGORIES},
        "category_scores": {name: 0.9 if bad and name == "harassment" else 0.01 for name in CATEGORIES},
        "category_applied_input_types": {name: ["text"] for name in CATEGORIES},
    }


def _items(body: dict[str, Any]) -> tuple[Any, ...]:
    given = body.get("input")
    if isinstance(given, list) and given and not isinstance(given[0], int):
        return tuple(given)
    return (given,)


def _packed(numbers: list[float]) -> str:
    return base64.b64encode(struct.pack(f"<{len(numbers)}f", *numbers)).decode()
