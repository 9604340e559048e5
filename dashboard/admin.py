"""Operators look at papers; nobody changes one."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest

from dashboard.models import Paper


@admin.register(Paper)
class PaperAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    list_display = ("number", "kind", "subject", "organization", "issued_at")
    list_filter = ("kind",)
    search_fields = ("subject", "organization__name", "=pk")
    list_select_related = ("organization",)
    show_full_result_count = False
    date_hierarchy = "issued_at"
    fields = readonly_fields = (
        *("number", "kind", "subject", "organization", "issued_at"),
        *("payer", "company", "figures", "sha256"),
    )

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False
