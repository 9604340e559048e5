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
from django.utils.translation import gettext, override
from django.utils.translation import gettext_lazy as _

from cloudapi.openapi import document
from cloudapi.reference import operations, samples, words
from cloudapi.reference.fields import Piece, Row
from cloudapi.reference.operations import Answer, Content, Object, Operation, Reference
from dashboard.guide.search import fold
from dashboard.samples import sample

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
type Shown = tuple[Content, SafeString, SafeString]  # with its fields and its type

_CODE = re.compile(r"`([^`]+)`")
_BREAK = re.compile(r"\n\s*\n")


@dataclass(frozen=True, slots=True)
class Entry:
    """One operation in the reader's language. haystack: what a search looks through, folded."""

    op: Operation
    html: SafeString
    haystack: str


@dataclass(frozen=True, slots=True)
class Group:
    """The operations of one tag."""

    tag: str
    title: str
    entries: tuple[Entry, ...]


@dataclass(frozen=True, slots=True)
class Drawn:
    """The page's inner parts in one language."""

    groups: tuple[Group, ...]
    objects: SafeString


@cache
def found() -> Reference:
    """The document as it is read, in English; it changes with the code only."""
    return words.told(operations.reference(document()), str)


@cache
def digest() -> str:
    """Names the document's state."""
    return hashlib.sha256(orjson.dumps(document())).hexdigest()[:32]


def drawn(language: str) -> Drawn:
    """The reference in a language, which is the one in force afterwards as before."""
    return _drawn(language, digest(), settings.API_BASE_URL)


def draw_all() -> None:
    """The reference in each language, before anybody asks. It reads the code's own words, no database."""
    for language, _name in settings.LANGUAGES:
        drawn(language)


@lru_cache(maxsize=2 * len(settings.LANGUAGES))
def _drawn(language: str, _state: str, base_url: str) -> Drawn:
    english = found()
    with override(language):
        shown = words.told(english, gettext)
        groups = (
            _group(tag, zip(shown.groups[tag], group, strict=True), base_url)
            for tag, group in english.groups.items()
        )
        return Drawn(tuple(groups), mark_safe("".join(_object(one) for one in shown.objects)))


def _group(tag: str, pairs: Iterable[tuple[Operation, Operation]], base_url: str) -> Group:
    title = str(TITLES.get(tag, tag))
    return Group(tag, title, tuple(_entry(title, one, english, base_url) for one, english in pairs))


def _entry(title: str, one: Operation, english: Operation, base_url: str) -> Entry:
    """Who reads Russian may look for English words, too: those that the page doesn't show go along."""
    also = "" if one == english else f"{english.tag} {english.summary} {english.description}"
    return Entry(one, _operation(one, base_url, also), fold(f"{title} {also} {one.haystack}"))


def _object(one: Object) -> SafeString:
    context = {
        "name": one.name,
        "told": prose(one.description),
        "rows": _fields(one.rows),
        "type": _type(one.type),
        "choices": one.choices,
    }
    return mark_safe(get_template("site/parts/api_object.html").render(context))


def _operation(one: Operation, base_url: str, also: str) -> SafeString:
    texts = {"bash": samples.curl(one, base_url), "python": samples.python(one, base_url)}
    context: dict[str, Any] = {
        "op": one,
        "also": also,
        "told": prose(one.description),
        "parameters": [
            (place, _fields(value.row for value in one.parameters if value.place == place))
            for place in ("path", "query", "header")
        ],
        "bodies": [_content(content) for content in one.bodies],
        "answers": [_answer(answer) for answer in one.answers],
        "refusals": [(refusal.status, prose(refusal.description)) for refusal in one.refusals],
        "samples": [sample(language, text) for language, text in texts.items()],
        "call": _call(one),
    }
    return mark_safe(get_template("site/parts/api_operation.html").render(context))


def _answer(one: Answer) -> tuple[Answer, SafeString, SafeString, list[Shown]]:
    return one, prose(one.description), _fields(one.headers), [_content(content) for content in one.contents]


def _content(one: Content) -> Shown:
    return one, _fields(one.rows), _type(one.type)


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


def _fields(rows: Iterable[Row]) -> SafeString:
    """Rows as HTML, '' of none. In Python: there are some two thousand, and a template takes far longer."""
    must = f' <span class="api-must">{escape(_("required"))}</span>'
    drawn = "".join(_field(row, must) for row in rows)
    return mark_safe(f'<dl class="api-fields">{drawn}</dl>' if drawn else "")


def _field(row: Row, must: str) -> str:
    told = f"{prose(row.description)} " if row.description else ""
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
