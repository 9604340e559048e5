"""/pricing for people, and the same list for programs. Public; sent again only when it has changed."""

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from django.conf import settings
from django.contrib.messages import get_messages
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.utils.cache import get_conditional_response, patch_cache_control, patch_vary_headers
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import get_language
from django.views.decorators.http import require_safe

from billing.providers import ways
from dashboard.forms import ModelsForm
from dashboard.price_rows import Pen
from dashboard.pricing import Entry, PriceList, price_list, search
from dashboard.pricing_files import as_csv, as_json

_UNPRICED: Final = {"error": "No exchange rate is in force at the moment."}


def _release() -> str:
    """Changes with what the page is made of, and is the same in all processes of a host."""
    home = Path(settings.LOCALE_PATHS[0]).parent
    kinds = ("templates/**/*.html", "static/**/*.*", "locale/**/*.mo", "dashboard/**/*.py")
    files = (path for kind in kinds for path in home.glob(kind))
    return f"{max((path.stat().st_mtime_ns for path in files), default=0):x}"


_RELEASE: Final = _release()


@require_safe
def pricing(request: HttpRequest) -> HttpResponseBase:
    """The page; an htmx request gets the table alone."""
    found = price_list()
    if found is None:
        return render(request, "site/unpriced.html", status=503)
    if len(get_messages(request)):
        return _page(request, found)
    return _unless_known(request, _mark_of_page(request, found), lambda: _page(request, found))


@require_safe
def pricing_json(request: HttpRequest) -> HttpResponseBase:
    """Exact prices as JSON."""
    return _file(request, "json", lambda found: JsonResponse(as_json(found)))


@require_safe
def pricing_csv(request: HttpRequest) -> HttpResponseBase:
    """Exact prices as a table to download."""
    return _file(request, "csv", _download)


def _file(request: HttpRequest, kind: str, make: Callable[[PriceList], HttpResponse]) -> HttpResponseBase:
    found = price_list()
    if found is None:
        return JsonResponse(_UNPRICED, status=503)
    mark = _mark(kind, found.version, settings.FREE_DAILY_REQUESTS)
    response = _unless_known(request, mark, lambda: make(found))
    patch_cache_control(response, public=True, max_age=60)
    return response


def _download(found: PriceList) -> HttpResponse:
    name = f"cloudapi-prices-{found.day.isoformat()}.csv"
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return HttpResponse(as_csv(found), content_type="text/csv; charset=utf-8", headers=headers)


def _page(request: HttpRequest, found: PriceList) -> HttpResponse:
    form = ModelsForm(request.GET or None)
    said: Mapping[str, Any] = form.cleaned_data if form.is_valid() else {}
    words, modality = said.get("q", ""), said.get("modality", "")
    entries = search(found.entries, words, modality, free=said.get("free", False))
    context = {
        "form": form,
        "prices": found,
        "count": len(entries),
        "list": mark_safe("".join(_drawn(found, entries))),
        "free_requests": settings.FREE_DAILY_REQUESTS,
    }
    part = "#table" if request.headers.get("HX-Request") else ""
    response = render(request, f"site/pricing.html{part}", context)
    patch_vary_headers(response, ["HX-Request", "Accept-Language", "Cookie"])
    patch_cache_control(response, private=True, no_cache=True)
    return response


def _drawn(found: PriceList, entries: Iterable[Entry]) -> Iterator[SafeString]:
    """Each model's rows as HTML."""
    language, pen = get_language() or "en", Pen(found.fx_bps)
    for entry in entries:
        place = (language, entry.model.slug)
        if place not in found.drawn:
            found.drawn[place] = pen.rows(entry)
        yield found.drawn[place]


def _mark_of_page(request: HttpRequest, found: PriceList) -> str:
    """Whatever a page shows beside the list: who is signed in, in which language, and their form's token."""
    return _mark(
        *(found.version, get_language(), request.get_full_path(), request.headers.get("HX-Request", "")),
        *(request.user.pk, request.COOKIES.get(settings.CSRF_COOKIE_NAME, ""), settings.FREE_DAILY_REQUESTS),
        *(way.channel for way in ways() if way.accepted),
    )


def _mark(*parts: object) -> str:
    """An ETag; weak, as what compresses answers changes their bytes."""
    return f'W/"{hashlib.sha256(repr((_RELEASE, *parts)).encode()).hexdigest()[:32]}"'


def _unless_known(request: HttpRequest, mark: str, make: Callable[[], HttpResponse]) -> HttpResponseBase:
    """304 for who has it already, before anything is rendered."""
    known = get_conditional_response(request, etag=mark)
    if known is not None:
        return known
    response = make()
    response["ETag"] = mark
    return response
