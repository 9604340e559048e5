"""All addresses of the control plane. Billable calls never get here: cloudapi/asgi.py sends them to proxy."""

from collections.abc import Callable

from django.contrib import admin
from django.http import HttpRequest, HttpResponseNotAllowed
from django.http.response import HttpResponseBase
from django.urls import include, path

from cloudapi import probes
from proxy.api import api
from proxy.routes import BILLABLE


def _only(method: str) -> Callable[[HttpRequest], HttpResponseBase]:
    return lambda request: HttpResponseNotAllowed([method])


urlpatterns = [
    path("healthz", probes.healthz),
    path("readyz", probes.readyz),
    # A billable address asked with another method.
    *(path(address.lstrip("/"), _only(method)) for address, (method, _) in BILLABLE.items()),
    path("", api.urls),
    path("admin/", admin.site.urls),
    path("i18n/", include("django.conf.urls.i18n")),
    path("accounts/", include("allauth.urls")),
    path("", include("dashboard.urls")),
]
