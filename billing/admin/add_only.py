"""Pages of rows that are only ever added."""

from django.contrib import admin
from django.db.models import Model
from django.http import HttpRequest


class AddOnlyAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    """The database refuses changes to these rows; the pages don't offer them."""

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False
