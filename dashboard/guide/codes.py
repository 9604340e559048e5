"""A page for each error code: what it means, when it comes, what to do, and the envelope in both dialects.

The words are docs/site/<language>/error-codes.md: under each `## code` three paragraphs, in this order.
Statuses, types and bodies are the code's own (proxy/error_codes.py, proxy/errors.py).
"""

import json
import re
from collections.abc import Iterable
from typing import Final

from django.utils.translation import gettext as _
from django.utils.translation import override

from dashboard.guide.page import Page
from proxy.error_codes import CODES
from proxy.errors import ANTHROPIC, OPENAI, ApiError, Voice

CODES_FILE: Final = "error-codes.md"
REQUEST_ID: Final = "019f3d2c-7a51-7c3e-9b1d-5f2e8a4c6b00"
_HEADING = re.compile(r"^## (\w+)$", re.MULTILINE)


def code_pages(text: str, language: str, section: str) -> list[Page]:
    """The pages of a file in the order of the codes. Raises ValueError where a code lacks a paragraph."""
    _preface, *parts = _HEADING.split(text)
    words = dict(zip(parts[::2], parts[1::2], strict=True))
    with override(language):
        return [
            _page(code, words[code], language, section, number)
            for number, code in enumerate(CODES)
            if code in words
        ]


def written(text: str) -> list[str]:
    """The codes that such a file has."""
    return _HEADING.findall(text)


def table(pages: Iterable[Page]) -> str:
    """All codes with status and meaning, as Markdown; in the language in force."""
    heads = (_("Code"), _("Status"), _("What it means"))
    rows = [
        f"| [`{page.title}`](/docs/{page.slug}) | {CODES[page.title].statuses[0]} | {page.summary} |"
        for page in pages
        if page.title in CODES and page.slug.startswith("errors/")
    ]
    return "\n".join((f"| {' | '.join(heads)} |", "|---|---|---|", *rows))


def _page(code: str, words: str, language: str, section: str, number: int) -> Page:
    paragraphs = [part.strip() for part in words.strip().split("\n\n")]
    if len(paragraphs) != 3:
        raise ValueError(f"{language}: {code} has {len(paragraphs)} paragraphs, not three")
    means, when, then = paragraphs
    return Page(
        slug=f"errors/{code}",
        language=language,
        title=code,
        summary=means,
        section=section,
        order=number,
        body=_body(code, when, then),
    )


def _body(code: str, when: str, then: str) -> str:
    error = ApiError(CODES[code].statuses[0], code, CODES[code].message)
    parts = (
        _facts(error),
        "## " + _("When it comes"),
        when,
        "## " + _("What to do"),
        then,
        "## " + _("As it arrives"),
        f'```json title="OpenAI" no-run\n{_envelope(error, OPENAI)}\n```',
        f'```json title="Anthropic" no-run\n{_envelope(error, ANTHROPIC)}\n```',
    )
    return "\n\n".join(parts)


def _facts(error: ApiError) -> str:
    """Status and types, as a table."""
    rows = (
        (_("Code"), f"`{error.code}`"),
        ("---", "---"),
        (_("HTTP status"), ", ".join(map(str, CODES[error.code].statuses))),
        (_("Error type, OpenAI"), f"`{error.type(OPENAI)}`"),
        (_("Error type, Anthropic"), f"`{error.type(ANTHROPIC)}`"),
        (_("SDKs try again by themselves"), _("yes") if _repeated(error) else _("no")),
    )
    return "\n".join(f"| {label} | {value} |" for label, value in rows)


def _envelope(error: ApiError, voice: Voice) -> str:
    return json.dumps(error.payload(REQUEST_ID, voice), indent=2, ensure_ascii=False)


def _repeated(error: ApiError) -> bool:
    """OpenAI's and Anthropic's SDKs repeat these statuses unless the answer says that it's no use."""
    return error.headers.get("x-should-retry") != "false" and (
        error.status in {408, 409, 429} or error.status >= 500
    )
