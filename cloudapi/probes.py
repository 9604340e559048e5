"""What a load balancer asks: is the process alive, and can it do its work?"""

from django.core.cache import cache
from django.db import Error, connection
from django.http import HttpRequest, HttpResponse, JsonResponse


def healthz(request: HttpRequest) -> HttpResponse:
    """200 as long as the process answers; touches no store."""
    return HttpResponse("ok\n", content_type="text/plain")


def hello(request: HttpRequest) -> HttpResponse:
    """What Claude Code asks an address before anything else, without credentials (api.md §2.4)."""
    return HttpResponse("hello\n", content_type="text/plain")


def readyz(request: HttpRequest) -> JsonResponse:
    """200 with the state of both stores; 503 without PostgreSQL. Redis may be lost at any moment."""
    stores = {"postgresql": _postgresql(), "redis": _redis()}
    return JsonResponse(stores, status=200 if stores["postgresql"] else 503)


def _postgresql() -> bool:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except Error:
        return False
    return True


def _redis() -> bool:
    cache.set("readyz", True, timeout=5)
    return cache.get("readyz") is True
