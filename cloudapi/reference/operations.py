"""The OpenAPI document as operations in groups, ready to be shown. Pure: knows nothing of pages."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from cloudapi.reference.fields import Piece, Row, Schema, choices, example, kind, name_of, resolved, row, rows

METHODS: Final = ("get", "post", "put", "patch", "delete")  # in the order that they are shown in
JSON: Final = "application/json"
FORM: Final = "multipart/form-data"
SESSION: Final = "session"
_REFUSED: Final = "4"  # statuses from here on are refusals


@dataclass(frozen=True, slots=True)
class Parameter:
    """place: path, query or header. example: what a sample sends, where it can't do without."""

    place: str
    row: Row
    example: str


@dataclass(frozen=True, slots=True)
class Content:
    """A body or an answer of these content types. example: of a body."""

    kinds: tuple[str, ...]
    type: tuple[Piece, ...]
    rows: tuple[Row, ...]
    example: Any = None


@dataclass(frozen=True, slots=True)
class Answer:
    """What comes back with a status; a refusal has no content of its own, they all have one envelope."""

    status: str
    description: str
    headers: tuple[Row, ...] = ()
    contents: tuple[Content, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """One method of one address. keys: takes a key. open: needs none. session: a person's session will do."""

    id: str
    method: str
    path: str
    tag: str
    summary: str
    description: str
    keys: bool
    open: bool
    session: bool
    parameters: tuple[Parameter, ...]
    bodies: tuple[Content, ...]
    answers: tuple[Answer, ...]
    refusals: tuple[Answer, ...]

    def body(self, content_type: str) -> Content | None:
        """The body of that content type, if it takes one."""
        return next((one for one in self.bodies if content_type in one.kinds), None)

    @property
    def haystack(self) -> str:
        """What a search looks through."""
        fields = [one.row for one in self.parameters] + [r for body in self.bodies for r in body.rows]
        told = (self.method, self.path, self.summary, self.description, self.tag, self.id)
        return " ".join([*told, *(field.name for field in fields)])


@dataclass(frozen=True, slots=True)
class Object:
    """A schema with a name, which types refer to."""

    name: str
    description: str
    rows: tuple[Row, ...]
    type: tuple[Piece, ...]
    choices: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Reference:
    """groups: tag → its operations. objects: those that anything shown refers to."""

    groups: Mapping[str, tuple[Operation, ...]]
    objects: tuple[Object, ...]

    @property
    def operations(self) -> Iterator[Operation]:
        """All of them, in the order that they are shown in."""
        for group in self.groups.values():
            yield from group


def reference(document: Mapping[str, Any]) -> Reference:
    """Everything that the document says, by its own order of tags; a tag that it doesn't list comes last."""
    parts = document["components"]
    found = [
        _operation(method.upper(), path, item[method], parts)
        for path, item in document["paths"].items()
        for method in METHODS
        if method in item
    ]
    tags = dict.fromkeys([*(tag["name"] for tag in document["tags"]), *(one.tag for one in found)])
    groups = {tag: tuple(one for one in found if one.tag == tag) for tag in tags}
    return Reference(
        {tag: group for tag, group in groups.items() if group}, _objects(found, parts["schemas"])
    )


def _operation(method: str, path: str, found: Mapping[str, Any], parts: Mapping[str, Any]) -> Operation:
    schemas = parts["schemas"]
    schemes = {name for way in found.get("security", ()) for name in way}
    answers = [_answer(status, _held(one, parts), parts) for status, one in found["responses"].items()]
    return Operation(
        id=found["operationId"],
        method=method,
        path=path,
        tag=found.get("tags", [""])[0],
        summary=found.get("summary", ""),
        description=found.get("description", ""),
        keys=bool(schemes - {SESSION}),
        open=not schemes or {} in found["security"],
        session=SESSION in schemes,
        parameters=tuple(_parameter(_held(one, parts)) for one in found.get("parameters", ())),
        bodies=tuple(_bodies(found.get("requestBody", {}).get("content", {}), schemas)),
        answers=tuple(one for one in answers if one.status < _REFUSED),
        refusals=tuple(sorted((o for o in answers if o.status >= _REFUSED), key=lambda one: one.status)),
    )


def _held(found: Mapping[str, Any], parts: Mapping[str, Any]) -> Mapping[str, Any]:
    """A parameter, answer or header itself, where the document refers to it."""
    if "$ref" not in found:
        return found
    folder, name = found["$ref"].removeprefix("#/components/").split("/", 1)
    held: Mapping[str, Any] = parts[folder][name]
    return held


def _parameter(found: Mapping[str, Any]) -> Parameter:
    schema = {"description": found.get("description", ""), **found.get("schema", {})}
    wanted = bool(found.get("required"))
    given = next(iter(schema.get("examples", [])), "") or next(iter(schema.get("enum", [])), "")
    return Parameter(
        found["in"],
        row(found["name"], schema, required=wanted),
        str(given) or found["name"].upper().replace("-", "_"),
    )


def _bodies(content: Mapping[str, Any], schemas: Mapping[str, Schema]) -> Iterator[Content]:
    for content_type, found in content.items():
        schema = found.get("schema", {})
        sent = found["example"] if "example" in found else example(schema, schemas)
        yield Content((content_type,), tuple(kind(schema)), tuple(rows(schema, schemas)), sent)


def _answer(status: str, found: Mapping[str, Any], parts: Mapping[str, Any]) -> Answer:
    if status >= _REFUSED:
        return Answer(status, found.get("description", ""))
    headers = {name: _held(one, parts)["schema"] for name, one in found.get("headers", {}).items()}
    return Answer(
        status,
        found.get("description", ""),
        tuple(row(name, schema) for name, schema in headers.items()),
        tuple(_contents(found.get("content", {}), parts["schemas"])),
    )


def _contents(content: Mapping[str, Any], schemas: Mapping[str, Schema]) -> Iterator[Content]:
    """Content types that answer the same stand together."""
    alike: dict[str, list[str]] = {}
    for content_type, found in content.items():
        alike.setdefault(repr(found.get("schema", {})), []).append(content_type)
    for types in alike.values():
        schema = content[types[0]].get("schema", {})
        inner = schema["items"] if resolved(schema, schemas).get("type") == "array" else schema
        yield Content(tuple(types), tuple(kind(schema)), tuple(rows(inner, schemas)))


def _objects(operations: list[Operation], schemas: Mapping[str, Schema]) -> tuple[Object, ...]:
    """What types refer to, and what those refer to in turn; every refusal is an Envelope."""
    waiting = ["Envelope", *(name for one in operations for name in _named(one))]
    found: dict[str, Object] = {}
    while waiting:
        name = waiting.pop()
        if name not in found and name in schemas:
            found[name] = _object(name, schemas)
            waiting += [piece.object for one in found[name].rows for piece in one.type if piece.object]
            waiting += [piece.object for piece in found[name].type if piece.object != name]
    return tuple(found[name] for name in sorted(found))


def _named(operation: Operation) -> Iterator[str]:
    """Names in its fields' types. A body or an answer that is an object itself is unfolded instead."""
    contents = [*operation.bodies, *(content for answer in operation.answers for content in answer.contents)]
    for content in contents:
        yield from (piece.object for one in content.rows for piece in one.type if piece.object)
        if not content.rows:
            yield from (piece.object for piece in content.type if piece.object)


def _object(name: str, schemas: Mapping[str, Schema]) -> Object:
    schema = schemas[name]
    types = tuple(kind(schema)) if not name_of(schema) else ()
    return Object(name, schema.get("description", ""), tuple(rows(schema, schemas)), types, choices(schema))
