"""A page told to machines: JSON-LD, and the addresses of the same page in other languages."""

import json
from typing import Any
from urllib.parse import urlencode

from django import template
from django.conf import settings
from django.template.context import Context
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe

from dashboard.languages import PARAMETER

register = template.Library()

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
