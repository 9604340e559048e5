"""Operators' view of users, organizations, projects and keys. Nothing here shows a digest."""

from collections.abc import Mapping
from typing import Any, Final

from allauth.account.decorators import secure_admin_login
from django.contrib import admin, messages
from django.contrib.admin.options import BaseModelAdmin
from django.contrib.admin.templatetags import admin_list
from django.contrib.auth.admin import GroupAdmin as DjangoGroupAdmin
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.contrib.auth.forms import AdminUserCreationForm
from django.contrib.auth.forms import UserChangeForm as DjangoUserChangeForm
from django.contrib.auth.models import Group, Permission
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext, pgettext_lazy

from accounts.icons import boolean_icon
from accounts.inlines import NamedTabularInline
from accounts.keys import revoke_key
from accounts.models import (
    Alert,
    ApiKey,
    AuditEntry,
    BillingDetails,
    Invitation,
    LogKey,
    Membership,
    Organization,
    Project,
    Scope,
    User,
)
from accounts.permissions import PermissionsField
from accounts.read_only import ReadOnlyAdmin
from accounts.signup import open_personal_organization

# The site's own login: throttled, and with a second factor where the operator has one.
admin.site.login = secure_admin_login(admin.site.login)  # type: ignore[method-assign]
admin.site.unregister(Group)
# Django asks nobody how its pictures are called.
admin_list._boolean_icon = boolean_icon  # type: ignore[attr-defined]


# Of keys and invitations: their own `state` is a word of the API.
_STATES: Final[Mapping[str, Promise]] = {
    "active": _("active"),
    "revoked": _("revoked"),
    "expired": _("expired"),
    "waiting": _("waiting"),
    "accepted": pgettext_lazy("invitation", "accepted"),
    "withdrawn": _("withdrawn"),
}


class Told(admin.ModelAdmin):  # type: ignore[type-arg]
    """Names for what the rows themselves reckon."""

    @admin.display(description=_("identifier"))
    def api_id(self, row: Any) -> str:
        return str(row.api_id)

    @admin.display(description=_("state"))
    def state(self, row: Any) -> str:
        return str(_STATES[row.state])


class UserCreationForm(AdminUserCreationForm):  # type: ignore[type-arg]
    class Meta:
        model = User
        fields = ("email",)


class UserChangeForm(DjangoUserChangeForm):  # type: ignore[type-arg]
    class Meta:
        model = User
        fields = "__all__"  # noqa: DJ007 (the fieldsets below choose)


class WithRights(BaseModelAdmin):  # type: ignore[type-arg]
    """Rights to choose from have names in the operator's language."""

    def formfield_for_manytomany(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        if db_field.related_model is Permission:
            kwargs["form_class"] = PermissionsField
        return super().formfield_for_manytomany(db_field, request, **kwargs)


@admin.register(Group)
class GroupAdmin(WithRights, DjangoGroupAdmin):  # type: ignore[misc]
    pass


@admin.register(User)
class UserAdmin(WithRights, DjangoUserAdmin):  # type: ignore[type-arg]
    form = UserChangeForm
    add_form = UserCreationForm
    ordering = ("-date_joined",)
    list_display = ("email", "name", "language", "is_staff", "is_active", "date_joined")
    list_filter = ("is_staff", "is_superuser", "is_active", "language")
    search_fields = ("email", "name")
    readonly_fields = ("last_login", "date_joined")
    fieldsets = (
        (None, {"fields": ("email", "password", "name", "language", "clock")}),
        (_("Rights"), {"fields": ("is_active", "is_staff", "is_superuser", "groups", "user_permissions")}),
        (_("Dates"), {"fields": ("last_login", "date_joined")}),
    )
    add_fieldsets = ((None, {"fields": ("email", "usable_password", "password1", "password2")}),)

    def save_model(self, request: HttpRequest, obj: User, form: Any, change: bool) -> None:
        super().save_model(request, obj, form, change)
        if not change:
            open_personal_organization(obj)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False  # an organization outlives its people; make them inactive


class MembershipInline(NamedTabularInline):
    model = Membership
    extra = 0
    autocomplete_fields = ("user",)
    readonly_fields = ("created_at",)


class BillingDetailsInline(admin.StackedInline):  # type: ignore[type-arg]
    model = BillingDetails
    extra = 0
    can_delete = False
    readonly_fields = ("updated_by", "updated_at")


@admin.register(Organization)
class OrganizationAdmin(Told):
    list_display = ("name", "owner", "is_personal", "verified_at", "suspended_at", "created_at")
    list_filter = (
        "is_personal",
        ("suspended_at", admin.EmptyFieldListFilter),
        ("verified_at", admin.EmptyFieldListFilter),
    )
    search_fields = ("name", "slug", "public_id", "owner__email")
    list_select_related = ("owner",)
    fields = (
        "name",
        "api_id",
        "slug",
        "owner",
        "is_personal",
        "rpm_max",
        "key_rpm_max",
        "verified_at",
        "suspended_at",
        "created_at",
    )
    readonly_fields = ("api_id", "slug", "owner", "is_personal", "verified_at", "suspended_at", "created_at")
    inlines = (MembershipInline, BillingDetailsInline)
    actions = ("suspend", "resume")

    @admin.action(description=_("Suspend: refuse all calls of their keys"), permissions=["change"])
    def suspend(self, request: HttpRequest, queryset: QuerySet[Organization]) -> None:
        count = queryset.filter(suspended_at=None, slug=None).update(suspended_at=timezone.now())
        self.message_user(request, _organizations(count), messages.SUCCESS)

    @admin.action(description=_("Lift the suspension"), permissions=["change"])
    def resume(self, request: HttpRequest, queryset: QuerySet[Organization]) -> None:
        count = queryset.exclude(suspended_at=None).update(suspended_at=None)
        self.message_user(request, _organizations(count), messages.SUCCESS)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False  # a sign-up makes them, with owner and project

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(Project)
class ProjectAdmin(Told):
    list_display = ("name", "organization", "is_default", "archived_at", "created_at")
    list_filter = ("is_default", ("archived_at", admin.EmptyFieldListFilter))
    search_fields = ("name", "public_id", "organization__name", "organization__owner__email")
    list_select_related = ("organization",)
    fields = (
        *("name", "api_id", "organization", "is_default", "allowed_models", "rescue"),
        *("content_log", "content_days", "archived_at", "created_at"),
    )
    # Whether content is kept, and for whom to read, is the customer's word alone.
    readonly_fields = (
        *("api_id", "organization", "is_default", "content_log", "content_days"),
        *("archived_at", "created_at"),
    )

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(ApiKey)
class ApiKeyAdmin(Told, ReadOnlyAdmin):
    """Nobody makes a key here: the plain one would pass through an operator's hands."""

    list_display = ("name", "prefix", "last4", "project", "state", "last_used_at", "created_at")
    list_filter = (
        "studio",
        ("revoked_at", admin.EmptyFieldListFilter),
        ("expires_at", admin.EmptyFieldListFilter),
    )
    search_fields = ("name", "prefix", "public_id", "project__organization__name")
    list_select_related = ("project",)
    fields = (
        "name",
        "api_id",
        "prefix",
        "last4",
        "project",
        "state",
        "studio",
        "rights",
        "rpm",
        "allowed_ips",
        "expires_at",
        "revoked_at",
        "last_used_at",
        "created_by",
        "created_at",
    )
    actions = ("revoke",)

    @admin.display(description=_("scopes"))
    def rights(self, key: ApiKey) -> str:
        return ", ".join(str(Scope(one).label) for one in key.scopes)

    @admin.action(description=_("Revoke for good"), permissions=["revoke"])
    def revoke(self, request: HttpRequest, queryset: QuerySet[ApiKey]) -> None:
        revoked = sum(revoke_key(key) for key in queryset)
        text = ngettext("%(count)d key revoked.", "%(count)d keys revoked.", revoked)
        self.message_user(request, text % {"count": revoked}, messages.SUCCESS)

    def has_revoke_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("accounts.change_apikey")


@admin.register(LogKey)
class LogKeyAdmin(Told, ReadOnlyAdmin):
    """What projects' content is sealed to: an operator who could add one could read along."""

    list_display = ("api_id", "project", "created_at", "retired_at")
    list_filter = (("retired_at", admin.EmptyFieldListFilter),)
    search_fields = ("public_id", "fingerprint", "project__public_id", "project__organization__name")
    list_select_related = ("project",)
    fields = ("api_id", "fingerprint", "project", "created_by", "created_at", "retired_at")


@admin.register(Alert)
class AlertAdmin(ReadOnlyAdmin):
    """What operators were told, and what waits to be."""

    list_display = ("created_at", "kind", "subject", "sent_at")
    list_filter = ("kind", ("sent_at", admin.EmptyFieldListFilter))
    search_fields = ("subject", "text")
    fields = ("kind", "subject", "text", "created_at", "sent_at")


@admin.register(Invitation)
class InvitationAdmin(Told, ReadOnlyAdmin):
    """Who was asked to join what. The link is in the letter alone."""

    list_display = ("email", "organization", "role", "state", "sent_at", "expires_at")
    list_filter = (
        "role",
        ("accepted_at", admin.EmptyFieldListFilter),
        ("withdrawn_at", admin.EmptyFieldListFilter),
    )
    search_fields = ("email", "organization__name", "public_id")
    list_select_related = ("organization",)
    fields = (
        *("api_id", "email", "organization", "role", "language", "invited_by", "state"),
        *("created_at", "sent_at", "expires_at", "accepted_at", "withdrawn_at"),
    )


@admin.register(AuditEntry)
class AuditEntryAdmin(ReadOnlyAdmin):
    """What people changed in their organizations."""

    list_display = ("at", "organization", "user", "key", "deed", "subject")
    list_filter = ("deed",)
    search_fields = ("subject", "organization__name", "user__email")
    list_select_related = ("organization", "user", "key")
    show_full_result_count = False
    fields = ("at", "organization", "user", "key", "deed", "subject", "before", "after")


def _organizations(count: int) -> str:
    text = ngettext("%(count)d organization changed.", "%(count)d organizations changed.", count)
    return text % {"count": count}
