"""Pages of paying at Payme or Click: choose, be sent there, come back and see what has become of it."""

from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.csp import CSP
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.csp import csp_override

from accounts.roles import Power
from billing import payments as money
from billing.errors import FirstTopUpLimit, NotPending
from billing.models import Channel, TopUp
from billing.providers import online, payer_url
from dashboard import bank_pages, payments
from dashboard.forms import PayForm, first_limit_words
from dashboard.models import Paper
from dashboard.papers import issue
from dashboard.parts import shown
from dashboard.people import changing, page_caller, require
from dashboard.topups import TooManyTopUps
from dashboard.views import private


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


# Browsers hold a form's policy against where its answer sends them, too.
_POLICY: dict[str, Any] = settings.SECURE_CSP | {
    "form-action": [CSP.SELF, _origin(settings.PAYME_CHECKOUT_URL), _origin(settings.CLICK_BUTTON_URL)]
}
to_providers = csp_override(_POLICY)


@private("GET", "HEAD", "POST")
@to_providers
def pay(request: HttpRequest) -> HttpResponse:
    """Amount and provider; a valid form leads to the provider's page."""
    caller = changing(request, Power.PAY)
    form = PayForm(request.POST or None)
    if not form.channels:
        return redirect("billing")
    if request.method == "POST" and form.is_valid():
        try:
            topup = payments.begin(caller, form.channel(), form.cleaned_data["amount"])
        except TooManyTopUps:
            form.add_error(None, _("Several payments are still open. Pay or cancel one of them first."))
        except FirstTopUpLimit as error:
            form.add_error("amount", first_limit_words(error))
        else:
            return redirect(_payer_url(topup))
    return render(request, "dashboard/pay.html", {"pay_form": form})


@private("GET", "HEAD")
def topup(request: HttpRequest, number: int) -> HttpResponseBase:
    """Where the payer comes back to. Proves nothing: it shows what the provider has told us so far."""
    found = _own(request, number)
    if found.provider == Channel.BANK:
        return bank_pages.show(request, found)
    waits = found.state == TopUp.State.PENDING
    context = {
        "topup": found,
        "waits": waits,
        "attempts": payments.attempts(found),
        "payer_url": _payer_url(found) if waits and found.provider in online() else "",
        **_papers(found),
    }
    return shown(request, "dashboard/topup.html", context, "state")


@private("POST")
def cancel(request: HttpRequest, number: int) -> HttpResponse:
    """The customer's change of mind, while nothing is being paid."""
    found = _own(request, number)
    require(page_caller(request), Power.PAY)
    try:
        money.abandon(found.pk, found.org_id)
    except NotPending:
        messages.error(request, _("This top-up is decided, or being paid right now."))
    return redirect("topup", found.pk)


def _own(request: HttpRequest, number: int) -> TopUp:
    found = payments.find(page_caller(request).organization, number)
    if found is None:
        raise Http404
    return found


def _papers(topup: TopUp) -> dict[str, Any]:
    """Issued receipts, if there are several, and whether the fiscal receipt came after the last one."""
    held = issue.versions(topup.org, Paper.Kind.RECEIPT, topup.number)
    return {
        "versions": held if len(held) > 1 else [],
        "reissue": topup.state == TopUp.State.PAID and issue.gains_a_link(topup, held[0] if held else None),
    }


def _payer_url(topup: TopUp) -> str:
    back = f"{settings.SITE_URL}{reverse('topup', args=[topup.pk])}"
    return payer_url(topup, back, (get_language() or "uz")[:2])
