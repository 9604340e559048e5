"""Parts of pages that a browser asks for again by itself: static/js/live.js, and lists that narrow in place.

The part is named in a header, so that its address is the page's own; it is sent only when it has changed.
"""

import hashlib
from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseNotModified
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.utils.cache import get_conditional_response, patch_vary_headers

PART_HEADER = "X-Part"


def asked_part(request: HttpRequest, *names: str) -> str:
    """Which of these parts is asked for; '' is the whole page, and what nobody knows is that too."""
    part = request.headers.get(PART_HEADER, "")
    return part if part in names else ""


def template_of(page: str, part: str) -> str:
    """The name of the template of a page or of its part."""
    return f"{page}#{part}" if part else page


def shown(request: HttpRequest, page: str, context: dict[str, Any], *parts: str) -> HttpResponseBase:
    """The page, or the one of its parts that is asked for."""
    part = asked_part(request, *parts)
    response = render(request, template_of(page, part), context)
    return answered(request, response) if part else response


def answered(request: HttpRequest, response: HttpResponse, mark: str = "") -> HttpResponseBase:
    """The answer with its mark, or 304 without a body where the asker has the same.

    mark: what the answer was made of, as mark_of() says; without it, of the body.
    """
    mark = mark or mark_of(response.content)
    known = get_conditional_response(request, etag=mark)
    return _marked(response if known is None else known, mark)


def unchanged(request: HttpRequest, mark: str) -> HttpResponseBase | None:
    """304 where the asker has what this mark stands for, before anything is drawn; else None."""
    if request.headers.get("If-None-Match") != mark:
        return None
    return _marked(HttpResponseNotModified(), mark)


def mark_of(*facts: object) -> str:
    """An ETag of these facts."""
    said = facts[0] if len(facts) == 1 and isinstance(facts[0], bytes) else repr(facts).encode()
    return f'W/"{hashlib.sha256(said).hexdigest()[:32]}"'


def _marked(answer: HttpResponseBase, mark: str) -> HttpResponseBase:
    answer["ETag"] = mark
    patch_vary_headers(answer, [PART_HEADER, "Accept-Language", "Cookie"])
    return answer
