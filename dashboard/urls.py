"""Addresses of the pages, and of the management API."""

from django.urls import URLPattern, URLResolver, path

from dashboard import (
    api,
    bank_pages,
    budget_api,
    budget_pages,
    money_api,
    notice_pages,
    payment_pages,
    pricing_pages,
    views,
)

urlpatterns: list[URLPattern | URLResolver] = [
    path("", views.landing, name="landing"),
    path("favicon.ico", views.favicon, name="favicon"),
    path("models", views.models, name="models"),
    path("models/<path:model_id>", views.model, name="model"),
    path("pricing", pricing_pages.pricing, name="pricing"),
    path("pricing.json", pricing_pages.pricing_json, name="pricing_json"),
    path("pricing.csv", pricing_pages.pricing_csv, name="pricing_csv"),
    path("dashboard", views.overview, name="overview"),
    path("dashboard/keys", views.keys, name="keys"),
    path("dashboard/keys/<str:key_id>/revoke", views.key_revoke, name="key_revoke"),
    path("dashboard/budgets", budget_pages.budgets, name="budgets"),
    path("dashboard/budgets/projects/<str:project_id>", budget_pages.project, name="project_budget"),
    path("dashboard/budgets/keys/<str:key_id>", budget_pages.key, name="key_budget"),
    path("dashboard/notifications", notice_pages.notifications, name="notifications"),
    path("unsubscribe/<str:token>", notice_pages.unsubscribe, name="unsubscribe"),
    path("telegram/<str:secret>", notice_pages.telegram_update, name="telegram"),
    path("dashboard/activity", views.activity_list, name="activity"),
    path("dashboard/activity/<uuid:call_id>", views.receipt, name="receipt"),
    path("dashboard/billing", views.billing, name="billing"),
    path("dashboard/pay", payment_pages.pay, name="pay"),
    path("dashboard/transfer", bank_pages.transfer, name="transfer"),
    path("dashboard/topups/<int:number>/receipt", bank_pages.receipt, name="topup_receipt"),
    path(
        "dashboard/topups/<int:number>/receipts/<uuid:name>",
        bank_pages.receipt_download,
        name="topup_receipt_file",
    ),
    path("dashboard/topups/<int:number>", payment_pages.topup, name="topup"),
    path("dashboard/topups/<int:number>/cancel", payment_pages.cancel, name="topup_cancel"),
    # The management API; proxy/routes.py has none of these.
    path("dashboard/account", views.account, name="account"),
    path("api/keys", api.KeysView.as_view(), name="api-keys"),
    path("api/keys/<str:key_id>", api.KeyView.as_view(), name="api-key"),
    path("api/keys/<str:key_id>/caps", budget_api.KeyCapsView.as_view(), name="api-key-caps"),
    path("api/wallet", money_api.WalletView.as_view(), name="api-wallet"),
    path("api/topups", money_api.TopUpsView.as_view(), name="api-topups"),
    path("api/topups/<str:topup_id>", money_api.TopUpView.as_view(), name="api-topup"),
    path("api/projects/<str:project_id>/caps", budget_api.ProjectCapsView.as_view(), name="api-project-caps"),
]
