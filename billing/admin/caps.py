"""Caps as operators see and set them, the platform's own too. Each change is logged with its reason."""

from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from accounts.models import ApiKey, Project
from billing.admin.amounts import format_uzs
from billing.caps import Scope, remove_cap, set_cap, use
from billing.models import Cap
from billing.money import NotAnAmount, exact_uzs, parse_uzs

_OF_PROJECTS = {Scope.PROJECT_DAY, Scope.PROJECT_MONTH}


class CapForm(forms.ModelForm):  # type: ignore[type-arg]
    limit = forms.CharField(
        label=_("limit, UZS"),
        required=False,
        max_length=30,
        help_text=_("empty: no limit; 0 stops all calls"),
    )
    reason = forms.CharField(label=_("Reason"), max_length=200)

    class Meta:
        model = Cap
        fields = ("scope", "scope_id")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.pk is not None:
            self.fields["limit"].initial = exact_uzs(self.instance.limit_micros)

    def clean_limit(self) -> int | None:
        text = self.cleaned_data["limit"].strip()
        try:
            return parse_uzs(text) if text else None
        except NotAnAmount as error:
            raise forms.ValidationError(_("Write an amount in so'm, such as 1500 or 1500.25.")) from error

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        scope = cleaned.get("scope", self.instance.scope)
        scope_id = cleaned.get("scope_id", self.instance.scope_id)
        if scope is not None and scope_id is not None and not _exists(Scope(scope), scope_id):
            self.add_error("scope_id", _("There is no such project or key."))
        return cleaned


@admin.register(Cap)
class CapAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    form = CapForm
    list_display = ("scope", "scope_id", "owner", "limit", "spent", "held")
    list_filter = ("scope",)
    search_fields = ("scope_id",)
    list_per_page = 50

    def get_queryset(self, request: HttpRequest) -> QuerySet[Cap]:
        project = Project.objects.filter(pk=OuterRef("scope_id"))
        key = ApiKey.objects.filter(pk=OuterRef("scope_id"))
        caps: QuerySet[Cap] = super().get_queryset(request)
        return caps.annotate(
            of_project=Coalesce(Subquery(project.values("organization__name")), None),
            of_key=Coalesce(Subquery(key.values("project__organization__name")), None),
        )

    def get_readonly_fields(self, request: HttpRequest, obj: Cap | None = None) -> tuple[str, ...]:
        return ("scope", "scope_id") if obj else ()

    def save_model(self, request: HttpRequest, obj: Cap, form: Any, change: bool) -> None:
        scope, limit = Scope(obj.scope), form.cleaned_data["limit"]
        obj.pk = Cap.number(scope, obj.scope_id)
        found = Cap.objects.filter(pk=obj.pk).first()
        if limit is None:
            remove_cap(scope, obj.scope_id)
        else:
            set_cap(scope, obj.scope_id, limit)
        obj.limit_micros = limit or 0
        before = exact_uzs(found.limit_micros) if found else "–"
        after = "–" if limit is None else exact_uzs(limit)
        form.said = f"{before} → {after} UZS: {form.cleaned_data['reason']}"

    def construct_change_message(
        self, request: HttpRequest, form: Any, formsets: Any, add: bool = False
    ) -> Any:
        return form.said

    def has_delete_permission(self, request: HttpRequest, obj: Cap | None = None) -> bool:
        return False  # an empty limit removes it, with a reason

    @admin.display(description=_("organization"))
    def owner(self, cap: Cap) -> str:
        name = getattr(cap, "of_project" if Scope(cap.scope) in _OF_PROJECTS else "of_key", None)
        return "–" if cap.scope == Scope.PLATFORM_DAY else str(name or "")

    @admin.display(description=_("limit, UZS"), ordering="limit_micros")
    def limit(self, cap: Cap) -> str:
        return format_uzs(cap.limit_micros)

    @admin.display(description=_("spent, UZS"))
    def spent(self, cap: Cap) -> str:
        return format_uzs(use(Scope(cap.scope), cap.scope_id).spent_micros)

    @admin.display(description=_("held, UZS"))
    def held(self, cap: Cap) -> str:
        return format_uzs(use(Scope(cap.scope), cap.scope_id).held_micros)


def _exists(scope: Scope, scope_id: int) -> bool:
    if scope is Scope.PLATFORM_DAY:
        return scope_id == 0
    owners = Project if scope in _OF_PROJECTS else ApiKey
    return owners.objects.filter(pk=scope_id).exists()
