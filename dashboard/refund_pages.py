"""Pages of the refund of unspent balance, and the field for promo codes."""

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.access import Caller
from accounts.roles import Power
from billing.adjustments import withdraw
from billing.errors import (
    AdjustmentDecided,
    AmountRefused,
    CampaignSpent,
    NoSuchCode,
    NotForYou,
    PromoError,
    RedeemedBefore,
)
from billing.ledger import balance
from billing.models import Adjustment
from billing.promos import redeem
from dashboard import refunds
from dashboard.forms import PromoForm, RefundForm
from dashboard.lists import listing
from dashboard.money_lists import RefundList
from dashboard.parts import shown
from dashboard.people import page_caller, require
from dashboard.refunds import RefundWaits, may_try_code
from dashboard.templatetags.money import uzs
from dashboard.views import private

_OPEN = (Adjustment.State.PENDING, Adjustment.State.DONE)
_REFUSALS = {
    NoSuchCode: gettext_lazy("There is no such promo code, or its time is over."),
    RedeemedBefore: gettext_lazy("Your organization has used a code of this campaign before."),
    NotForYou: gettext_lazy(
        "This code isn't for you: it is for new organizations, or your e-mail isn't confirmed."
    ),
    CampaignSpent: gettext_lazy("This campaign has nothing left to give."),
}


@private("GET", "HEAD", "POST")
def refund_list(request: HttpRequest) -> HttpResponse:
    """What can be paid out, the form, and earlier requests."""
    caller = page_caller(request)
    purse = balance(caller.organization.pk)
    form = RefundForm(purse.refundable, request.POST or None)
    if request.method == "POST":
        require(caller, Power.MONEY)
        if form.is_valid() and (made := _asked(caller, form)):
            return redirect("refund", made.pk)
    requests = refunds.payouts(caller.organization)
    shown = listing(RefundList(request.GET), requests, request.GET)
    context = {
        "refund_form": form,
        "refundable": purse.refundable,
        "bonus": purse.bonus,
        "held": purse.held,
        "listing": shown,
        "refunds": shown.rows,
        "has_refunds": shown.count > 0 or requests.exists(),
        "waits": requests.filter(state__in=_OPEN).exists(),
    }
    return render(request, "dashboard/refunds.html", context)


def _asked(caller: Caller, form: RefundForm) -> Adjustment | None:
    data = form.cleaned_data
    try:
        return refunds.ask(caller, data["amount"], form.bank(), data["reason"])
    except RefundWaits:
        form.add_error(None, _("Another request of yours is still open."))
    except AmountRefused:
        form.add_error("amount", _("Calls have spent or hold some of it meanwhile."))
    return None


@private("GET", "HEAD")
def refund(request: HttpRequest, number: int) -> HttpResponseBase:
    """One request; the page follows its state by itself."""
    caller = page_caller(request)
    found = _own(caller, number)
    context = {
        "refund": found,
        "waits": found.state in _OPEN,
        "may_cancel": found.state == Adjustment.State.PENDING and caller.may(Power.MONEY),
    }
    return shown(request, "dashboard/refund.html", context, "state")


@private("POST")
def refund_cancel(request: HttpRequest, number: int) -> HttpResponse:
    """The customer's change of mind, while nobody has decided."""
    caller = page_caller(request)
    found = _own(caller, number)
    require(caller, Power.MONEY)
    assert caller.user is not None
    try:
        withdraw(found.pk, caller.organization.pk, caller.user)
    except AdjustmentDecided:
        messages.error(request, _("This request is decided already."))
    return redirect("refund", found.pk)


def _own(caller: Caller, number: int) -> Adjustment:
    found = refunds.find(caller.organization, number)
    if found is None:
        raise Http404
    return found


@private("POST")
def promo(request: HttpRequest) -> HttpResponse:
    """A promo code: the bonus is on the balance at once, or the reason why not is said."""
    caller = page_caller(request)
    require(caller, Power.PAY)
    assert caller.user is not None
    form = PromoForm(request.POST)
    if not form.is_valid():
        messages.error(request, _REFUSALS[NoSuchCode])
    elif not may_try_code(caller.organization):
        messages.error(request, _("Too many codes were tried. Wait ten minutes."))
    else:
        try:
            given = redeem(caller.organization, caller.user, form.cleaned_data["code"])
        except PromoError as error:
            messages.error(request, _REFUSALS[type(error)])
        else:
            said = _("%(amount)s of bonus is on your balance.") % {"amount": uzs(given.amount_micros)}
            messages.success(request, said)
    return redirect("billing")
