"""/docs/api: the page, and what of it a search finds."""

from collections.abc import Sequence
from typing import Final

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.cache import patch_vary_headers
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import get_language
from django.views.decorators.csp import csp_override
from django.views.decorators.http import require_safe

from cloudapi.openapi import PLAYGROUND_CSP
from cloudapi.reference.drawing import Group, drawn
from dashboard.guide.search import fold

QUERY_MAX: Final = 200


@csp_override(PLAYGROUND_CSP)
@require_safe
def reference(request: HttpRequest) -> HttpResponse:
    """GET /docs/api; with `q` only what it finds is in sight. Its form's token lets a session count where it
    may."""
    language = get_language() or "en"
    query = request.GET.get("q", "")[:QUERY_MAX].replace("\0", "").strip()
    shown = drawn(language)
    found = [_narrowed(group, fold(query).split()) for group in shown.groups]
    context = {
        "query": query,
        "groups": [(group, html, count) for group, (html, count) in zip(shown.groups, found, strict=True)],
        "count": sum(count for _html, count in found),
        "objects": shown.objects,
        "base_url": settings.API_BASE_URL,
    }
    response = render(request, "site/api.html", context)
    patch_vary_headers(response, ["Accept-Language", "Cookie"])
    return response


def _narrowed(group: Group, words: Sequence[str]) -> tuple[SafeString, int]:
    """The group's operations, those that lack a word hidden, and how many are left.

    The page's script narrows the same list while somebody types, so all of it is there.
    """
    seen = [all(word in one.haystack for word in words) for one in group.entries]
    parts = [
        f'<details class="api-op"{"" if matches else " hidden"}>{one.html}</details>'
        for matches, one in zip(seen, group.entries, strict=True)
    ]
    return mark_safe("".join(parts)), sum(seen)
