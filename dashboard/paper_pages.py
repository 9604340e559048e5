"""Pages of papers: the list, the files, and the waiting for a month that has very many calls.

Whoever belongs to the organization may read them, as they may read the ledger; a foreign number is 404.
"""

from dataclasses import dataclass
from typing import Final

from django.conf import settings
from django.contrib import messages
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from accounts.models import BillingDetails, Organization
from billing.download import csv_download
from billing.models import TopUp
from dashboard import payments
from dashboard.lists import listing
from dashboard.models import Paper
from dashboard.moments import TASHKENT, today
from dashboard.money_lists import RECEIPT_COLUMNS, ReceiptList, receipt_rows
from dashboard.papers import issue
from dashboard.papers.files import File, act_file, receipt_file, statement_file
from dashboard.papers.months import Month, back_to
from dashboard.papers.pages import month_name
from dashboard.papers.ready import Ready, ready
from dashboard.parts import shown
from dashboard.people import page_caller
from dashboard.views import private

RECEIPTS: Final = 25  # a page: they stand below the months
_STATEMENT: Final = {"statement.pdf": "pdf", "statement.csv": "csv", "days.csv": "days.csv"}
_ACT: Final = {"act.pdf": "pdf", "act.csv": "csv"}


@dataclass(frozen=True, slots=True)
class Row:
    """A month of the list."""

    month: Month
    name: str
    over: bool
    number: str  # of the issued statement


@private("GET", "HEAD")
def papers(request: HttpRequest) -> HttpResponseBase:
    """Months with statements and acts, receipts of top-ups, and who both are named after.

    Months have no filter: there are twelve a year, and a row is found by looking.
    """
    organization = page_caller(request).organization
    form, paid = ReceiptList(request.GET), _paid(organization)
    if request.GET.get("file") == "csv":
        name = f"cloudapi-receipts-{today().isoformat()}.csv"
        return csv_download(request, name, RECEIPT_COLUMNS, lambda: receipt_rows(form.rows(paid)))
    receipts = listing(form, paid, request.GET, RECEIPTS, at="receipts")
    context = {
        "months": _rows(organization),
        "listing": receipts,
        "has_receipts": receipts.count > 0 or paid.exists(),
        "details": BillingDetails.objects.filter(organization=organization).first(),
        "acts": issue.gets_acts(organization),
        "lang": _language(request),
        "languages": [(code, form.query(lang=code)) for code, _name in settings.LANGUAGES],
    }
    return render(request, "dashboard/papers.html", context)


@private("GET", "HEAD")
def receipt(request: HttpRequest, number: int, form: str) -> HttpResponse:
    """The receipt of one's own top-up; `v` asks for a version that was replaced."""
    topup = payments.find(page_caller(request).organization, number)
    paper = issue.receipt(topup) if topup else None
    if topup is not None and (version := request.GET.get("v")):
        known = issue.versions(topup.org, Paper.Kind.RECEIPT, topup.number)
        paper = next((one for one in known if str(one.version) == version), None)
    if paper is None or form not in ("pdf", "csv"):
        raise Http404
    return _download(receipt_file(paper, form, _language(request)))


@private("POST")
def receipt_anew(request: HttpRequest, number: int) -> HttpResponse:
    """The next version of a receipt, with the fiscal receipt that came later. Whoever may have it may ask."""
    topup = payments.find(page_caller(request).organization, number)
    if topup is None:
        raise Http404
    try:
        paper = issue.receipt_anew(topup)
    except issue.NothingNew:
        messages.info(request, _("The receipt says already all that there is."))
    else:
        said = _("Receipt № %(number)s is issued; the one before it is void.") % {"number": paper.number}
        messages.success(request, said)
    return redirect("topup", topup.pk)


@private("GET", "HEAD")
def monthly(request: HttpRequest, month: str, name: str) -> HttpResponse:
    """A file of a month; a month that takes long leads to the page that waits for it."""
    organization = page_caller(request).organization
    wanted = _month(organization, month, name)
    found = ready(organization, wanted)
    if found is None:
        waiting = reverse("paper_preparing", args=[month, name])
        return redirect(f"{waiting}?lang={_language(request)}")
    if name in _STATEMENT:
        return _download(statement_file(organization, found, _STATEMENT[name], _language(request)))
    return _act(request, organization, found, name)


@private("GET", "HEAD")
def preparing(request: HttpRequest, month: str, name: str) -> HttpResponseBase:
    """Asks by itself until the file is there."""
    organization = page_caller(request).organization
    wanted = _month(organization, month, name)
    context = {
        "month": wanted,
        "month_name": month_name(month),
        "name": name,
        "lang": _language(request),
        "done": ready(organization, wanted) is not None,
    }
    return shown(request, "dashboard/preparing.html", context, "state")


def _act(request: HttpRequest, organization: Organization, found: Ready, name: str) -> HttpResponse:
    try:
        paper = issue.act(organization, Month.parse(found.figures.month))
    except issue.NotClosed:
        messages.error(request, _("The act can be issued when the month is closed."))
    except issue.NoAct:
        messages.error(
            request, _("No act is due: nothing was paid for in this month, or details are missing.")
        )
    else:
        return _download(act_file(paper, _ACT[name], _language(request)))
    return redirect("papers")


def _month(organization: Organization, text: str, name: str) -> Month:
    """The month if the organization has had it; any other is a page that doesn't exist."""
    try:
        month = Month.parse(text)
    except ValueError:
        raise Http404 from None
    if name not in _STATEMENT | _ACT or not _first(organization) <= month <= Month.of(today()):
        raise Http404
    return month


def _first(organization: Organization) -> Month:
    return Month.of(organization.created_at.astimezone(TASHKENT).date())


def _rows(organization: Organization) -> list[Row]:
    issued = {
        paper.subject: paper.number
        for paper in Paper.objects.filter(organization=organization, kind=Paper.Kind.STATEMENT).only(
            "kind", "subject", "issued_at", "version", "original"
        )
    }
    now = timezone.now()
    months = back_to(_first(organization), Month.of(today()))
    return [
        Row(month, month_name(str(month)), month.is_over(now), issued.get(str(month), "")) for month in months
    ]


def _paid(organization: Organization) -> QuerySet[TopUp]:
    return TopUp.objects.filter(org=organization, state=TopUp.State.PAID)


def _language(request: HttpRequest) -> str:
    """The language of papers: as asked, else the reader's."""
    wanted = request.GET.get("lang") or (get_language() or "en")[:2]
    return wanted if wanted in dict(settings.LANGUAGES) else "en"


def _download(file: File) -> HttpResponse:
    response = HttpResponse(file.body, content_type=file.content_type)
    response.headers["Content-Disposition"] = f'attachment; filename="{file.name}"'
    return response
