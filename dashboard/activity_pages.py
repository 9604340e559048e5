"""The activity page: calls with their filters and sums, whole or the part that has changed."""

from typing import Any, Final

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _

from accounts.models import Organization
from billing.download import csv_download, streamed
from dashboard import activity, activity_files, saved_views, undo
from dashboard.activity import Filters
from dashboard.activity_form import ActivityForm
from dashboard.moments import today
from dashboard.parts import answered, asked_part, template_of
from dashboard.people import page_caller
from dashboard.usage import METRICS, totals_and_chart
from dashboard.usage_pages import tabs
from dashboard.views import cursor, private

# What the page's module may ask for instead of the whole: both, the sums, or the list.
PARTS: Final = ("results", "summary", "calls")


@private("GET", "HEAD")
def activity_list(request: HttpRequest) -> HttpResponseBase:
    """The whole page; with X-Part, that part of it, sent again only when it has changed."""
    caller = page_caller(request)
    organization = caller.organization
    form = ActivityForm(caller, request.GET)
    filters = form.filters()
    part = asked_part(request, *PARTS)
    context = _links(request) | {"form": form, "narrowed": form.narrows}
    if part not in ("summary", "calls"):
        context["views"] = saved_views.of(caller)
        context["tabs"] = tabs(request, context["filter_query"])
    if part != "summary":
        context["page"] = activity.listed(organization, filters, cursor(request))
    if part != "calls":
        context |= _sums(organization, filters, request.GET.get("chart", ""))
    response = render(request, template_of("dashboard/activity.html", part), context)
    return answered(request, response) if part else response


@private("GET")
def export(request: HttpRequest, form: str) -> HttpResponseBase:
    """What the filter lets through as a file, newest first."""
    caller = page_caller(request)
    organization, filters = caller.organization, ActivityForm(caller, request.GET).filters()
    name = f"cloudapi-calls-{today().isoformat()}.{form}"
    if form == "csv":
        rows = activity_files.csv_rows(organization, filters)
        return csv_download(request, name, activity_files.COLUMNS, lambda: rows)
    if form == "jsonl":
        lines = activity_files.jsonl(organization, filters)
        return streamed(request, lines, name, "application/x-ndjson")
    raise Http404


@private("POST")
def view_save(request: HttpRequest) -> HttpResponse:
    """Keep the filter under a name; a name that is known gets the new filter."""
    query = saved_views.cleaned(request.POST.get("query", ""))
    try:
        view = saved_views.save(page_caller(request), request.POST.get("name", ""), query)
        messages.success(request, _("The view “%(name)s” is saved.") % {"name": view.name})
    except saved_views.Refused as error:
        messages.error(request, str(error))
    return _back(query)


@private("POST")
def view_delete(request: HttpRequest, view_id: int) -> HttpResponse:
    """Forget one's own view; a foreign one is 404 like an unknown one."""
    view = saved_views.delete(page_caller(request), view_id)
    if view is None:
        raise Http404
    deleted = _("The view “%(name)s” is deleted.") % {"name": view.name}
    undo.told(request, deleted, reverse("view_save"), [("name", view.name), ("query", view.query)])
    return _back(saved_views.cleaned(request.POST.get("query", "")))


def _back(query: str) -> HttpResponse:
    address = reverse("activity")
    return redirect(f"{address}?{query}" if query else address)


def _sums(organization: Organization, filters: Filters, metric: str) -> dict[str, Any]:
    """An id is one call or a few: there is nothing to add up."""
    if filters.text:
        return {"totals": None, "chart": None}
    whole, bars = totals_and_chart(organization, filters, metric)
    return {"totals": whole, "chart": bars}


def _links(request: HttpRequest) -> dict[str, Any]:
    """What links of the page begin with: the filter alone, and with the chart's metric."""
    filtered = saved_views.cleaned(request.META.get("QUERY_STRING", ""))
    metric = request.GET.get("chart", "")
    chosen = f"chart={metric}" if metric in METRICS else ""
    return {
        "query": "&".join(filter(None, (filtered, chosen))),
        "filter_query": filtered,
        "metrics": METRICS,
        "paging": bool(request.GET.get("before")),
    }
