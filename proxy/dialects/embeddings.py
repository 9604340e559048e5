"""POST /v1/embeddings over an upstream of the same dialect (api.md §1.5).

The answer's bytes pass untouched but for the model name, unless the upstream answered in the other of the two
encodings: then its vectors are rewritten. Vectors are never parsed for any other reason, as 2,048 of them are
tens of megabytes.
"""

import base64
import re
import sys
from array import array
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import orjson

from proxy.bridge import Answer, Ask, Bounds, Bridge, Reply
from proxy.call import Call
from proxy.dialects import fields, json_body, openai
from proxy.errors import invalid
from proxy.meter import Usage
from routing.snaps import EndpointSnap

ITEMS_MAX: Final = 2048
TOKEN_MAX: Final = 2**31 - 1
DIMENSIONS_MAX: Final = 65_536
# What a model puts around each text: "query: " and its own marks.
_OVERHEAD: Final = 16
_FORMATS: Final = frozenset({"float", "base64"})
# Quotes inside strings are escaped, so this is never a part of one.
_VECTOR: Final = re.compile(rb'"embedding"\s*:\s*(\[[^\[\]"]*\]|"[^"\\]*")')


def parse(raw: bytes, inbound: Mapping[bytes, list[bytes]]) -> Call:
    """A request body as a Call. Raises ApiError 400."""
    body = json_body.parse(raw)
    asked = fields.model_name(body)
    tokens, estimate, items = _weight(body.get("input"))
    fields.choice(body, "encoding_format", _FORMATS, "float")
    fields.whole(body, "dimensions", 1, DIMENSIONS_MAX)
    return Call(
        kind="embeddings",
        modality="embedding",
        asked=asked,
        body=body,
        stream=False,
        wants_usage=False,
        copies=1,
        input_bound=tokens + _OVERHEAD * items,
        input_estimate=estimate,
        output_limit=None,
        output_field="",
        needs=frozenset(),
        produces=False,
    )


def _weight(given: Any) -> tuple[int, int, int]:
    """(tokens at most, tokens as a guess, items) of what is to be embedded. Raises ApiError 400."""
    if given is None:
        raise invalid("missing_required_parameter", "The field 'input' is missing.", "input")
    if isinstance(given, list) and given and _is_token(given[0]):
        given = [given]
    items = [given] if isinstance(given, str) else given
    if not isinstance(items, list) or not 1 <= len(items) <= ITEMS_MAX:
        raise invalid("invalid_value", f"'input' must be a text or 1 to {ITEMS_MAX} of them.", "input")
    if isinstance(items[0], list):
        count = sum(_tokens(item, place) for place, item in enumerate(items))
        return count, count, len(items)
    size = sum(_bytes(item, place) for place, item in enumerate(items))
    return size, max(1, size // 4), len(items)


def _bytes(item: Any, place: int) -> int:
    """UTF-8 bytes: a byte-level tokenizer never makes more tokens than that."""
    if not isinstance(item, str):
        raise invalid("invalid_type", f"'input[{place}]' must be a string like the items before it.", "input")
    if not item:
        raise invalid("invalid_value", f"'input[{place}]' is empty.", "input")
    return len(item) if item.isascii() else len(item.encode())


def _tokens(item: Any, place: int) -> int:
    if not isinstance(item, list) or not all(map(_is_token, item)):
        raise invalid("invalid_type", f"'input[{place}]' must be a list of token numbers.", "input")
    if not item:
        raise invalid("invalid_value", f"'input[{place}]' is empty.", "input")
    return len(item)


def _is_token(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= TOKEN_MAX


def ask(call: Call, endpoint: EndpointSnap, output_bound: int) -> Ask:
    """The request as it came, under the upstream's name of the model."""
    return Ask("/embeddings", orjson.dumps({**call.body, "model": endpoint.upstream_name}))


def read_answer(call: Call, reply: Reply, model: bytes) -> Answer | None:
    """The vectors in the encoding that was asked for; None unless there is one for each input."""
    vectors = _Vectors(call.body.get("encoding_format") == "base64")
    try:
        rest = orjson.loads(_VECTOR.sub(vectors.leave_out, reply.data))
    except (orjson.JSONDecodeError, _Unreadable):
        return None
    found = rest.get("data") if isinstance(rest, dict) else None
    if not isinstance(found, list) or not len(found) == len(vectors.rewritten) == _items(call):
        return None
    data = reply.data
    if vectors.foreign:
        rewritten = iter(vectors.rewritten)
        data = _VECTOR.sub(lambda _: b'"embedding":' + next(rewritten), data)
    return Answer(openai.rename(data, model), rest.get("usage"))


def _items(call: Call) -> int:
    given = call.body["input"]
    return len(given) if isinstance(given, list) and not _is_token(given[0]) else 1


class _Unreadable(Exception):
    """A vector that is none."""


@dataclass(slots=True)
class _Vectors:
    """Goes through the vectors of an answer. `foreign`: some came in the other encoding."""

    as_base64: bool
    foreign: bool = False
    rewritten: list[bytes] = field(default_factory=list)

    def leave_out(self, match: re.Match[bytes]) -> bytes:
        """Keeps a vector as it shall leave. Raises _Unreadable."""
        vector = match[1]
        if len(vector) <= 2:
            raise _Unreadable
        if vector.startswith(b'"') is not self.as_base64:
            self.foreign = True
            vector = self._other(vector)
        self.rewritten.append(vector)
        return b'"embedding":0'

    def _other(self, vector: bytes) -> bytes:
        try:
            return _packed(vector) if self.as_base64 else _listed(vector)
        except (ValueError, TypeError, OverflowError):
            raise _Unreadable from None


def _packed(vector: bytes) -> bytes:
    """A list of numbers as base64 of little-endian float32."""
    return b'"' + base64.b64encode(_little(array("f", orjson.loads(vector))).tobytes()) + b'"'


def _listed(vector: bytes) -> bytes:
    """Base64 of little-endian float32 as a list of numbers."""
    floats = array("f")
    floats.frombytes(base64.b64decode(vector[1:-1], validate=True))
    return orjson.dumps(_little(floats).tolist())


def _little(floats: "array[float]") -> "array[float]":
    if sys.byteorder == "big":
        floats.byteswap()
    return floats


def read_usage(call: Call, reported: Any, bounds: Bounds) -> Usage | None:
    """The tokens of the input; None when they are missing or can't be true."""
    count = openai.count_of(reported, "prompt_tokens") if isinstance(reported, dict) else None
    return None if count is None or count > bounds.input else Usage(input=count)


OPENAI: Final = Bridge(
    ask=ask,
    answer=read_answer,
    usage=read_usage,
    refusal=openai.refusal,
)
