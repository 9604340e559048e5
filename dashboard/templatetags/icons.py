"""Lucide's icons, each drawn once in a process: a page has some thirty, each a tree to be copied."""

from functools import lru_cache

from django import template
from django.utils.safestring import SafeString
from lucide.templatetags.lucide import lucide as drawn

register = template.Library()


@register.simple_tag
def lucide(name: str, *, size: int = 24, **attributes: str) -> SafeString:
    """The icon of that name as SVG, with these attributes."""
    return _known(name, size, tuple(attributes.items()))


@lru_cache(maxsize=500)
def _known(name: str, size: int, attributes: tuple[tuple[str, str], ...]) -> SafeString:
    return SafeString(drawn(name, size=size, **dict(attributes)))
