"""The dashboard's first page: money, traffic, what needs doing, and the way to the first answer."""

from typing import Any, Final

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import get_language

from accounts.access import Caller
from accounts.roles import Power
from billing.models import Wallet
from dashboard import activity, budgets, onboarding, shop, wallet
from dashboard.attention import matters
from dashboard.first_call import first_call
from dashboard.moments import midnight, today
from dashboard.parts import answered, asked_part, mark_of, template_of, unchanged
from dashboard.people import page_caller
from dashboard.usage import totals_since
from dashboard.views import private

LIVE: Final = "live"
BUDGETS_SHOWN: Final = 3
_DRAWN_ANEW_S: Final = 60  # for what its mark doesn't tell: budgets, keys, free requests


@private("GET", "HEAD")
def overview(request: HttpRequest) -> HttpResponseBase:
    """The page; with X-Part the part of it that moves, drawn only if something has."""
    caller = page_caller(request)
    purse = wallet.balance(caller.organization)
    part = asked_part(request, LIVE)
    mark = _mark(caller, purse)
    if part and (same := unchanged(request, mark)):
        return same
    context = _figures(caller, purse)
    context |= _steps(caller, purse, called=bool(context["latest"]))
    response = render(request, template_of("dashboard/overview.html", part), context)
    return answered(request, response, mark) if part else response


@private("POST")
def first_steps(request: HttpRequest) -> HttpResponse:
    """Put the first steps away, or with `show` have them back."""
    caller = page_caller(request)
    if request.POST.get("show"):
        onboarding.restore(caller)
    else:
        onboarding.dismiss(caller)
    return redirect("overview")


def _mark(caller: Caller, purse: Wallet) -> str:
    """Of what a call or a top-up moves, at the price of two index reads; of all else, within a minute."""
    newest = activity.newest_today(caller.organization)
    money = (purse.paid_micros, purse.bonus_micros, purse.held_micros)
    minute = int(timezone.now().timestamp()) // _DRAWN_ANEW_S
    return mark_of(caller.organization.pk, caller.role, get_language(), money, newest, minute)


def _figures(caller: Caller, purse: Wallet) -> dict[str, Any]:
    organization = caller.organization
    capped = budgets.of_projects(caller.projects())
    day, month = totals_since(organization, midnight(today()), midnight(today().replace(day=1)))
    return {
        "wallet": purse,
        "totals": day,
        "month": month,
        "free": wallet.free_today(organization, purse),
        "latest": activity.latest(organization),
        "capped": capped[:BUDGETS_SHOWN],
        "matters": matters(caller, purse, capped),
    }


def _steps(caller: Caller, purse: Wallet, *, called: bool) -> dict[str, Any]:
    """The first steps, unless all are made; what is put away can be had back."""
    steps = onboarding.steps(caller, purse, called=called)
    settled = all(step.done for step in steps)
    away = not settled and onboarding.dismissed(caller)
    return {
        "steps": [] if settled or away else steps,
        "away": away,
        "first_call": first_call(purse) if caller.may(Power.CALL) and not called else None,
        "missing": shop.missing(),
    }
