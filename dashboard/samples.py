"""Samples of code for templates/components/code.html: highlighted here, coloured by static/css/code.css."""

from dataclasses import dataclass
from functools import lru_cache

from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe
from pygments import highlight
from pygments.formatters import HtmlFormatter
from pygments.lexers import get_lexer_by_name
from pygments.util import ClassNotFound

LABELS = {
    "python": "Python",
    "javascript": "Node.js",
    "typescript": "TypeScript",
    "bash": "curl",
    "json": "JSON",
    "text": "",
}


@dataclass(frozen=True, slots=True)
class Sample:
    """A piece of code in one language."""

    language: str  # Pygments' name of it, also part of element ids
    label: str  # as its tab says
    html: SafeString


def sample(language: str, text: str, label: str = "") -> Sample:
    """The text highlighted as that language; one that Pygments doesn't know stays plain."""
    return Sample(language, label or LABELS.get(language, language), highlighted(language, text))


@lru_cache(maxsize=512)
def highlighted(language: str, text: str) -> SafeString:
    """Safe HTML with Pygments' short classes and no element around it."""
    try:
        lexer = get_lexer_by_name(language)
    except ClassNotFound:
        return escape(text)
    return mark_safe(highlight(text.rstrip(), lexer, HtmlFormatter(nowrap=True)))
