"""/models, the list on sale, and /models/ID, one model."""

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.template.loader import render_to_string
from django.utils.cache import patch_vary_headers
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import get_language
from django.views.decorators.http import require_safe

from dashboard import served, shop
from dashboard.forms import PriceAlertForm
from dashboard.price_chart import chart
from dashboard.site import model_facts
from dashboard.site.board import uptime_of
from dashboard.site.filters import VIEWS, CatalogForm, found
from dashboard.site.showcase import Card, Showcase, showcase
from proxy.errors import ApiError
from proxy.listing import parameters


@require_safe
def models(request: HttpRequest) -> HttpResponse:
    """The list; an htmx request gets it alone."""
    shown = showcase()
    context: dict[str, Any] = {"missing": shop.missing(), "shown": shown}
    if shown is not None:
        context |= _listed(request, shown)
    part = "#list" if request.headers.get("HX-Request") else ""
    response = render(request, f"site/models.html{part}", context)
    patch_vary_headers(response, ["HX-Request", "Accept-Language", "Cookie"])
    return response


def _listed(request: HttpRequest, shown: Showcase) -> dict[str, Any]:
    form = CatalogForm(shown, request.GET or None)
    said = form.cleaned_data if form.is_valid() else {}
    view = request.GET.get("view", "")
    view = view if view in VIEWS else VIEWS[0]
    cards = found(shown.cards.values(), said)
    query = request.GET.copy()
    query.pop("view", None)
    return {
        "form": form,
        "view": view,
        "count": len(cards),
        "list": mark_safe("".join(_drawn(shown, view, card) for card in cards)),
        "narrowed": any(said.get(name) for name in ("q", *form.wishes) if name != "sort"),
        "query": query.urlencode(),
    }


def _drawn(shown: Showcase, view: str, card: Card) -> SafeString:
    """One entry as HTML."""
    place = (view, get_language() or "en", card.model.slug)
    if place not in shown.drawn:
        template = "site/parts/model_row.html" if view == "table" else "site/parts/model_card.html"
        shown.drawn[place] = render_to_string(template, {"card": card})
    return shown.drawn[place]


@require_safe
def model(request: HttpRequest, model_id: str) -> HttpResponse:
    """One model under its id; aliases and display names are sent there."""
    try:
        offer = shop.find(model_id)
        drawn = chart(offer.server.slug, request.GET.get("window", "")) if offer else None
    except ApiError:
        return render(request, "site/unpriced.html", status=503)
    if offer is None:
        raise Http404
    if offer.model.slug != model_id:
        return redirect("model", offer.model.slug, permanent=False)
    rows = served.providers(offer.server)
    context = {
        "offer": offer,
        "words": model_facts.words(offer.model),
        "lines": shop.price_lines(offer.price),
        "by_words": model_facts.word_prices(offer),
        "kind": shop.MODALITIES.get(offer.server.modality, ""),
        "missing": shop.missing(offer.server) if offer.sandbox else None,
        "providers": rows,
        "uptime": uptime_of(offer.server.slug),
        "response_time": model_facts.response_time(offer.server, rows),
        "parameters": parameters(offer.server),
        "samples": model_facts.samples(offer),
        "linked_data": model_facts.linked_data(request, offer),
        "chart": drawn,
        "alert_form": PriceAlertForm(),
    }
    return render(request, "site/model.html", context)
