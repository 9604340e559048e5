"""JSON Schema 2020-12 in few words; what a field means stands beside it."""

from typing import Any

Schema = dict[str, Any]


def obj(required: str = "", /, **properties: Schema) -> Schema:
    """An object; `required`: names in one string. Unknown fields are welcome everywhere."""
    found: Schema = {"type": "object", "properties": properties}
    if required:
        found["required"] = required.split()
    return found


def text(description: str = "", **more: Any) -> Schema:
    return _told({"type": "string"}, description, more)


def whole(description: str = "", *, low: int | None = None, high: int | None = None, **more: Any) -> Schema:
    """A whole number."""
    return _told({"type": "integer", **_bounds(low, high)}, description, more)


def number(description: str = "", *, low: float | None = None, high: float | None = None) -> Schema:
    return _told({"type": "number", **_bounds(low, high)}, description, {})


def flag(description: str = "", **more: Any) -> Schema:
    return _told({"type": "boolean"}, description, more)


def choice(*values: str, description: str = "") -> Schema:
    return _told({"type": "string", "enum": list(values)}, description, {})


def listing(items: Schema, description: str = "", **more: Any) -> Schema:
    return _told({"type": "array", "items": items}, description, more)


def anything(description: str = "") -> Schema:
    """An object of the dialect's own documentation, passed on as it is."""
    return _told({"type": "object"}, description, {})


def either(*schemas: Schema, description: str = "") -> Schema:
    return _told({"anyOf": list(schemas)}, description, {})


def null() -> Schema:
    return {"type": "null"}


def ref(name: str) -> Schema:
    return {"$ref": f"#/components/schemas/{name}"}


def binary(description: str = "") -> Schema:
    """Bytes: no JSON type at all (OpenAPI 3.1, "Considerations for File Uploads")."""
    return _told({"contentMediaType": "application/octet-stream"}, description, {})


def upload(description: str = "") -> Schema:
    """A file of a form; a string to generators that know no files."""
    return _told({"type": "string", "contentMediaType": "application/octet-stream"}, description, {})


def _bounds(low: float | None, high: float | None) -> Schema:
    given = {"minimum": low, "maximum": high}
    return {name: value for name, value in given.items() if value is not None}


def _told(schema: Schema, description: str, more: dict[str, Any]) -> Schema:
    return {**schema, **({"description": description} if description else {}), **more}
