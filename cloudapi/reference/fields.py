"""JSON Schema as rows of fields: name, type, bounds, meaning. Pure: knows nothing of pages.

Where a schema refers to another one, its type is a link; what has no name of its own is unfolded in place.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

import orjson

type Schema = Mapping[str, Any]

DEEPEST: Final = 4  # rows within rows
_PREFIX: Final = "#/components/schemas/"
_VARIANTS: Final = ("anyOf", "oneOf", "allOf")
# Keyword pairs of one bound, and what a row calls it.
_RANGES: Final = {
    "range": ("minimum", "maximum"),
    "length": ("minLength", "maxLength"),
    "items": ("minItems", "maxItems"),
}


@dataclass(frozen=True, slots=True)
class Piece:
    """Part of a type's name. object: the schema of components that it names, or ''."""

    text: str
    object: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One field. bounds: (range, length, items, default or pattern; how it reads)."""

    name: str
    type: tuple[Piece, ...]
    depth: int = 0
    required: bool = False
    description: str = ""
    bounds: tuple[tuple[str, str], ...] = ()
    choices: tuple[str, ...] = ()

    @property
    def is_file(self) -> bool:
        """Whether a form sends it as a file."""
        return self.type == (_FILE,)


_FILE: Final = Piece("file")


def name_of(schema: Schema) -> str:
    """The schema of components that this one refers to, or ''."""
    return str(schema.get("$ref", "")).removeprefix(_PREFIX)


def resolved(schema: Schema, named: Mapping[str, Schema]) -> Schema:
    """The schema itself, or the one that it refers to."""
    while name := name_of(schema):
        schema = named[name]
    return schema


def rows(schema: Schema, named: Mapping[str, Schema], depth: int = 0) -> Iterator[Row]:
    """The fields of an object, each followed by those within it."""
    found = resolved(schema, named)
    wanted = frozenset(found.get("required", ()))
    for name, one in found.get("properties", {}).items():
        yield row(name, one, depth=depth, required=name in wanted)
        inner = _unnamed(one)
        if inner is not None and depth < DEEPEST:
            yield from rows(inner, named, depth + 1)


def row(name: str, schema: Schema, *, depth: int = 0, required: bool = False) -> Row:
    """One field of this schema."""
    return Row(
        name=name,
        type=tuple(kind(schema)),
        depth=depth,
        required=required,
        description="\n\n".join(_told(schema)),
        bounds=tuple(_bounds(schema)),
        choices=choices(schema),
    )


def kind(schema: Schema) -> Iterator[Piece]:
    """What values may be, in words of JSON: `Message[]`, `string | null`, `(string | object)[]`."""
    if name := name_of(schema):
        yield Piece(name, name)
    elif variants := _variants(schema):
        for number, variant in enumerate(variants):
            if number:
                yield Piece(" | ")
            yield from kind(variant)
    elif schema.get("type") == "array":
        yield from _listed(list(kind(schema.get("items", {}))))
    else:
        yield _plain(schema)


def _listed(items: list[Piece]) -> Iterator[Piece]:
    alone = not any("|" in piece.text for piece in items)
    yield from items if alone else [Piece("("), *items, Piece(")")]
    yield Piece("[]")


def _plain(schema: Schema) -> Piece:
    types = schema.get("type", ())
    if "contentMediaType" in schema:
        return _FILE if types else Piece("bytes")
    words = [types] if isinstance(types, str) else list(types)
    text = " | ".join(words) or ("string" if "enum" in schema or "const" in schema else "any")
    return Piece(f"{text} ({schema['format']})" if "format" in schema and "string" in text else text)


def _variants(schema: Schema) -> list[Schema]:
    """What it may be instead, each type once."""
    found: list[Schema] = next((list(schema[word]) for word in _VARIANTS if word in schema), [])
    seen: dict[tuple[Piece, ...], Schema] = {}
    for one in found:
        seen.setdefault(tuple(kind(one)), one)
    return list(seen.values())


def _told(schema: Schema) -> Iterator[str]:
    """What it means, and what each of the things means that it may be instead."""
    if told := schema.get("description"):
        yield str(told)
    for one in _variants(schema):
        if not name_of(one):
            yield from _told(one)


def _unnamed(schema: Schema) -> Schema | None:
    """The object without a name of its own that a field holds, alone, in a list or among others."""
    if name_of(schema):
        return None
    if "properties" in schema:
        return schema
    within = [schema["items"]] if "items" in schema else _variants(schema)
    return next((found for one in within if (found := _unnamed(one)) is not None), None)


def choices(schema: Schema) -> tuple[str, ...]:
    """The values that are allowed, where they can be counted."""
    if "const" in schema:
        return (_written(schema["const"]),)
    if "enum" in schema:
        return tuple(_written(one) for one in schema["enum"] if one is not None)
    within = [schema["items"]] if "items" in schema else _variants(schema)
    return tuple(dict.fromkeys(choice for one in within if not name_of(one) for choice in choices(one)))


def _written(value: Any) -> str:
    """As in JSON, a text without its quotation marks."""
    return value if isinstance(value, str) else orjson.dumps(value).decode()


def _bounds(schema: Schema) -> Iterator[tuple[str, str]]:
    for label, (low, high) in _RANGES.items():
        if told := _between(schema.get(low), schema.get(high)):
            yield label, told
    if "pattern" in schema:
        yield "pattern", str(schema["pattern"])
    if schema.get("default") not in (None, "", [], {}):
        yield "default", orjson.dumps(schema["default"]).decode()


def _between(low: Any, high: Any) -> str:
    if low is None and high is None:
        return ""
    if high is None:
        return f"≥ {low}" if low else ""
    return f"≤ {high}" if low is None else f"{low} … {high}"


def example(schema: Schema, named: Mapping[str, Schema], depth: int = 0) -> Any:
    """A value that fits: what the schema gives as one, else the plainest; of an object what it can't lack."""
    found = resolved(schema, named)
    if depth > DEEPEST:
        return None
    if "example" in found:
        return found["example"]
    for word in ("examples", "enum"):
        if found.get(word):
            return found[word][0]
    if "const" in found or found.get("default") is not None:
        return found.get("const", found.get("default"))
    if variants := _variants(found):
        return example(variants[0], named, depth)
    return _simplest(found, named, depth + 1)


def _simplest(schema: Schema, named: Mapping[str, Schema], depth: int) -> Any:
    types = schema.get("type", "object" if "properties" in schema else "string")
    first = types if isinstance(types, str) else types[0]
    if first == "object":
        fields = schema.get("properties", {})
        wanted = [name for name in schema.get("required", ()) if name in fields] or list(fields)[:1]
        return {name: example(fields[name], named, depth) for name in wanted}
    if first == "array":
        return [example(schema.get("items", {}), named, depth)]
    low = schema.get("minimum", 1)
    return {"integer": low, "number": low, "boolean": True, "null": None}.get(first, "string")
