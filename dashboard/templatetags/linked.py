"""A page told to machines: JSON-LD, its addresses in other languages, and what a link to it shows."""

import json
from html import unescape
from typing import Any, Final
from urllib.parse import urlencode, urljoin

from django import template
from django.conf import settings
from django.template.context import Context
from django.template.loader_tags import BLOCK_CONTEXT_KEY, BlockContext
from django.templatetags.static import static
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe

from dashboard.languages import PARAMETER

register = template.Library()

# As Open Graph writes them: language and country.
_LOCALES: Final = {"uz": "uz_UZ", "ru": "ru_RU", "en": "en_US"}
# What could end the element or begin a comment in it.
_ESCAPES = {ord("<"): "\\u003C", ord(">"): "\\u003E", ord("&"): "\\u0026"}


@register.simple_tag(takes_context=True)
def linked_data(context: Context, data: dict[str, Any]) -> SafeString:
    """A block of data, which no browser runs; it has the policy's nonce all the same."""
    text = json.dumps(data, ensure_ascii=False).translate(_ESCAPES)
    nonce = context.get("csp_nonce", "")
    return format_html('<script type="application/ld+json" nonce="{}">{}</script>', nonce, mark_safe(text))


@register.simple_tag(takes_context=True)
def own_address(context: Context, language: str = "") -> str:
    """This page's address without what was typed into it; in a language, or in the one that was asked for."""
    request = context.get("request")
    if request is None:
        return ""
    wanted = language or request.GET.get(PARAMETER, "")
    known = wanted in dict(settings.LANGUAGES)
    query = f"?{urlencode({PARAMETER: wanted})}" if known else ""
    return f"{settings.SITE_URL}{request.path}{query}"


@register.simple_tag(takes_context=True)
def block_text(context: Context, name: str) -> str:
    """What a block of this page says, once more: Django lets no template name a block twice."""
    blocks: BlockContext | None = context.render_context.get(BLOCK_CONTEXT_KEY)
    block = blocks.get_block(name) if blocks else None
    # It is HTML by now, and is escaped again where it is put.
    return unescape(" ".join(str(block.render(context)).split())) if block else ""


@register.simple_tag
def locale_of(language: str) -> str:
    """uz → uz_UZ."""
    return _LOCALES.get(language[:2], _LOCALES["en"])


@register.simple_tag
def absolute_static(path: str) -> str:
    """A static file's whole address, for those who see our page elsewhere."""
    return urljoin(f"{settings.SITE_URL}/", static(path))
