"""The command palette: what was found, as a page of its own or as the part that the dialog shows."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.cache import patch_vary_headers

from dashboard.palette import TEXT_MAX, groups
from dashboard.people import page_caller
from dashboard.views import private


@private("GET", "HEAD")
def palette(request: HttpRequest) -> HttpResponse:
    """htmx gets the list alone, as options of a list box."""
    text = request.GET.get("q", "")[:TEXT_MAX]
    found = groups(page_caller(request), text)
    context = {"groups": found, "count": sum(len(group.found) for group in found), "query": text}
    part = "#found" if request.headers.get("HX-Request") else ""
    response = render(request, f"dashboard/palette.html{part}", context)
    patch_vary_headers(response, ["HX-Request", "Accept-Language", "Cookie"])
    return response
