"""Operators look at papers; nobody changes one."""

from django.contrib import admin

from accounts.read_only import ReadOnlyAdmin
from dashboard.models import Paper


@admin.register(Paper)
class PaperAdmin(ReadOnlyAdmin):
    list_display = ("number", "kind", "subject", "version", "organization", "issued_at")
    list_filter = ("kind",)
    search_fields = ("subject", "organization__name", "=pk")
    list_select_related = ("organization", "original")
    show_full_result_count = False
    date_hierarchy = "issued_at"
    fields = readonly_fields = (
        *("number", "kind", "subject", "version", "original", "organization", "issued_at"),
        *("payer", "company", "figures", "sha256"),
    )
