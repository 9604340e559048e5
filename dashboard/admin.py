"""Operators look at papers; nobody changes one."""

from django.contrib import admin
from django.utils.translation import gettext_lazy as _

from accounts.read_only import ReadOnlyAdmin
from dashboard.models import AccountClosure, AccountExport, Paper
from dashboard.site.admin import AcceptanceAdmin, IncidentAdmin, LegalTextAdmin

# Pages of files of their own.
__all__ = ["AcceptanceAdmin", "IncidentAdmin", "LegalTextAdmin"]


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

    @admin.display(description=_("number"))
    def number(self, paper: Paper) -> str:
        return paper.number


@admin.register(AccountExport)
class AccountExportAdmin(ReadOnlyAdmin):
    """That somebody asked for their data, and what became of it; the file is theirs alone."""

    list_display = ("user", "state", "size", "asked_at", "ready_at", "expires_at")
    list_filter = ("state",)
    list_select_related = ("user",)
    fields = readonly_fields = list_display


@admin.register(AccountClosure)
class AccountClosureAdmin(ReadOnlyAdmin):
    list_display = ("user", "closed_at", "waived_micros")
    list_select_related = ("user",)
    fields = readonly_fields = list_display
