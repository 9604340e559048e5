"""The reference as HTML, drawn once for each language and state of the document."""

import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Any, Final

import orjson
from django.conf import settings
from django.template.loader import get_template
from django.utils.functional import Promise
from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext_lazy as _
from django.utils.translation import override

from cloudapi.openapi import document
from cloudapi.reference import operations, samples
from cloudapi.reference.fields import Piece, Row
from cloudapi.reference.operations import Content, Object, Operation, Reference
from dashboard.samples import sample

WRITTEN_IN: Final = "en"  # the document itself, in every language
TITLES: Final[dict[str, str | Promise]] = {
    "Chat": _("Chat"),
    "Messages": "Messages",
    "Responses": "Responses",
    "Embeddings": _("Embeddings"),
    "Images": _("Images"),
    "Audio": _("Audio"),
    "Videos": _("Video"),
    "CloudGPT": "CloudGPT",
    "Models": _("Models"),
    "Receipts": _("Receipts"),
    "Keys": _("Keys"),
    "Projects": _("Projects"),
    "Members": _("Members"),
    "Budgets": _("Budgets"),
    "Wallet": _("Wallet"),
    "Usage": _("Usage"),
    "Content": _("Content of calls"),
}
_BOUNDS: Final[dict[str, Promise | str]] = {
    "range": "",
    "length": _("characters"),
    "items": _("entries"),
    "default": _("by default"),
    "pattern": _("pattern"),
}
_CODE = re.compile(r"`([^`]+)`")
_BREAK = re.compile(r"\n\s*\n")


@dataclass(frozen=True, slots=True)
class Group:
    """The operations of one tag, each as HTML too."""

    tag: str
    title: str | Promise
    entries: tuple[tuple[Operation, SafeString], ...]


@dataclass(frozen=True, slots=True)
class Drawn:
    """The page's inner parts in one language."""

    groups: tuple[Group, ...]
    objects: SafeString


@cache
def found() -> Reference:
    """The document as it is read; it changes with the code only."""
    return operations.reference(document())


@cache
def digest() -> str:
    """Names the document's state."""
    return hashlib.sha256(orjson.dumps(document())).hexdigest()[:32]


def drawn(language: str) -> Drawn:
    """The reference in a language, which is the one in force afterwards as before."""
    return _drawn(language, digest(), settings.API_BASE_URL)


def foreign(language: str) -> str:
    """The attribute of what the document says itself, on a page in this language."""
    return "" if language == WRITTEN_IN else mark_safe(f' lang="{WRITTEN_IN}"')


@lru_cache(maxsize=2 * len(settings.LANGUAGES))
def _drawn(language: str, _state: str, base_url: str) -> Drawn:
    said = foreign(language)
    with override(language):
        groups = tuple(
            Group(tag, TITLES.get(tag, tag), tuple((one, _operation(one, base_url, said)) for one in group))
            for tag, group in found().groups.items()
        )
        return Drawn(groups, mark_safe("".join(_object(one, said) for one in found().objects)))


def _object(one: Object, said: str) -> SafeString:
    context = {
        "name": one.name,
        "told": prose(one.description),
        "rows": _fields(one.rows, said),
        "type": _type(one.type),
        "said": said,
    }
    return mark_safe(get_template("site/parts/api_object.html").render(context))


def _operation(one: Operation, base_url: str, said: str) -> SafeString:
    texts = {"bash": samples.curl(one, base_url), "python": samples.python(one, base_url)}
    context: dict[str, Any] = {
        "op": one,
        "said": said,
        "told": prose(one.description),
        "parameters": [
            (place, _fields((value.row for value in one.parameters if value.place == place), said))
            for place in ("path", "query", "header")
        ],
        "bodies": [_content(content, said) for content in one.bodies],
        "answers": [
            (answer, _fields(answer.headers, said), [_content(content, said) for content in answer.contents])
            for answer in one.answers
        ],
        "samples": [sample(language, text) for language, text in texts.items()],
        "call": _call(one),
    }
    return mark_safe(get_template("site/parts/api_operation.html").render(context))


def _content(one: Content, said: str) -> tuple[Content, SafeString, SafeString]:
    return one, _fields(one.rows, said), _type(one.type)


def _call(one: Operation) -> str:
    """What the page's script has to know to make the call, as JSON."""
    body, form = one.body(operations.JSON), one.body(operations.FORM)
    call: dict[str, Any] = {
        "method": one.method,
        "path": one.path,
        "values": [[value.row.name, value.place, value.row.required] for value in one.parameters],
    }
    if body is not None:
        call["body"] = orjson.dumps(body.example, option=orjson.OPT_INDENT_2).decode()
    elif form is not None:
        call["form"] = [[row.name, row.is_file, row.required] for row in form.rows if not row.depth]
    return orjson.dumps(call).decode()


def _fields(rows: Iterable[Row], said: str) -> SafeString:
    """Rows as HTML, '' of none. In Python: there are some two thousand, and a template takes far longer."""
    must = f' <span class="api-must">{escape(_("required"))}</span>'
    drawn = "".join(_field(row, said, must) for row in rows)
    return mark_safe(f'<dl class="api-fields">{drawn}</dl>' if drawn else "")


def _field(row: Row, said: str, must: str) -> str:
    told = f"<span{said}>{prose(row.description)}</span> " if row.description else ""
    choices = "".join(f"<code>{escape(choice)}</code> " for choice in row.choices)
    bounds = "".join(f'<span class="api-bound">{escape(_bound(*one))}</span> ' for one in row.bounds)
    meaning = told + choices + bounds
    return (
        f"<div{f' class="in-{row.depth}"' if row.depth else ''}><dt><code>{escape(row.name)}</code> "
        f'<span class="api-type">{_type(row.type)}</span>{must if row.required else ""}</dt>'
        f"{f'<dd>{meaning}</dd>' if meaning else ''}</div>"
    )


def _bound(label: str, text: str) -> str:
    """1 … 255 characters; by default: false."""
    word = str(_BOUNDS[label])
    return f"{word}: {text}" if label in ("default", "pattern") else f"{text} {word}".strip()


def _type(pieces: Iterable[Piece]) -> SafeString:
    """A type's name with links to the objects in it."""
    return mark_safe(
        "".join(
            f'<a href="#object-{piece.object}">{piece.text}</a>' if piece.object else escape(piece.text)
            for piece in pieces
        )
    )


def prose(text: str) -> SafeString:
    """A description of the document: its `code` as code, paragraphs as lines of their own."""
    marked = _CODE.sub(r"<code>\1</code>", str(escape(text.strip())))
    return mark_safe(_BREAK.sub("<br>", marked))
