"""All addresses of the control plane. Billable calls never get here: cloudapi/asgi.py sends them to proxy."""

from django.contrib import admin
from django.urls import include, path

from cloudapi import openapi, probes
from cloudapi.reference import views as reference
from proxy.api import api

urlpatterns = [
    path("healthz", probes.healthz),
    path("readyz", probes.readyz),
    path("openapi.json", openapi.openapi_json, name="openapi"),
    path("docs/api", reference.reference, name="api-docs"),
    path("docs/api/swagger", openapi.swagger, name="api-swagger"),
    path("api/hello", probes.hello),
    path("admin/", admin.site.urls),
    path("i18n/", include("django.conf.urls.i18n")),
    path("accounts/", include("allauth.urls")),
    path("", include("billing.urls")),
    path("", include("dashboard.urls")),  # before ninja, whose root answers "" with 404
    path("", api.urls),
]
