"""Admin pages of rows that operators look at; what may be done to them are actions of their own."""

from django.contrib import admin
from django.db.models import Model
from django.http import HttpRequest


class AddOnlyAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    """Rows are added and stay as they are; where the database keeps that law, the pages don't offer more."""

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False


class ReadOnlyAdmin(AddOnlyAdmin):
    """Rows that no form adds either."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False
