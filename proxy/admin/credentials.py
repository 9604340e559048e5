"""Our accounts at providers as operators look after them: how often each is used, and what is refused."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from redis.exceptions import RedisError

from accounts.read_only import ReadOnlyAdmin
from proxy import custody
from proxy.models import CredentialHealth
from routing.credential_words import told


@admin.register(CredentialHealth)
class CredentialHealthAdmin(ReadOnlyAdmin):
    """All credentials with what their providers think of them; the refused ones can be enabled again."""

    list_display = ("__str__", "ending", "weight", "now", "used", "refused", "limited")
    list_filter = (("disabled_at", admin.EmptyFieldListFilter), "active", "provider")
    search_fields = ("label", "ref", "provider__slug")
    list_select_related = ("provider",)
    list_display_links = None
    list_per_page = 50
    actions = ("enable",)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Only the action changes anything, and it needs the right of the credential itself."""
        return obj is None and request.user.has_perm("routing.change_credential")

    def get_queryset(self, request: HttpRequest) -> QuerySet[CredentialHealth]:
        return super().get_queryset(request).filter(retired_at=None)

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> Any:
        self._uses: dict[int, custody.Use] = {}
        context = {"is_nav_sidebar_enabled": False}  # the columns need the room
        return super().changelist_view(request, context | (extra_context or {}))

    @admin.display(description=_("ends with"))
    def ending(self, obj: CredentialHealth) -> str:
        return f"…{obj.last4}" if obj.sealed else obj.ref

    @admin.display(description=_("state"), ordering="disabled_at")
    def now(self, obj: CredentialHealth) -> str:
        return told(obj)

    @admin.display(description=_("used in 24 h"))
    def used(self, obj: CredentialHealth) -> int:
        return self._of(obj).used

    @admin.display(description=_("refused"))
    def refused(self, obj: CredentialHealth) -> int:
        return self._of(obj).refused

    @admin.display(description=_("limited"))
    def limited(self, obj: CredentialHealth) -> int:
        return self._of(obj).limited

    @admin.action(description=_("Enable again"), permissions=["change"])
    def enable(self, request: HttpRequest, queryset: QuerySet[CredentialHealth]) -> None:
        """Takes refused ones into use again; who has none of it stays as it is."""
        for found in queryset.exclude(disabled_at=None):
            before = found.state
            found.enable()
            found.save()
            self.log_change(request, found, f"Enabled again: {before}")

    def _of(self, obj: CredentialHealth) -> custody.Use:
        """All rows of the page are read at once, with the first of them."""
        if obj.pk not in self._uses:
            known = CredentialHealth.objects.filter(retired_at=None).values_list("pk", flat=True)
            try:
                self._uses = custody.uses(known)
            except RedisError:
                self._uses = dict.fromkeys(known, custody.Use())
        return self._uses.get(obj.pk, custody.Use())
