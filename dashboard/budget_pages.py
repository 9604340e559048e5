"""Pages of budgets: what may be spent by whom, what is, and the forms that change it."""

from collections.abc import Callable
from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.access import Caller, find_caller_key, find_caller_project
from accounts.errors import NotFound, RoleNotAllowed
from accounts.models import Project
from accounts.roles import Power
from billing.download import csv_download
from billing.money import exact_uzs
from dashboard.budget_list import COLUMNS, BudgetList, file_rows, grouped, usable
from dashboard.budgets import Budget, Owner, budgets_of, change
from dashboard.forms import UzsField
from dashboard.lists import listing
from dashboard.moments import today
from dashboard.people import page_caller, require
from dashboard.views import private

LABELS = {
    "day": gettext_lazy("Cap a day, so'm"),
    "month": gettext_lazy("Cap a month, so'm"),
    "lifetime": gettext_lazy("Cap in its lifetime, so'm"),
}


class CapsForm(forms.Form):
    """One field for each window; empty is no limit."""

    def __init__(self, budgets: list[Budget], *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for budget in budgets:
            self.fields[budget.window] = UzsField(
                label=LABELS[budget.window],
                required=False,
                initial="" if budget.limit_micros is None else exact_uzs(budget.limit_micros),
                help_text=_("Empty: no limit. 0 stops all calls."),
            )


@private("GET", "HEAD")
def budgets(request: HttpRequest) -> HttpResponseBase:
    """Projects and keys with their caps, and what is spent of them."""
    caller = page_caller(request)
    form = BudgetList(caller, request.GET)
    if request.GET.get("file") == "csv":
        name = f"cloudapi-budgets-{today().isoformat()}.csv"
        return csv_download(request, name, COLUMNS, lambda: file_rows(caller, form))
    shown = listing(form, usable(caller), request.GET)
    context = {"projects": grouped(caller, form, shown), "listing": shown}
    return render(request, "dashboard/budgets.html", context)


@private("GET", "HEAD", "POST")
def project(request: HttpRequest, project_id: str) -> HttpResponse:
    """The caps of one project."""
    return _caps_page(request, find_caller_project, project_id)


@private("GET", "HEAD", "POST")
def key(request: HttpRequest, key_id: str) -> HttpResponse:
    """The caps of one key."""
    return _caps_page(request, find_caller_key, key_id)


def _caps_page(request: HttpRequest, find: Callable[[Caller, str], Owner], api_id: str) -> HttpResponse:
    caller = page_caller(request)
    try:
        owner = find(caller, api_id)
    except NotFound:
        raise Http404 from None
    require(caller, Power.BUDGETS)
    found = budgets_of(owner)
    form = CapsForm(found, request.POST or None)
    if request.method == "POST" and form.is_valid():
        _save(request, caller, owner, form.cleaned_data)
        return redirect("budgets")
    context = {"owner": owner, "is_project": isinstance(owner, Project), "budgets": found, "form": form}
    return render(request, "dashboard/caps.html", context)


def _save(request: HttpRequest, caller: Caller, owner: Owner, limits: dict[str, int | None]) -> None:
    try:
        after = change(caller, owner, limits)
    except RoleNotAllowed:
        raise PermissionDenied from None
    messages.success(request, _("The caps of “%(name)s” are in force.") % {"name": owner.name})
    for budget in after:
        if budget.used_up:
            messages.warning(request, _warning(owner, budget))


def _warning(owner: Owner, budget: Budget) -> str:
    """What the new cap means for calls, said at once: it is no mistake, but nobody should be surprised."""
    if budget.resets_on is None:
        text = _(
            "“%(name)s” has already spent its lifetime cap: all its calls are refused until it is raised."
        )
        return text % {"name": owner.name}
    text = _(
        "“%(name)s” has already spent this cap: all its calls are refused until %(day)s 00:00 (Tashkent)."
    )
    return text % {"name": owner.name, "day": date_format(budget.resets_on, "SHORT_DATE_FORMAT")}
