"""The documentation's addresses."""

from dataclasses import dataclass
from functools import lru_cache

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.safestring import SafeString
from django.utils.translation import get_language, override
from django.views.decorators.http import require_safe

from dashboard.guide import search as finding
from dashboard.guide.figures import figures, fill
from dashboard.guide.index import Known, filled_page, filled_text, index, warm
from dashboard.guide.markup import Heading
from dashboard.guide.page import Page
from dashboard.guide.shelf import FALLBACK, SECTIONS, shelf

FIRST = "index"  # the page at /docs itself


@dataclass(frozen=True, slots=True)
class Made:
    """A page as it is shown."""

    html: SafeString
    headings: tuple[Heading, ...]


@require_safe
def first(request: HttpRequest) -> HttpResponse:
    """Where the documentation begins."""
    return page(request, FIRST)


@require_safe
def energy(request: HttpRequest) -> HttpResponse:
    """Named by receipts and the page of prices."""
    return page(request, "energy")


@require_safe
def page(request: HttpRequest, slug: str) -> HttpResponse:
    """One page in the reader's language."""
    language = reading_language()
    with override(language):
        found, known = _find(language, slug), _known()
        made = _made(language, slug, known)
        warm(language, known)
        before, after = shelf(language).beside(found)
        context = _frame(language) | {
            "page": found,
            "summary": fill(found.summary, dict(known)).replace("`", ""),
            "section": SECTIONS.get(found.section),
            "html": made.html,
            "toc": [heading for heading in made.headings if heading.level == 2],
            "before": before,
            "after": after,
            "raw": reverse("docs-raw", args=[slug]),
            "missing": found.language != language,
        }
        return _answer(render(request, "guide/page.html", context), language)


def hits(query: str) -> list[finding.Hit]:
    """What the documentation has to say of it, in the language that is read in."""
    language = reading_language()
    with override(language):
        return finding.search(index(language, _known()), query)


@require_safe
def search(request: HttpRequest) -> HttpResponse:
    """What was found; htmx gets the list alone."""
    language = reading_language()
    query = request.GET.get("q", "")[:200].replace("\0", "").strip()
    with override(language):
        context = _frame(language) | {"query": query, "hits": hits(query)}
        part = "#found" if request.headers.get("HX-Request") else ""
        return _answer(render(request, f"guide/search.html{part}", context), language)


@require_safe
def raw(request: HttpRequest, slug: str) -> HttpResponse:
    """The page's Markdown, figures filled in: for programs that read."""
    language = reading_language()
    with override(language):
        found = _find(language, slug)
        known = figures()
        text = f"# {found.title}\n\n{fill(found.summary, known)}\n\n{filled_text(language, found, known)}\n"
    return _answer(HttpResponse(text, content_type="text/markdown; charset=utf-8"), language)


@require_safe
def llms(request: HttpRequest) -> HttpResponse:
    """/llms.txt: what there is to read, for programs (llmstxt.org)."""
    with override(FALLBACK):
        known = figures()
        lines = ["# CloudAPI", "", "> " + fill(shelf(FALLBACK).pages[FIRST].summary, known), ""]
        for title, pages in shelf(FALLBACK).listed():
            lines += [f"## {title}", ""]
            lines += [f"- [{p.title}]({_raw_url(p.slug)}): {fill(p.summary, known)}" for p in pages]
            lines.append("")
        lines += ["## Error codes", ""]
        codes = [p for p in shelf(FALLBACK).pages.values() if p.slug.startswith("errors/")]
        lines += [f"- [{p.title}]({_raw_url(p.slug)}): {p.summary}" for p in codes]
    return HttpResponse("\n".join(lines) + "\n", content_type="text/plain; charset=utf-8")


def reading_language() -> str:
    """As the address says (dashboard/languages.py), else the reader's own."""
    language = (get_language() or FALLBACK)[:2]
    return language if language in dict(settings.LANGUAGES) else FALLBACK


def _find(language: str, slug: str) -> Page:
    found = shelf(language).pages.get(slug)
    if found is None:
        raise Http404
    return found


def _known() -> Known:
    return tuple(sorted(figures().items()))


@lru_cache(maxsize=1024)
def _made(language: str, slug: str, known: Known) -> Made:
    """Called with this language in force. Figures seldom change, and then pages are made anew."""
    document = filled_page(language, slug, dict(known))
    return Made(document.html(), tuple(document.headings))


def _frame(language: str) -> dict[str, object]:
    """What every page here has about it."""
    return {"sections": shelf(language).listed(), "first_slug": FIRST}


def _raw_url(slug: str) -> str:
    return f"{settings.SITE_URL}{reverse('docs-raw', args=[slug])}"


def _answer(response: HttpResponse, language: str) -> HttpResponse:
    response.headers["Content-Language"] = language
    response.headers["Vary"] = "Accept-Language, Cookie, HX-Request"
    return response
