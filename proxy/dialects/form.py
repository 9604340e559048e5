"""multipart/form-data: a body as fields and files, and back again (RFC 7578).

Arrays are fields whose name ends in `[]` or comes more than once. Extended parameters (`filename*=`) are not
read: RFC 7578 §4.2 forbids them.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from uuid import uuid4

from python_multipart import MultipartParser
from python_multipart.exceptions import FormParserError
from python_multipart.multipart import parse_options_header

from proxy.call import Part
from proxy.errors import ApiError, invalid

FIELDS_MAX: Final = 128
FILES_MAX: Final = 20
NAME_MAX: Final = 256
FIELD_BYTES_MAX: Final = 1024 * 1024
_BOUNDARY_MAX: Final = 70  # RFC 2046 §5.1.1
# What a provider gets. One name for all calls, so that the head of a request to it is made once.
_BOUNDARY: Final = "cloudapi-form"
_OCTETS: Final = "application/octet-stream"

Value = str | list[str]


@dataclass(frozen=True, slots=True)
class Form:
    """`fields`: name as it was sent → text, or all texts of an array, in order."""

    fields: Mapping[str, Value]
    files: tuple[Part, ...]


def parse(raw: bytes, inbound: Mapping[bytes, list[bytes]]) -> Form:
    """A body as a form. Raises ApiError 400 or 413 for what isn't one whole, decent form."""
    parts = _parts(raw, _boundary(inbound.get(b"content-type", [b""])[0]))
    fields: dict[str, Value] = {}
    files = []
    for part in parts:
        if part.is_file:
            files.append(Part(part.name, part.filename, part.kind, part.data))
        else:
            _add(fields, part.name, _text(part))
    return Form(fields, tuple(files))


def build(fields: Mapping[str, Value], files: Iterable[Part]) -> tuple[str, bytes]:
    """(content type, body) of a form: fields in order, then files. No part holds the boundary."""
    parts = [
        (_head(name), value.encode())
        for name, values in fields.items()
        for value in ([values] if isinstance(values, str) else values)
    ]
    parts += [(_head(part.of, part.name, part.kind), part.data) for part in files]
    boundary = _free_boundary([data for _, data in parts])
    line = b"--" + boundary.encode()
    pieces = [piece for head, data in parts for piece in (line, b"\r\n", head, data, b"\r\n")]
    return f"multipart/form-data; boundary={boundary}", b"".join((*pieces, line, b"--\r\n"))


def typed(
    form: Mapping[str, Value], *, numbers: Collection[str] = (), flags: Collection[str] = ()
) -> dict[str, Any]:
    """The fields as JSON would have them, to be checked by the same rules; what is no number stays text."""
    values: dict[str, Any] = dict(form)
    for name in numbers:
        if isinstance(value := form.get(name), str):
            values[name] = _number(value)
    for name in flags:
        if isinstance(value := form.get(name), str):
            values[name] = {"true": True, "false": False}.get(value.strip().lower(), value)
    return {name: value for name, value in values.items() if value != ""}


def array(form: Mapping[str, Value], name: str) -> list[str]:
    """All texts of an array field, however it was spelled."""
    found = [form[spelling] for spelling in (name, f"{name}[]") if spelling in form]
    return [text for value in found for text in ([value] if isinstance(value, str) else value)]


def files_of(files: Iterable[Part], *names: str) -> list[Part]:
    """The files of a field, or of an array of files."""
    wanted = {spelling for name in names for spelling in (name, f"{name}[]")}
    return [part for part in files if part.of in wanted]


def _number(text: str) -> int | float | str:
    for kind in (int, float):
        try:
            return kind(text) if len(text) <= 32 else text
        except ValueError:
            continue
    return text


@dataclass(slots=True)
class _Raw:
    """One part while it is read."""

    name: str = ""
    filename: str = ""
    kind: str = _OCTETS
    is_file: bool = False
    chunks: list[memoryview] = field(default_factory=list)

    @property
    def data(self) -> bytes:
        return b"".join(self.chunks)


class _Collector:
    """The parser's callbacks; offsets are into the chunk that is being read."""

    def __init__(self) -> None:
        self.parts: list[_Raw] = []
        self.whole = False
        self._header = b""
        self._value = b""

    def callbacks(self) -> dict[str, Any]:
        return {
            "on_part_begin": self._begin,
            "on_part_data": self._data,
            "on_header_field": self._field,
            "on_header_value": self._add_value,
            "on_header_end": self._header_end,
            "on_headers_finished": self._headers_finished,
            "on_end": self._end,
        }

    def _begin(self) -> None:
        self.parts.append(_Raw())

    def _data(self, data: bytes, start: int, end: int) -> None:
        self.parts[-1].chunks.append(memoryview(data)[start:end])

    def _field(self, data: bytes, start: int, end: int) -> None:
        self._header += data[start:end]

    def _add_value(self, data: bytes, start: int, end: int) -> None:
        self._value += data[start:end]

    def _header_end(self) -> None:
        part, header = self.parts[-1], self._header.lower()
        if header == b"content-disposition":
            kind, options = parse_options_header(self._value)
            part.name = _decoded(options.get(b"name", b"")) if kind == b"form-data" else ""
            part.is_file = b"filename" in options
            part.filename = _decoded(options.get(b"filename", b""))[:NAME_MAX]
        elif header == b"content-type":
            part.kind = _printable(self._value.decode("latin-1"))[:NAME_MAX] or _OCTETS
        self._header = self._value = b""

    def _headers_finished(self) -> None:
        name = self.parts[-1].name
        if not name or len(name) > NAME_MAX or not name.isprintable():
            raise invalid("invalid_form", f"Each part needs a name of 1 to {NAME_MAX} characters.")

    def _end(self) -> None:
        self.whole = True


def _parts(raw: bytes, boundary: bytes) -> list[_Raw]:
    if raw.count(b"--" + boundary) > FIELDS_MAX + FILES_MAX + 1:
        raise invalid("too_many_parts", f"A form may have {FIELDS_MAX} fields and {FILES_MAX} files.")
    collector = _Collector()
    parser = MultipartParser(boundary, collector.callbacks())  # type: ignore[arg-type]
    try:
        parser.write(raw)
    except FormParserError:
        raise invalid("invalid_form", "The body is not valid multipart/form-data.") from None
    if not collector.whole:
        raise invalid("invalid_form", "The form ends before its closing boundary.")
    if sum(part.is_file for part in collector.parts) > FILES_MAX:
        raise invalid("too_many_parts", f"A form may have {FILES_MAX} files at most.")
    return collector.parts


def _boundary(content_type: bytes) -> bytes:
    _, options = parse_options_header(content_type)
    boundary = options.get(b"boundary", b"")
    if not 1 <= len(boundary) <= _BOUNDARY_MAX or not boundary.isascii():
        raise invalid("invalid_form", "The Content-Type header names no boundary.")
    return boundary


def _add(fields: dict[str, Value], name: str, text: str) -> None:
    known = fields.get(name)
    if known is None:
        fields[name] = [text] if name.endswith("[]") else text
    elif name == "model":  # we and the provider might each read another one
        raise invalid("duplicate_key", "The field 'model' is given twice.", "model")
    else:
        fields[name] = [*([known] if isinstance(known, str) else known), text]


def _text(part: _Raw) -> str:
    data = part.data
    if len(data) > FIELD_BYTES_MAX:
        message = f"'{part.name}' is over {FIELD_BYTES_MAX // 2**20} MB of text."
        raise ApiError(413, "field_too_large", message, param=part.name)
    try:
        return data.decode()
    except UnicodeDecodeError:
        raise invalid("invalid_unicode", f"'{part.name}' is not valid UTF-8.", part.name) from None


def _decoded(name: bytes) -> str:
    """A name as browsers write it: UTF-8, quotes and line ends escaped (WHATWG HTML §4.10.22.8)."""
    try:
        text = name.decode()
    except UnicodeDecodeError:
        text = name.decode("latin-1")
    for sign, escaped in _ESCAPES:
        text = text.replace(escaped, sign)
    return text.replace("\x00", "")


def _printable(text: str) -> str:
    return "".join(sign for sign in text.strip() if sign.isprintable())


_ESCAPES: Final = (('"', "%22"), ("\r", "%0D"), ("\n", "%0A"))


def _head(name: str, filename: str | None = None, kind: str = "") -> bytes:
    """A part's headers up to its data."""
    line = f'content-disposition: form-data; name="{_escaped(name)}"'
    if filename is None:
        return f"{line}\r\n\r\n".encode()
    return f'{line}; filename="{_escaped(filename)}"\r\ncontent-type: {kind}\r\n\r\n'.encode()


def _escaped(name: str) -> str:
    for sign, escaped in _ESCAPES:
        name = name.replace(sign, escaped)
    return name


def _free_boundary(datas: Collection[bytes]) -> str:
    """A boundary that is in none of the parts; who writes ours into a file doesn't know the other one."""
    taken = any(_BOUNDARY.encode() in data for data in datas)
    return f"{_BOUNDARY}-{uuid4().hex}" if taken else _BOUNDARY
