"""sitemap.xml and robots.txt: the public pages, each in every language."""

from collections.abc import Iterator
from xml.sax.saxutils import escape

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_safe

from dashboard.guide.shelf import shelf
from dashboard.languages import PARAMETER
from dashboard.site.legal import LegalText
from dashboard.site.showcase import showcase

_PAGES = ("landing", "models", "pricing", "energy", "status", "docs", "contact")
_PRIVATE = ("/dashboard", "/accounts/", "/admin/", "/api/", "/v1/", "/i18n/", "/unsubscribe/")


@require_safe
@cache_control(public=True, max_age=3600)
def sitemap(request: HttpRequest) -> HttpResponse:
    entries = "".join(_entry(path) for path in _paths())
    text = (
        '<?xml version="1.0" encoding="UTF-8"?>\n<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9"'
        f' xmlns:xhtml="http://www.w3.org/1999/xhtml">\n{entries}</urlset>\n'
    )
    return HttpResponse(text, content_type="application/xml; charset=utf-8")


@require_safe
@cache_control(public=True, max_age=3600)
def robots(request: HttpRequest) -> HttpResponse:
    rules = "".join(f"Disallow: {path}\n" for path in _PRIVATE)
    text = f"User-agent: *\n{rules}\nSitemap: {settings.SITE_URL}/sitemap.xml\n"
    return HttpResponse(text, content_type="text/plain; charset=utf-8")


def _paths() -> Iterator[str]:
    yield from (reverse(name) for name in _PAGES)
    yield from (reverse("docs-page", args=[slug]) for slug in shelf("en").pages if slug != "index")
    pages = LegalText.objects.order_by("page").distinct("page").values_list("page", flat=True)
    yield from (reverse("legal", args=[page]) for page in pages)
    shown = showcase()
    yield from (reverse("model", args=[slug]) for slug in (shown.cards if shown else ()))


def _entry(path: str) -> str:
    address = escape(f"{settings.SITE_URL}{path}")
    links = "".join(
        f'<xhtml:link rel="alternate" hreflang="{language}" href="{address}?{PARAMETER}={language}"/>'
        for language, _ in settings.LANGUAGES
    )
    return f"<url><loc>{address}</loc>{links}</url>\n"
