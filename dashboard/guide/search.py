"""Words found in the pages of one language: by title, then heading, then text. Pure, in memory."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final
from unicodedata import combining, normalize

from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe

from dashboard.guide.markup import Part
from dashboard.guide.page import Page

SHOWN: Final = 20
WORDS_MAX: Final = 8
_AROUND: Final = 90  # characters of a snippet on each side of what was found
_MARKS: Final = "'ʻʼ‘’`"  # an Uzbek reader types any of them, or none
_WORD = re.compile(rf"[\w{_MARKS}]+")
_WEIGHTS: Final = {"title": 24, "summary": 8, "heading": 12, "text": 2}


@dataclass(frozen=True, slots=True)
class Entry:
    """One part of a page, folded for comparing."""

    page: Page
    part: Part
    title: tuple[str, ...]
    summary: tuple[str, ...]
    heading: tuple[str, ...]
    text: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Hit:
    """What a reader is shown: safe HTML with the found words marked."""

    page: Page
    anchor: str
    heading: SafeString
    snippet: SafeString


@lru_cache(maxsize=1 << 15)
def fold(word: str) -> str:
    """Case, accents and every kind of apostrophe aside: Soʻm, so'm and som are one word."""
    plain = "".join(c for c in normalize("NFKD", word.casefold()) if not combining(c))
    return plain.translate(dict.fromkeys(map(ord, _MARKS)))


def words(text: str) -> tuple[str, ...]:
    """Its words, folded."""
    return tuple(fold(word) for word in _WORD.findall(text))


def entries(page: Page, parts: Iterable[Part]) -> list[Entry]:
    """What the search knows of a page. Its title and summary count for its first part alone."""
    return [
        Entry(
            page=page,
            part=part,
            title=words(page.title),
            summary=() if part.anchor else words(page.summary),
            heading=words(part.title),
            text=words(part.text),
        )
        for part in parts
        if part.anchor or part.text or page.summary
    ]


def search(index: Sequence[Entry], query: str) -> list[Hit]:
    """The best parts that have all words of the query, or words that begin with them."""
    terms = list(dict.fromkeys(words(query)))[:WORDS_MAX]
    if not terms:
        return []
    scored = [(score, number) for number, entry in enumerate(index) if (score := _score(entry, terms))]
    scored.sort(key=lambda pair: (-pair[0], pair[1]))
    return [_hit(index[number], terms) for _score_, number in scored[:SHOWN]]


def _score(entry: Entry, terms: Sequence[str]) -> int:
    """0 unless every term is there and one of them is not only in the page's title."""
    total = 0
    own = not entry.part.anchor
    for term in terms:
        points = {name: _points(getattr(entry, name), term) for name in _WEIGHTS}
        if not any(points.values()):
            return 0
        own = own or any(points[name] for name in ("heading", "text"))
        # A page's first part stands for the page; its others are found by what they say themselves.
        total += sum(points[n] * _WEIGHTS[n] for n in _WEIGHTS if n != "title" or not entry.part.anchor)
    return total if own else 0


def _points(found: Sequence[str], term: str) -> int:
    """Three for the word itself, one for each other that begins with it; at most six."""
    whole = sum(word == term for word in found)
    begun = sum(word != term and word.startswith(term) for word in found)
    return min(6, 3 * whole + begun)


def _hit(entry: Entry, terms: Sequence[str]) -> Hit:
    heading = entry.part.title or entry.page.title
    text = (
        entry.part.text if entry.part.anchor else f"{entry.page.summary} {entry.part.text}".replace("`", "")
    )
    return Hit(entry.page, entry.part.anchor, marked(heading, terms), marked(_around(text, terms), terms))


def _around(text: str, terms: Sequence[str]) -> str:
    """The text about the first word that was found."""
    text = " ".join(text.split())
    at = next((w.start() for w in _WORD.finditer(text) if _found(w[0], terms)), 0)
    start = text.rfind(" ", 0, max(0, at - _AROUND)) + 1
    end = text.find(" ", min(len(text), at + _AROUND))
    cut = text[start : end if end > 0 else None]
    return f"{'… ' if start else ''}{cut}{' …' if end > 0 else ''}"


def marked(text: str, terms: Sequence[str]) -> SafeString:
    """The text, escaped, with <mark> about the words that were found."""
    made, last = [], 0
    for word in _WORD.finditer(text):
        if _found(word[0], terms):
            made += [escape(text[last : word.start()]), f"<mark>{escape(word[0])}</mark>"]
            last = word.end()
    return mark_safe("".join([*made, escape(text[last:])]))


def _found(word: str, terms: Sequence[str]) -> bool:
    return any(fold(word).startswith(term) for term in terms)
