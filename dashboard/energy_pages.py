"""/energy: what electricity does to hosted models' prices, live; the chart that model pages have too."""

import hashlib

from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.utils.cache import get_conditional_response, patch_cache_control, patch_vary_headers
from django.views.decorators.http import require_safe

from billing.download import csv_download
from dashboard import hosted
from dashboard.price_chart import CSV_COLUMNS, Chart, chart, csv_rows
from proxy.errors import ApiError


@require_safe
def energy(request: HttpRequest) -> HttpResponse:
    """Our sites, every hosted model's price now, and one model's chart."""
    try:
        found = hosted.overview()
        shown = chart(_asked(request, found), request.GET.get("window", "")) if found.models else None
    except ApiError as error:
        if error.status == 404:
            raise Http404 from None
        return render(request, "site/unpriced.html", status=503)
    return render(request, "site/energy.html", {"energy": found, "chart": shown})


@require_safe
def price_chart(request: HttpRequest, model_id: str) -> HttpResponseBase:
    """The chart alone, for the page to put in place of its own; sent again only when it has changed."""
    response = render(request, "components/price_chart.html", {"chart": asked_chart(request, model_id)})
    mark = f'W/"{hashlib.sha256(response.content).hexdigest()[:32]}"'
    known = get_conditional_response(request, etag=mark)
    answer = response if known is None else known
    answer["ETag"] = mark
    patch_vary_headers(answer, ["Accept-Language", "Cookie"])
    patch_cache_control(answer, private=True, no_cache=True)
    return answer


@require_safe
def price_csv(request: HttpRequest, model_id: str) -> HttpResponseBase:
    """The chart's points as a table to download."""
    found = asked_chart(request, model_id).found
    name = f"cloudapi-{found.model.replace('/', '-')}-{found.window.label}.csv"
    return csv_download(request, name, CSV_COLUMNS, lambda: csv_rows(found))


def _asked(request: HttpRequest, found: hosted.Overview) -> str:
    """The model whose chart is wanted; the first one without a wish."""
    return request.GET.get("model") or found.models[0].model


def asked_chart(request: HttpRequest, model_id: str) -> Chart:
    """The window that is asked for. Raises Http404 for what no site hosts, and while there are no prices."""
    try:
        found = chart(model_id, request.GET.get("window", ""))
    except ApiError:
        found = None
    if found is None:
        raise Http404
    return found
