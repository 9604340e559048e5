"""A JSON schema as Anthropic takes it for structured outputs and strict tools.

Source: docs "Structured outputs", JSON Schema limitations. Objects are closed; what can't be enforced (bounds
of numbers and lengths, patterns) goes into the description, where the model may still heed it.
"""

from collections.abc import Mapping
from typing import Any, Final

import orjson

_FORMATS: Final = frozenset(
    {"date-time", "time", "date", "duration", "email", "hostname", "uri", "ipv4", "ipv6", "uuid"}
)
# Kept as they are wherever they stand.
_PLAIN: Final = frozenset({"type", "title", "enum", "const", "$ref", "required"})
_NAMED: Final = ("properties", "$defs", "definitions")
_LISTED: Final = {"anyOf": "anyOf", "oneOf": "anyOf", "allOf": "allOf"}


def adapted(schema: Any) -> Any:
    """The schema under Anthropic's limits; what is no schema stays as it is."""
    if not isinstance(schema, dict):
        return schema
    kinds = schema.get("type")
    if isinstance(kinds, list):
        return _split(schema, kinds)
    made = {name: value for name, value in schema.items() if name in _PLAIN} | _inner(schema)
    if kinds == "object" or "properties" in schema:
        made |= {"type": "object", "properties": made.get("properties", {}), "additionalProperties": False}
    if isinstance(schema.get("format"), str) and schema["format"] in _FORMATS:
        made["format"] = schema["format"]
    if schema.get("minItems") in (0, 1):
        made["minItems"] = schema["minItems"]
    return _described(schema, made)


def _inner(schema: Mapping[str, Any]) -> dict[str, Any]:
    """The schemas inside this one."""
    made: dict[str, Any] = {}
    for name, value in schema.items():
        if name in _NAMED and isinstance(value, dict):
            made[name] = {key: adapted(one) for key, one in value.items()}
        elif name in _LISTED and isinstance(value, list):
            made[_LISTED[name]] = [adapted(one) for one in value]
        elif name == "items":
            made[name] = adapted(value)
    return made


def _split(schema: Mapping[str, Any], kinds: list[Any]) -> Any:
    """A choice of types as a choice of schemas."""
    if "enum" in schema or "const" in schema:
        return adapted({name: value for name, value in schema.items() if name != "type"})
    rest = {name: value for name, value in schema.items() if name not in ("type", "description", "title")}
    kept = {name: schema[name] for name in ("description", "title") if name in schema}
    return kept | {
        "anyOf": [adapted({"type": kind} if kind == "null" else rest | {"type": kind}) for kind in kinds]
    }


def _described(schema: Mapping[str, Any], made: dict[str, Any]) -> dict[str, Any]:
    dealt_with = {*made, *_NAMED, *_LISTED, "additionalProperties", "description", "$schema"}
    left = {name: value for name, value in schema.items() if name not in dealt_with}
    text = schema.get("description")
    notes = [text] if isinstance(text, str) and text else []
    if left:
        notes.append(orjson.dumps(left).decode())
    if notes:
        made["description"] = "\n\n".join(notes)
    return made
