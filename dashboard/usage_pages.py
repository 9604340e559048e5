"""Usage by day: stacked bars, the table under them, and the same as a file."""

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from billing.download import csv_download
from dashboard import saved_views
from dashboard.moments import today
from dashboard.people import page_caller
from dashboard.usage import METRICS
from dashboard.usage_chart import BY, COLUMNS, UsageForm, csv_rows, stack
from dashboard.views import private

BY_WORDS = {"model": _("By model"), "key": _("By key"), "project": _("By project")}


@private("GET", "HEAD")
def usage(request: HttpRequest) -> HttpResponse:
    """The chart of what the filter lets through."""
    caller = page_caller(request)
    form = UsageForm(caller, request.GET)
    filters = form.filters()
    query = saved_views.cleaned(request.META.get("QUERY_STRING", ""))
    by, metric = request.GET.get("by", ""), request.GET.get("chart", "")
    found = stack(caller.organization, filters, by=by, metric=metric, query=query)
    context = {
        "form": form,
        "chart": found,
        "narrowed": form.narrows,
        "filter_query": query,
        "by": by if by in BY else BY[0],
        "metric": metric if metric in METRICS else METRICS[0],
        "by_words": BY_WORDS.items(),
        "metrics": METRICS,
        "tabs": tabs(request, query),
    }
    return render(request, "dashboard/usage.html", context)


@private("GET")
def usage_csv(request: HttpRequest) -> HttpResponseBase:
    """Each day and model, key or project."""
    caller = page_caller(request)
    filters = UsageForm(caller, request.GET).filters()
    rows = csv_rows(caller.organization, filters, request.GET.get("by", ""))
    return csv_download(request, f"cloudapi-usage-{today().isoformat()}.csv", COLUMNS, lambda: rows)


def tabs(request: HttpRequest, query: str) -> list[tuple[str, object, bool]]:
    """The two views of what was called, under the same filter."""
    pages = (("activity", _("Single calls")), ("usage", _("Usage by day")))
    found: list[tuple[str, object, bool]] = []
    for page, label in pages:
        address = reverse(page)
        found.append((f"{address}?{query}" if query else address, label, request.path == address))
    return found
