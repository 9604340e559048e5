"""Setting a price alert on a model's page, and removing one on the page of notifications."""

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.access import Caller
from billing.money import exact_uzs
from dashboard import undo
from dashboard.alerts import ALERTS_MAX, AlreadyBelow, TooManyAlerts, alerts_of, set_alert
from dashboard.forms import PriceAlertForm
from dashboard.people import page_caller
from dashboard.views import private
from routing.models import Model

_TOO_MANY = gettext_lazy("More than %(count)s price alerts are not possible.")


@private("POST")
def price_alert(request: HttpRequest, model_id: str) -> HttpResponse:
    """A second one for the same model replaces the first."""
    form = PriceAlertForm(request.POST)
    if form.is_valid():
        _set(request, page_caller(request), model_id, form.cleaned_data["below"])
    else:
        messages.error(request, str(form.errors["below"][0]))
    return redirect("model", model_id)


@private("POST")
def price_alert_remove(request: HttpRequest, alert_id: int) -> HttpResponse:
    """One's own only; anybody else's isn't there."""
    alert = alerts_of(page_caller(request)).filter(pk=alert_id).first()
    if alert is None:
        raise Http404
    alert.delete()
    again = reverse("price_alert", args=[alert.model.slug])
    undo.told(request, _("The price alert is removed."), again, [("below", exact_uzs(alert.below_micros))])
    return redirect("notifications")


def _set(request: HttpRequest, caller: Caller, model_id: str, below: int) -> None:
    try:
        set_alert(caller, model_id, below)
    except Model.DoesNotExist:
        raise Http404 from None
    except AlreadyBelow:
        messages.error(request, _("The price is below that now already."))
    except TooManyAlerts:
        messages.error(request, _TOO_MANY % {"count": ALERTS_MAX})
    else:
        messages.success(request, _("You will be told when the price falls below that."))
