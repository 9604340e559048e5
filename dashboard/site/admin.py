"""Operators tell of incidents and write legal texts. What has been published stays as it was."""

from typing import Any, ClassVar

from django import forms
from django.contrib import admin
from django.db import models
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _

from accounts.read_only import ReadOnlyAdmin
from dashboard.site.incidents import Incident, IncidentUpdate
from dashboard.site.legal import Acceptance, LegalText


class UpdateInline(admin.StackedInline):  # type: ignore[type-arg]
    model = IncidentUpdate
    extra = 1


@admin.register(Incident)
class IncidentAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    list_display = ("title", "impact", "started_at", "ended_at")
    list_filter = ("impact", "providers")
    search_fields = ("title",)
    # Boxes to tick: the stock pair of lists has labels that screen readers can't use.
    formfield_overrides: ClassVar[dict[Any, Any]] = {
        models.ManyToManyField: {"widget": forms.CheckboxSelectMultiple}
    }
    inlines = (UpdateInline,)


@admin.register(LegalText)
class LegalTextAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    """A draft can be changed; a change of what is published is a new version."""

    list_display = ("title", "page", "language", "state", "reviewed", "effective_on")
    list_filter = ("page", "language", "state", "reviewed")
    fields = (
        *("page", "language", "title", "body", "preview", "state", "effective_on", "reviewed"),
        *("created_at", "next_version"),
    )
    readonly_fields = ("preview", "created_at", "next_version")

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        """?from=12 begins a version with the text of that one."""
        number = request.GET.get("from", "")
        old = LegalText.objects.filter(pk=int(number)).first() if number.isdecimal() else None
        if old is None:
            return dict(super().get_changeform_initial_data(request))
        return {name: getattr(old, name) for name in ("page", "language", "title", "body")}

    def has_change_permission(self, request: HttpRequest, obj: LegalText | None = None) -> bool:
        return (obj is None or not obj.binds) and super().has_change_permission(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: LegalText | None = None) -> bool:
        """History is kept: only a draft goes, alone on its page."""
        return obj is not None and not obj.binds and super().has_delete_permission(request, obj)

    @admin.display(description=_("preview"))
    def preview(self, text: LegalText) -> str:
        """As it was saved last."""
        return text.html if text.pk else ""

    @admin.display(description=_("next version"))
    def next_version(self, text: LegalText) -> str:
        if not text.pk:
            return ""
        address = f"{reverse('admin:dashboard_legaltext_add')}?from={text.pk}"
        return format_html('<a href="{}">{}</a>', address, _("Begin one with this text"))


@admin.register(Acceptance)
class AcceptanceAdmin(ReadOnlyAdmin):
    list_display = ("user", "text", "at")
    list_select_related = ("user", "text")
    fields = readonly_fields = list_display
