"""Addresses of the pages, and of the management API."""

from django.urls import URLPattern, URLResolver, path

from dashboard import api, views

urlpatterns: list[URLPattern | URLResolver] = [
    path("", views.landing, name="landing"),
    path("favicon.ico", views.favicon, name="favicon"),
    path("models", views.models, name="models"),
    path("models/<path:model_id>", views.model, name="model"),
    path("dashboard", views.overview, name="overview"),
    path("dashboard/keys", views.keys, name="keys"),
    path("dashboard/keys/<str:key_id>/revoke", views.key_revoke, name="key_revoke"),
    path("dashboard/activity", views.activity_list, name="activity"),
    path("dashboard/activity/<uuid:call_id>", views.receipt, name="receipt"),
    path("dashboard/billing", views.billing, name="billing"),
    # The management API; proxy/routes.py has none of these.
    path("dashboard/account", views.account, name="account"),
    path("api/keys", api.KeysView.as_view(), name="api-keys"),
    path("api/keys/<str:key_id>", api.KeyView.as_view(), name="api-key"),
]
