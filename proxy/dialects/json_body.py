"""A request body as JSON: refused early, with the reason a person can act on (reliability.md §4, 27–34)."""

import json
import re
from typing import Any

import orjson

from proxy.errors import ApiError, invalid

DEPTH_MAX = 200
# 32 MB of "{},{},…" would be 700 MB of objects. Counted inside strings too, but no prompt has that many.
PIECES_MAX = 500_000
_LONG_INTEGER = re.compile(rb"[^\d\"]\d{400,}")


def parse(body: bytes) -> dict[str, Any]:
    """The body as an object. Raises ApiError 400 for everything that isn't one JSON object."""
    if not body:
        raise invalid("invalid_json", "The request body is empty; a JSON object is expected.")
    if len(body) > PIECES_MAX and sum(map(body.count, (b"{", b"[", b","))) > PIECES_MAX:
        raise invalid("json_too_complex", f"The request body has over {PIECES_MAX} lists, objects and items.")
    try:
        parsed = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise _refusal(body, str(error)) from None
    if not isinstance(parsed, dict):
        raise invalid("invalid_type", "The request body must be a JSON object.")
    if body.count(b'"model"') > 1:
        _refuse_second_model(body)
    if body.count(b"[") + body.count(b"{") > DEPTH_MAX and _depth(parsed) > DEPTH_MAX:
        raise invalid("json_too_deep", f"The request body is nested deeper than {DEPTH_MAX} levels.")
    return parsed


def _refusal(body: bytes, reason: str) -> ApiError:
    try:
        body.decode()
    except UnicodeDecodeError:
        return invalid("invalid_unicode", "The request body is not valid UTF-8.")
    if "surrogate" in reason:
        return invalid("invalid_unicode", "The request body has a lone surrogate (\\ud800–\\udfff).")
    if "recursion" in reason or "depth" in reason:
        return invalid("json_too_deep", f"The request body is nested deeper than {DEPTH_MAX} levels.")
    if _LONG_INTEGER.search(body):
        return invalid("invalid_value", "A number in the request body is too long.")
    return invalid("invalid_json", f"The request body is not valid JSON: {reason}.")


def _refuse_second_model(body: bytes) -> None:
    """Two `model` fields at the top: the caller and we might each read another one."""
    last: list[str] = []  # of all objects the outermost is read last

    def keep(items: list[tuple[str, Any]]) -> None:
        last[:] = [name for name, _ in items]

    try:
        json.loads(body, object_pairs_hook=keep)
    except (ValueError, RecursionError):
        return
    if last.count("model") > 1:
        raise invalid("duplicate_key", "The field 'model' is given twice.", "model")


def _depth(value: Any) -> int:
    """Levels of nesting, counted without recursion."""
    depth, level = 0, [value]
    while level and depth <= DEPTH_MAX:
        depth += 1
        below: list[Any] = []
        for item in level:
            if isinstance(item, dict):
                below.extend(item.values())
            elif isinstance(item, list):
                below.extend(item)
        level = [item for item in below if isinstance(item, (dict, list))]
    return depth
