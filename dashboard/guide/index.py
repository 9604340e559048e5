"""Pages with their figures, and the words that the search looks through.

An index is made once for a language and its figures, in a thread as soon as somebody begins to read: whoever
searches first doesn't wait for 117 pages to be parsed.
"""

from collections.abc import Mapping
from functools import cache, lru_cache
from threading import Lock, Thread
from typing import Final

from django.conf import settings
from django.utils.translation import override

from dashboard.guide import search
from dashboard.guide.codes import table
from dashboard.guide.figures import fill
from dashboard.guide.markup import Document
from dashboard.guide.page import Page
from dashboard.guide.shelf import FALLBACK, shelf

type Known = tuple[tuple[str, str], ...]  # figures, as a key of caches
type Index = tuple[search.Entry, ...]

_KEPT: Final = 2 * len(settings.LANGUAGES)  # figures seldom change, and then indexes are made anew
_making = Lock()
_begun: dict[str, Known] = {}


def filled_page(language: str, slug: str, known: Mapping[str, str]) -> Document:
    """A page with its figures; headings keep the anchors of the English one."""
    own = shelf(language).pages[slug]
    text = filled_text(language, own, known)
    if own.language == FALLBACK:
        return Document(text)
    return Document(text, _anchors(slug))


@cache
def _anchors(slug: str) -> list[str]:
    """Those of the English page."""
    return [heading.anchor for heading in Document(shelf(FALLBACK).pages[slug].body).headings]


def filled_text(language: str, found: Page, known: Mapping[str, str]) -> str:
    """Its Markdown with all figures."""
    codes = {"error_codes": table(shelf(language).pages.values())} if "{{error_codes}}" in found.body else {}
    return fill(found.body, {**known, **codes})


def index(language: str, known: Known) -> Index:
    """What the search looks through; waits for the thread that is making it."""
    with _making, override(language):
        return _index(language, known)


def warm(language: str, known: Known) -> Thread | None:
    """Begin to make the index; nothing where that was begun already. Reads files only, no database."""
    if _begun.get(language) == known:
        return None
    _begun[language] = known
    thread = Thread(target=index, args=(language, known), name=f"index-{language}", daemon=True)
    thread.start()
    return thread


@lru_cache(maxsize=_KEPT)
def _index(language: str, known: Known) -> Index:
    figures = dict(known)
    return tuple(
        entry
        for slug, found in shelf(language).pages.items()
        for entry in search.entries(found, filled_page(language, slug, figures).parts())
    )
