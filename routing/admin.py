"""The catalog for operators. Nothing is deleted here: things are retired or switched off."""

from typing import Any

from django.contrib import admin
from django.contrib.admin.options import BaseModelAdmin
from django.contrib.admin.widgets import AdminTextInputWidget
from django.db.models import JSONField, OuterRef, QuerySet, Subquery, TextField
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts.inlines import NamedTabularInline
from routing.component_words import usd
from routing.credential_words import told
from routing.energy.feed_admin import FeedAdmin
from routing.energy.site_admin import (
    BenchmarkPriceAdmin,
    DataCentreAdmin,
    HostingAdmin,
    PreferenceAdmin,
)
from routing.forms import (
    CostForm,
    CredentialForm,
    CredentialFormSet,
    ModelForm,
    NameForm,
    ProviderForm,
    typed,
)
from routing.models import (
    COMPONENTS,
    CostVersion,
    Credential,
    Endpoint,
    Model,
    ModelName,
    ModelWording,
    Provider,
)
from routing.names import fold
from routing.pause_admin import PausedFilter, PausingAdmin, switch
from routing.sync.admin import CatalogProposalAdmin, ProviderSyncAdmin, sync_providers

# Pages of files of their own.
__all__ = [
    "BenchmarkPriceAdmin",
    "CatalogProposalAdmin",
    "DataCentreAdmin",
    "FeedAdmin",
    "HostingAdmin",
    "PreferenceAdmin",
    "ProviderSyncAdmin",
]


class Kept(BaseModelAdmin):  # type: ignore[type-arg]
    """Rows that request rows point to stay."""

    formfield_overrides = {TextField: {"widget": AdminTextInputWidget}}

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class CredentialInline(Kept, NamedTabularInline):
    model = Credential
    form = CredentialForm
    formset = CredentialFormSet
    extra = 1
    fields = ("label", "ref", "secret", "stored", "forget", "weight", "active", "state", "enable_again")
    readonly_fields = ("stored", "state")

    @admin.display(description=_("stored secret"))
    def stored(self, row: Credential) -> str:
        if not row.sealed:
            return gettext("none")
        told = gettext("from the environment") if row.from_env else gettext("typed here")
        return f"…{row.last4} ({told})"

    @admin.display(description=_("state"))
    def state(self, row: Credential) -> str:
        return "" if row._state.adding else told(row)


@admin.register(Provider)
class ProviderAdmin(Kept, PausingAdmin):
    form = ProviderForm
    list_display = ("slug", "name", "dialect", "base_url", "credentials_shown", "switch")
    list_filter = (PausedFilter, "dialect", "hosted")
    list_select_related = ("paused_by",)
    search_fields = ("slug", "name")
    readonly_fields = ("switch",)
    inlines = (CredentialInline,)
    actions = (*PausingAdmin.actions, sync_providers)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Provider]:
        return super().get_queryset(request).prefetch_related("credentials")

    @admin.display(description=_("credentials"))
    def credentials_shown(self, provider: Provider) -> str:
        """How many are in use, of how many; a dash for a keyless provider."""
        rows = [row for row in provider.credentials.all() if row.retired_at is None]
        used = sum(bool(row.sealed and row.active and row.disabled_at is None) for row in rows)
        return gettext("%(used)d of %(all)d") % {"used": used, "all": len(rows)} if rows else "–"

    def save_formset(self, request: HttpRequest, form: Any, formset: Any, change: bool) -> None:
        """Who enabled what again, and why it had been disabled, is written down by itself."""
        rows = [one for one in getattr(formset, "forms", ()) if one.cleaned_data.get("enable_again")]
        for one in rows:
            before = one.initial_state
            self.log_change(
                request, form.instance, f"Enabled credential '{one.instance.label}' again: {before}"
            )
        super().save_formset(request, form, formset, change)


class NameInline(Kept, NamedTabularInline):
    model = ModelName
    form = NameForm
    extra = 1

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return True  # an alias is no more than a way in


class WordingInline(admin.StackedInline):  # type: ignore[type-arg]
    model = ModelWording
    extra = 0
    max_num = len(ModelWording.Language)


class EndpointInline(Kept, NamedTabularInline):
    model = Endpoint
    extra = 0
    show_change_link = True
    fields = (
        *("provider", "upstream_name", "markup_kind", "priority"),
        *("context_window", "ttft_ms", "token_rate", "switch"),
    )
    readonly_fields = ("switch",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Endpoint]:
        return super().get_queryset(request).select_related("paused_by")

    @admin.display(description=_("switch"))
    def switch(self, endpoint: Endpoint) -> str:
        return switch(endpoint)


@admin.register(Model)
class ModelAdmin(Kept, admin.ModelAdmin):  # type: ignore[type-arg]
    form = ModelForm
    list_display = ("slug", "name", "modality", "category", "free", "replaced_by", "retired_at")
    list_filter = ("modality", "category", "free", "creator")
    search_fields = ("slug", "name", "names__name")
    inlines = (NameInline, WordingInline, EndpointInline)

    def get_readonly_fields(self, request: HttpRequest, obj: Model | None = None) -> list[str]:
        return ["slug"] if obj else []

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        """A model always answers to its id and its display name."""
        super().save_related(request, form, formsets, change)
        model: Model = form.instance
        for name in (model.slug, model.name):
            ModelName.objects.get_or_create(folded=fold(name), defaults={"name": name, "model": model})


@admin.register(Endpoint)
class EndpointAdmin(Kept, PausingAdmin):
    list_display = ("model", "provider", "upstream_name", "price", "markup_kind", "priority", "switch")
    list_filter = (PausedFilter, "provider", "markup_kind")
    search_fields = ("model__slug", "upstream_name")
    raw_id_fields = ("model",)
    list_select_related = ("model", "provider", "paused_by")
    exclude = ("active",)
    readonly_fields = ("price", "new_price", "switch")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Endpoint]:
        # A hosted endpoint has a price every few minutes: only the newest is read.
        newest = CostVersion.objects.filter(endpoint=OuterRef("pk")).order_by("-pk").values("components")
        rows: QuerySet[Endpoint] = super().get_queryset(request)
        rows = rows.annotate(in_force=Subquery(newest[:1], output_field=JSONField()))
        return rows

    @admin.display(description=_("price in force (USD)"))
    def price(self, endpoint: Any) -> str:
        return usd(endpoint.in_force) if getattr(endpoint, "in_force", None) else gettext("none")

    @admin.display(description=_("new price"))
    def new_price(self, endpoint: Endpoint) -> str:
        if endpoint._state.adding:
            return gettext("Save first, then add a price.")
        url = reverse("admin:routing_costversion_add")
        return format_html('<a href="{}?endpoint={}">{}</a>', url, endpoint.pk, gettext("Add a price"))


@admin.register(CostVersion)
class CostVersionAdmin(Kept, admin.ModelAdmin):  # type: ignore[type-arg]
    """Prices are added, never changed."""

    form = CostForm
    list_display = ("id", "endpoint", "price", "valid_from")
    list_select_related = ("endpoint__model", "endpoint__provider")
    search_fields = ("endpoint__model__slug", "endpoint__provider__slug")
    raw_id_fields = ("endpoint",)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        """With ?endpoint=ID the price in force is filled in."""
        endpoint = request.GET.get("endpoint", "")
        newest = (
            CostVersion.objects.filter(endpoint_id=int(endpoint)).first() if endpoint.isdecimal() else None
        )
        return {"endpoint": endpoint} | (typed(newest) if newest else {})

    def get_fields(self, request: HttpRequest, obj: CostVersion | None = None) -> Any:
        if obj is not None:
            return ["endpoint", "price", "tiers_shown", "valid_from"]
        return ["endpoint", *COMPONENTS, "tiers"]

    def get_readonly_fields(self, request: HttpRequest, obj: CostVersion | None = None) -> list[str]:
        return ["endpoint", "price", "tiers_shown", "valid_from"] if obj is not None else []

    def get_form(
        self, request: HttpRequest, obj: CostVersion | None = None, change: bool = False, **kwargs: Any
    ) -> Any:
        # The components are fields of the form only, so the factory must not look for them on the model.
        return super().get_form(request, obj, change, **{**kwargs, "fields": ["endpoint"]})

    @admin.display(description=_("price (USD)"))
    def price(self, cost: CostVersion) -> str:
        return usd(cost.components)

    @admin.display(description=_("for long prompts (USD)"))
    def tiers_shown(self, cost: CostVersion) -> str:
        lines = [(tier["over"], usd(tier["components"])) for tier in cost.above_input]
        told = [(gettext("over %(n)d tokens: %(price)s") % {"n": n, "price": price},) for n, price in lines]
        return format_html_join("", "<div>{}</div>", told) or gettext("none")
