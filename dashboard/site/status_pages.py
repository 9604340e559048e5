"""/status for people and /status.json for programs."""

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.utils.cache import patch_cache_control, patch_vary_headers
from django.views.decorators.http import require_safe

from dashboard.site.board import as_json, board, incidents, overall


@require_safe
def status(request: HttpRequest) -> HttpResponse:
    found, told = board(), list(incidents())
    going_on = [one for one in told if one.ended_at is None]
    context = {
        "board": found,
        "going_on": going_on,
        "past": [one for one in told if one.ended_at is not None],
        "overall": overall(found, going_on),
    }
    response = render(request, "site/status.html", context)
    patch_vary_headers(response, ["Accept-Language", "Cookie"])
    return response


@require_safe
def status_json(request: HttpRequest) -> JsonResponse:
    response = JsonResponse(as_json(board(), list(incidents())), json_dumps_params={"ensure_ascii": False})
    patch_cache_control(response, public=True, max_age=30)
    response.headers["Access-Control-Allow-Origin"] = "*"
    return response
