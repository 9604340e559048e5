"""Addresses of the pages, and of the management API."""

from django.urls import URLPattern, URLResolver, path

from dashboard.api import KeysView, KeyView

urlpatterns: list[URLPattern | URLResolver] = [
    path("api/keys", KeysView.as_view(), name="api-keys"),
    path("api/keys/<str:key_id>", KeyView.as_view(), name="api-key"),
]
