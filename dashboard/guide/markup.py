"""Markdown of ours as HTML: headings with anchors, tables that scroll, code behind tabs.

HTML inside of it is shown as text, never passed on.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from django.template.loader import render_to_string
from django.utils.safestring import SafeString, mark_safe
from django.utils.text import slugify
from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML
from markdown_it.token import Token
from markdown_it.utils import EnvType, OptionsDict

from dashboard.samples import Sample, sample

_TITLE = re.compile(r'title="([^"]+)"')
_NAMES: Final = {"python": "Python", "javascript": "Node.js", "bash": "curl", "sh": "Shell", "json": "JSON"}


@dataclass(frozen=True, slots=True)
class Heading:
    """One entry of the table of contents."""

    level: int
    anchor: str
    title: str


@dataclass(frozen=True, slots=True)
class Fence:
    """A piece of code as it stands in the Markdown. runs: it is executed in the suite."""

    language: str
    title: str
    text: str
    runs: bool


@dataclass(frozen=True, slots=True)
class Part:
    """What stands under one heading, as plain words; the first one has neither anchor nor title."""

    anchor: str
    title: str
    text: str


@dataclass(slots=True)
class Document:
    """One page as tokens. anchors: those of the English page, so that links hold in every language."""

    text: str
    anchors: Sequence[str] = ()
    tokens: list[Token] = field(init=False)
    headings: list[Heading] = field(init=False)

    def __post_init__(self) -> None:
        self.tokens = _MARKDOWN.parse(self.text)
        self.headings = list(self._headings())
        self.tokens = _grouped(self.tokens)
        _unhead(self.tokens)

    def html(self) -> SafeString:
        """The page's body; labels in the language in force."""
        made: str = _MARKDOWN.renderer.render(self.tokens, _MARKDOWN.options, {})
        return mark_safe(made)

    def fences(self) -> list[Fence]:
        """All its code, in order."""
        return [fence for token in self.tokens if token.type == "samples" for fence in token.meta["fences"]]

    def parts(self) -> list[Part]:
        """Its words by heading, for the search."""
        found, anchor, title, words = [], "", "", list[str]()
        headings = iter(self.headings)
        opened = False
        for token in self.tokens:
            if token.type == "heading_open":
                found.append(Part(anchor, title, " ".join(words)))
                heading = next(headings)
                anchor, title, words, opened = heading.anchor, heading.title, [], True
            elif token.type == "inline" and not opened:
                words.append(_plain(token))
            elif token.type == "samples":
                words += [fence.text for fence in token.meta["fences"] if fence.runs]
            opened = opened and token.type != "heading_close"
        return [*found, Part(anchor, title, " ".join(words))]

    def _headings(self) -> list[Heading]:
        opens = [at for at, token in enumerate(self.tokens) if token.type == "heading_open"]
        known = self.anchors if len(self.anchors) == len(opens) else ()
        found: list[Heading] = []
        for number, at in enumerate(opens):
            title = _plain(self.tokens[at + 1])
            anchor = known[number] if known else _fresh(slugify(title, allow_unicode=True), found)
            self.tokens[at].attrSet("id", anchor)
            self.tokens[at].meta["title"] = title
            found.append(Heading(int(self.tokens[at].tag[1]), anchor, title))
        return found


def _fresh(anchor: str, found: Sequence[Heading]) -> str:
    taken = {heading.anchor for heading in found}
    number = next(n for n in range(1, 99) if (anchor if n == 1 else f"{anchor}-{n}") not in taken)
    return anchor if number == 1 else f"{anchor}-{number}"


def _plain(token: Token) -> str:
    return "".join(
        child.content if child.type in {"text", "code_inline"} else " " if child.type == "softbreak" else ""
        for child in token.children or ()
    )


def _grouped(tokens: Sequence[Token]) -> list[Token]:
    """Fences that follow each other become one block of samples with a tab for each language."""
    found: list[Token] = []
    for token in tokens:
        if token.type != "fence":
            found.append(token)
            continue
        fence = _fence(token)
        last = found[-1] if found else None
        if last is not None and last.type == "samples" and _fits(fence, last.meta["fences"]):
            last.meta["fences"].append(fence)
        else:
            number = sum(one.type == "samples" for one in found) + 1
            found.append(Token("samples", "", 0, meta={"fences": [fence], "number": number}))
    return found


def _unhead(tokens: Sequence[Token]) -> None:
    """A column without a name has no heading; a table of such columns has none at all (guide.css)."""
    for before, token, after in zip(tokens, tokens[1:], tokens[2:], strict=False):
        if before.type == "th_open" and token.type == "inline" and not token.content:
            before.tag = after.tag = "td"


def _fits(fence: Fence, others: Sequence[Fence]) -> bool:
    return len(others) < 5 and all((fence.language, fence.title) != (o.language, o.title) for o in others)


def _fence(token: Token) -> Fence:
    language, _blank, rest = token.info.strip().partition(" ")
    named = _TITLE.search(rest)
    return Fence(language or "text", named[1] if named else "", token.content, "no-run" not in rest)


def _samples(self: RendererHTML, tokens: Sequence[Token], at: int, options: OptionsDict, env: EnvType) -> str:
    fences: list[Fence] = tokens[at].meta["fences"]
    samples = [_sample(fence, number, len(fences)) for number, fence in enumerate(fences, 1)]
    context = {"id": f"code-{tokens[at].meta['number']}", "samples": samples}
    return render_to_string("components/code.html", context)


def _sample(fence: Fence, number: int, count: int) -> Sample:
    """Tabs of the same language are told apart by number in their ids."""
    made = sample(fence.language, fence.text, fence.title or _NAMES.get(fence.language, fence.language))
    return Sample(
        f"{made.language}{number}" if fence.title and count > 1 else made.language, made.label, made.html
    )


def _heading_close(
    self: RendererHTML, tokens: Sequence[Token], at: int, options: OptionsDict, env: EnvType
) -> str:
    opened = next(token for token in reversed(tokens[:at]) if token.type == "heading_open")
    anchor = f'<a class="anchor" href="#{opened.attrGet("id")}" aria-hidden="true" tabindex="-1">#</a>'
    return f"{anchor}</{tokens[at].tag}>\n"


def _table_open(
    self: RendererHTML, tokens: Sequence[Token], at: int, options: OptionsDict, env: EnvType
) -> str:
    return '<div class="scroll" tabindex="0"><table>\n'


def _table_close(
    self: RendererHTML, tokens: Sequence[Token], at: int, options: OptionsDict, env: EnvType
) -> str:
    return "</table></div>\n"


def _markdown() -> MarkdownIt:
    made = MarkdownIt("commonmark", {"html": False, "typographer": False}).enable("table")
    for kind, rule in (
        ("samples", _samples),
        ("heading_close", _heading_close),
        ("table_open", _table_open),
        ("table_close", _table_close),
    ):
        made.add_render_rule(kind, rule)
    return made


_MARKDOWN: Final = _markdown()
