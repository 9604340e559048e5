"""The list of top-ups, and lists of money as files. Each member of the organization may read its books."""

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render

from billing.download import csv_download
from dashboard import money_lists
from dashboard.lists import listing
from dashboard.moments import today
from dashboard.money_lists import RefundList, TopUpList
from dashboard.people import page_caller
from dashboard.views import private


@private("GET", "HEAD")
def topups(request: HttpRequest) -> HttpResponse:
    """All requests to top up, however they were paid."""
    rows = money_lists.all_topups(page_caller(request).organization)
    shown = listing(TopUpList(request.GET), rows, request.GET)
    context = {"listing": shown, "has_topups": shown.count > 0 or rows.exists()}
    return render(request, "dashboard/topups.html", context)


@private("GET")
def topups_file(request: HttpRequest) -> HttpResponseBase:
    """The list as its filter has it."""
    organization, form = page_caller(request).organization, TopUpList(request.GET)
    rows = money_lists.topup_rows(organization, form)
    return csv_download(request, _named("top-ups"), money_lists.TOPUP_COLUMNS, lambda: rows)


@private("GET")
def refunds_file(request: HttpRequest) -> HttpResponseBase:
    """The list as its filter has it."""
    organization, form = page_caller(request).organization, RefundList(request.GET)
    rows = money_lists.refund_rows(organization, form)
    return csv_download(request, _named("refunds"), money_lists.REFUND_COLUMNS, lambda: rows)


@private("GET")
def transfers_file(request: HttpRequest) -> HttpResponseBase:
    """Movements of the wallet, exact: all, or those that the list shows."""
    rows = money_lists.transfer_rows(page_caller(request).organization, request.GET.get("kind", ""))
    return csv_download(request, _named("transfers"), money_lists.TRANSFER_COLUMNS, lambda: rows)


def _named(what: str) -> str:
    return f"cloudapi-{what}-{today().isoformat()}.csv"
