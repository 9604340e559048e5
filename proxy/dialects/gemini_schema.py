"""JSON Schemas as Gemini takes them in parametersJsonSchema and responseJsonSchema.

Source: ai.google.dev/api/generate-content, `responseJsonSchema`: the list of keywords that are read; a $ref
stands alone. What isn't read is left out: a tool with a looser schema is better than a 400.
"""

from typing import Any, Final

_PLAIN: Final = frozenset({
    "$id", "$anchor", "type", "title", "description", "enum", "minItems", "maxItems", "minimum",
    "maximum", "required", "propertyOrdering",
})  # fmt: skip
_SCHEMAS_BY_NAME: Final = frozenset({"properties", "$defs"})
_SCHEMA: Final = frozenset({"items", "additionalProperties"})
_SCHEMAS: Final = frozenset({"anyOf", "oneOf", "prefixItems"})
# Of the other formats Google's older models say that they don't know them.
_FORMATS: Final = frozenset({"date-time", "enum", "int32", "int64", "float", "double"})


def cleaned(schema: Any) -> dict[str, Any]:
    """The schema without what Gemini refuses; references keep their definitions, so nothing grows."""
    if not isinstance(schema, dict):
        return {}
    schema = _merged(schema)
    if isinstance(schema.get("$ref"), str):
        known = {"$ref": schema["$ref"].replace("#/definitions/", "#/$defs/", 1)}
        return known | {name: value for name, value in _below(schema).items() if name == "$defs"}
    kept = {name: schema[name] for name in schema if name in _PLAIN}
    if "const" in schema and "enum" not in kept:
        kept["enum"] = [schema["const"]]
    form = schema.get("format")
    if isinstance(form, str) and form in _FORMATS:
        kept["format"] = form
    return kept | _below(schema)


def _merged(schema: dict[str, Any]) -> dict[str, Any]:
    """`definitions` under their name of today, and allOf, which Gemini doesn't read, as one schema."""
    if "definitions" in schema and "$defs" not in schema:
        schema = {("$defs" if name == "definitions" else name): value for name, value in schema.items()}
    parts = schema.get("allOf")
    if not isinstance(parts, list):
        return schema
    whole = {name: value for name, value in schema.items() if name != "allOf"}
    for part in filter(lambda part: isinstance(part, dict), parts):
        for name, value in part.items():
            whole[name] = _joined(whole.get(name), value)
    return whole


def _joined(first: Any, second: Any) -> Any:
    """Two values of one keyword: properties and requirements add up, of others the first counts."""
    if isinstance(first, dict) and isinstance(second, dict):
        return {**second, **first}
    if isinstance(first, list) and isinstance(second, list):
        return [*first, *(value for value in second if value not in first)]
    return second if first is None else first


def _below(schema: dict[str, Any]) -> dict[str, Any]:
    """The schemas inside, cleaned too."""
    found: dict[str, Any] = {}
    for name, value in schema.items():
        if name in _SCHEMAS_BY_NAME and isinstance(value, dict):
            found[name] = {key: cleaned(inner) for key, inner in value.items()}
        elif name in _SCHEMA and isinstance(value, (dict, bool)):
            found[name] = value if isinstance(value, bool) else cleaned(value)
        elif name in _SCHEMAS and isinstance(value, list):
            found[name] = [cleaned(inner) for inner in value]
    return found
