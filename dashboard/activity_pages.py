"""The activity page: calls with their filters and sums, whole or the part that has changed."""

import hashlib
from typing import Any, Final

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.utils.cache import get_conditional_response, patch_vary_headers

from accounts.models import Organization
from dashboard import activity
from dashboard.activity import Filters
from dashboard.activity_form import ActivityForm
from dashboard.people import page_caller
from dashboard.usage import METRICS, chart, totals
from dashboard.views import cursor, private

# What the page's module may ask for instead of the whole: both, the sums, or the list.
PARTS: Final = ("results", "summary", "calls")
PART_HEADER: Final = "X-Part"


@private("GET", "HEAD")
def activity_list(request: HttpRequest) -> HttpResponseBase:
    """The whole page; with X-Part, that part of it, sent again only when it has changed."""
    organization = page_caller(request).organization
    form = ActivityForm(page_caller(request), request.GET)
    filters = form.filters()
    part = request.headers.get(PART_HEADER, "")
    context = _links(request) | {"form": form, "narrowed": form.narrows}
    if part != "summary":
        context["page"] = activity.listed(organization, filters, cursor(request))
    if part != "calls":
        context |= _sums(organization, filters, request.GET.get("chart", ""))
    if part not in PARTS:
        return render(request, "dashboard/activity.html", context)
    return _changed(request, render(request, f"dashboard/activity.html#{part}", context))


def _sums(organization: Organization, filters: Filters, metric: str) -> dict[str, Any]:
    """An id is one call or a few: there is nothing to add up."""
    if filters.text:
        return {"totals": None, "chart": None}
    return {"totals": totals(organization, filters), "chart": chart(organization, filters, metric)}


def _links(request: HttpRequest) -> dict[str, Any]:
    """What links of the page begin with: the filter alone, and with the chart's metric."""
    query = request.GET.copy()
    for name in ("before", "call"):
        query.pop(name, None)
    filtered = query.copy()
    filtered.pop("chart", None)
    return {
        "query": query.urlencode(),
        "filter_query": filtered.urlencode(),
        "metrics": METRICS,
        "paging": bool(request.GET.get("before")),
    }


def _changed(request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
    body: bytes = getattr(response, "content", b"")
    mark = f'W/"{hashlib.sha256(body).hexdigest()[:32]}"'
    known = get_conditional_response(request, etag=mark)
    answer = response if known is None else known
    answer["ETag"] = mark
    patch_vary_headers(answer, [PART_HEADER])
    return answer
