"""POST /v1/embeddings over a gemini upstream: batchEmbedContents, its vectors in OpenAI's list.

Source: ai.google.dev/api/embeddings. Vectors of fewer dimensions than the model's own come unscaled there,
while OpenAI's always have the length 1.
"""

import base64
import math
import sys
from array import array
from typing import Any, Final
from urllib.parse import quote

import orjson

from proxy.bridge import Answer, Ask, Bounds, Bridge, Reply, Unsupported
from proxy.call import Call
from proxy.dialects.gemini_reader import refusal
from proxy.meter import Usage
from routing.snaps import EndpointSnap

TEXTS_MAX: Final = 100
_UNIT: Final = 1e-3  # as far from the length 1 as rounding may lead


def ask(call: Call, endpoint: EndpointSnap, output_bound: int) -> Ask:
    """One request with all texts. Raises Unsupported for token numbers and for over 100 texts."""
    given = call.body["input"]
    texts = [given] if isinstance(given, str) else given
    if not all(isinstance(text, str) for text in texts):
        raise Unsupported("input", "This model's provider takes texts, not token numbers.")
    if len(texts) > TEXTS_MAX:
        raise Unsupported("input", f"This model's provider takes {TEXTS_MAX} texts at a time.")
    dimensions = call.body.get("dimensions")
    size = {} if dimensions is None else {"outputDimensionality": dimensions}
    model = f"models/{endpoint.upstream_name}"
    requests = [{"model": model, "content": {"parts": [{"text": text}]}, **size} for text in texts]
    path = f"/models/{quote(endpoint.upstream_name, safe='')}:batchEmbedContents"
    return Ask(path, orjson.dumps({"requests": requests}))


def answer(call: Call, reply: Reply, model: bytes) -> Answer | None:
    """OpenAI's list in the encoding that was asked for; None unless there is a vector for each text."""
    try:
        parsed = orjson.loads(reply.data)
    except orjson.JSONDecodeError:
        return None
    items = parsed.get("embeddings") if isinstance(parsed, dict) else None
    given = call.body["input"]
    if not isinstance(items, list) or len(items) != (1 if isinstance(given, str) else len(given)):
        return None
    packed = call.body.get("encoding_format") == "base64"
    try:
        data = [
            {"object": "embedding", "index": place, "embedding": _vector(item, packed=packed)}
            for place, item in enumerate(items)
        ]
    except (KeyError, TypeError, ValueError, OverflowError):
        return None

    def told(usage: Usage) -> bytes:
        counts = {"prompt_tokens": usage.input, "total_tokens": usage.input}
        whole = {"object": "list", "data": data, "model": orjson.loads(model), "usage": counts}
        return orjson.dumps(whole)

    return Answer(b"", parsed.get("usageMetadata"), told=told)


def _vector(item: Any, *, packed: bool) -> list[float] | str:
    """One vector of length 1. Raises KeyError, TypeError, ValueError or OverflowError if it is none."""
    numbers = array("f", item["values"])
    length = math.hypot(*numbers)
    if not 0 < length < math.inf:
        raise ValueError
    if abs(length - 1) > _UNIT:
        numbers = array("f", [number / length for number in numbers])
    if not packed:
        return numbers.tolist()
    if sys.byteorder == "big":
        numbers.byteswap()
    return base64.b64encode(numbers.tobytes()).decode()


def read_usage(call: Call, reported: Any, bounds: Bounds) -> Usage | None:
    """The tokens of the texts; None where they aren't told, or can't be true."""
    count = reported.get("promptTokenCount") if isinstance(reported, dict) else None
    if not isinstance(count, int) or isinstance(count, bool) or not 0 < count <= bounds.input:
        return None
    return Usage(input=count)


EMBEDDINGS: Final = Bridge(ask=ask, answer=answer, usage=read_usage, refusal=refusal)
