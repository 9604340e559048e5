"""Pages. Each view reads who is calling, asks one noun's module, and renders; other tenants' ids are 404."""

from collections.abc import Callable
from typing import Final
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.templatetags.static import static
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from accounts.access import Caller
from accounts.roles import Power
from billing.errors import FirstTopUpLimit
from billing.ledger import refunded
from dashboard import activity, content_log, shop, wallet
from dashboard.forms import PromoForm, TopUpForm, first_limit_words
from dashboard.parts import asked_part, shown
from dashboard.people import changing, page_caller
from dashboard.topups import KnownReference, TooManyTopUps, file_topup
from proxy.receipt import datacenter, reasons_of, rescued

BALANCE: Final = "balance"

type View = Callable[..., HttpResponseBase]


def private(*methods: str) -> Callable[[View], View]:
    """A page of the signed-in person: never cached by anybody."""

    def decorate(view: View) -> View:
        return never_cache(login_required(require_http_methods(methods)(view)))

    return decorate


# --- Public -------------------------------------------------------------------------------------------------


@require_safe
def favicon(request: HttpRequest) -> HttpResponse:
    """Browsers ask for this address on pages that name no icon, the admin's and JSON answers."""
    return redirect(static("img/mark.svg"))


# --- The dashboard ------------------------------------------------------------------------------------------


@private("GET", "HEAD", "POST")
def billing(request: HttpRequest) -> HttpResponseBase:
    """Balance, transfers, and the request to top up by bank transfer; with X-Part the balance alone."""
    caller = changing(request, Power.PAY)
    purse = wallet.balance(caller.organization)
    if asked_part(request, BALANCE):
        return shown(request, "dashboard/billing.html", {"wallet": purse}, BALANCE)
    form = TopUpForm(request.POST or None)
    if request.method == "POST" and form.is_valid() and _filed(caller, form):
        messages.success(request, _("The request is filed. The balance grows when the transfer has arrived."))
        return redirect("billing")
    kind = request.GET.get("kind", "")
    context = {
        "form": form,
        "wallet": purse,
        "free": wallet.free_today(caller.organization, purse),
        "topups": wallet.topups(caller.organization),
        "statement": wallet.statement(caller.organization, kind, cursor(request)),
        "kind": kind,
        "paging": bool(request.GET.get("before")),
        "promo_form": PromoForm(),
    }
    return render(request, "dashboard/billing.html", context)


def _filed(caller: Caller, form: TopUpForm) -> bool:
    try:
        file_topup(caller, form.cleaned_data["amount"], form.cleaned_data["reference"])
    except TooManyTopUps:
        form.add_error(None, _("Several requests are still waiting. An operator has to decide them first."))
        return False
    except KnownReference:
        form.add_error("reference", _("You have filed this transfer before. Each transfer counts once."))
        return False
    except FirstTopUpLimit as error:
        form.add_error("amount", first_limit_words(error))
        return False
    return True


@private("GET", "HEAD")
def receipt(request: HttpRequest, call_id: UUID) -> HttpResponse:
    """One call: tokens, prices, attempts, charge. With X-Part it is shown beside the list."""
    call = activity.find(page_caller(request).organization, call_id)
    if call is None:
        raise Http404
    known = activity.endpoints(call.row)
    context = {
        "call": call,
        "row": call.row,
        "content": content_log.told(call.project, call_id) if call.project else None,
        "refunded": refunded(call.row.id),
        "lines": shop.report_lines(call.row.prices),
        "attempts": [(attempt, known.get(attempt.get("endpoint"))) for attempt in call.row.attempts],
        "rescued": rescued(call.row),
        "datacenter": datacenter(call.row),
        "route": [(reason, known.get(reason["endpoint"])) for reason in reasons_of(call.row)],
    }
    part = "#receipt" if request.headers.get("X-Part") == "receipt" else ""
    return render(request, f"dashboard/receipt.html{part}", context)


def cursor(request: HttpRequest) -> UUID | None:
    """`before` of a paged list; nonsense is a page that doesn't exist."""
    raw = request.GET.get("before")
    if not raw:
        return None
    try:
        return UUID(raw)
    except ValueError:
        raise Http404 from None
