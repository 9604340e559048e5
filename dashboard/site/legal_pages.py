"""/legal/…, and /contact."""

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.cache import patch_vary_headers
from django.views.decorators.http import require_safe

from dashboard.site.contacts import contacts
from dashboard.site.legal import LegalText, in_force


@require_safe
def legal(request: HttpRequest, page: str) -> HttpResponse:
    text = in_force(page) if page in LegalText.Page.values else None
    if text is None:
        raise Http404
    response = render(request, "site/legal.html", {"text": text, "pages": LegalText.Page})
    patch_vary_headers(response, ["Accept-Language", "Cookie"])
    return response


@require_safe
def contact(request: HttpRequest) -> HttpResponse:
    """How to reach us, and what is answered without asking, which is all where no way is set yet."""
    response = render(request, "site/contact.html", {"contacts": contacts()})
    patch_vary_headers(response, ["Accept-Language", "Cookie"])
    return response
