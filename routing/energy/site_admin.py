"""Sites, what runs there and who is preferred, for operators. Each change has a reason and is in the log."""

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, ClassVar, Final

from django.contrib import admin
from django.contrib.admin.widgets import AdminTextInputWidget
from django.db import transaction
from django.db.models import JSONField, OuterRef, Q, QuerySet, Subquery, TextField
from django.http import HttpRequest
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.timesince import timesince
from django.utils.timezone import localtime
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.read_only import AddOnlyAdmin, ReadOnlyAdmin
from routing.catalog.amounts import from_nano
from routing.energy.models import BenchmarkPrice, DataCentre, Hosting, Preference, SiteState
from routing.energy.site_forms import BenchmarkForm, HostingForm, SiteForm
from routing.energy.tick import tick
from routing.models import CostVersion

STALE: Final = ("hold", "estimated", "tariff")
NEWEST: Final = CostVersion.objects.filter(endpoint=OuterRef("endpoint")).order_by("-pk")


class Reasoned(admin.ModelAdmin):  # type: ignore[type-arg]
    """Terms of the formula: never removed, and a new price is made of them at once."""

    formfield_overrides: ClassVar[dict[Any, Any]] = {TextField: {"widget": AdminTextInputWidget}}

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def construct_change_message(
        self, request: HttpRequest, form: Any, formsets: Any, add: bool = False
    ) -> Any:
        return form.told()

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        super().save_model(request, obj, form, change)
        transaction.on_commit(lambda: tick() and None)


class StateFilter(admin.SimpleListFilter):
    """Sites that want looking after."""

    title = gettext_lazy("state")
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("drained", _("drained")), ("stale", _("not live")), ("override", _("price by hand"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[DataCentre]) -> QuerySet[DataCentre]:
        found = {
            "drained": Q(state__drained=True),
            "stale": Q(state__state__in=STALE),
            "override": Q(override_until__gt=timezone.now()),
        }
        return queryset.filter(found.get(self.value() or "", Q()))


@admin.register(DataCentre)
class DataCentreAdmin(Reasoned):
    """Each site with its price now, how old that is, and why it is what it is."""

    form = SiteForm
    list_display = ("provider", "calls", "price", "rung", "by_hand")
    list_filter = (StateFilter, "node__feed")
    list_select_related = ("provider", "node__feed", "state")
    search_fields = ("provider__slug", "place", "node__code")
    readonly_fields = ("calls", "price", "price_state", "by_hand")
    fieldsets = (
        (None, {"fields": ("provider", "place", "country", "node", "reason")}),
        (gettext_lazy("Now"), {"fields": ("calls", "price", "price_state", "by_hand")}),
        (
            gettext_lazy("Price by hand"),
            {
                "fields": ("override_usd", "override_until"),
                "description": gettext_lazy(
                    "Instead of the market until then, for the reason above. Empty it to end it."
                ),
            },
        ),
        (
            gettext_lazy("Electricity"),
            {
                "fields": (
                    *("pue", "host_factor", "indexed_share", "hedge_usd", "adder_usd", "floor_usd"),
                    *("ceiling_usd", "tariff_usd"),
                )
            },
        ),
        (gettext_lazy("Capacity"), {"fields": ("in_flight_max", "queue_budget_ms", "metrics_url")}),
    )

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return (*self.readonly_fields, "provider") if obj else self.readonly_fields

    @admin.display(description=gettext_lazy("price, USD/MWh"), ordering="state__delivered_usd")
    def price(self, site: DataCentre) -> str:
        state = _state(site)
        return _money(state.delivered_usd) if state else "–"

    @admin.display(description=gettext_lazy("state"), ordering="state__state")
    def price_state(self, site: DataCentre) -> str:
        """How live it is, and when the newest interval of the market ended."""
        state = _state(site)
        if state is None:
            return _("not priced yet")
        return f"{state.get_state_display()}; {_newest(state)}"

    @admin.display(description=gettext_lazy("new calls"))
    def calls(self, site: DataCentre) -> str:
        state = _state(site)
        if not site.provider.active or site.provider.paused_at is not None:
            return _("switched off")
        return _("drained: above the ceiling") if state and state.drained else _("taken")

    @admin.display(description=gettext_lazy("state"), ordering="state__state")
    def rung(self, site: DataCentre) -> str:
        """The same in a word, with the age of what isn't live."""
        state = _state(site)
        if state is None:
            return _("not priced yet")
        label = str(state.get_state_display())
        if state.state not in STALE or state.price_end is None:
            return label
        return f"{label} ({timesince(state.price_end, depth=1)})"

    @admin.display(description=gettext_lazy("price by hand"))
    def by_hand(self, site: DataCentre) -> str:
        if site.override_usd is None or site.override_until is None:
            return "–"
        told = {
            "price": _money(site.override_usd),
            "until": _moment(site.override_until),
            "reason": site.override_reason,
        }
        if site.override_until <= timezone.now():
            return _("%(price)s, ended %(until)s: %(reason)s") % told
        return _("%(price)s until %(until)s: %(reason)s") % told


@admin.register(Hosting)
class HostingAdmin(Reasoned):
    """How each model runs at each site, and the price that comes of it."""

    form = HostingForm
    list_display = ("hosted", "site", "output", "energy", "machines", "joules_per_token", "tokens_per_s")
    list_filter = (("endpoint__provider", admin.RelatedOnlyFieldListFilter),)
    list_select_related = ("endpoint__model", "endpoint__provider")
    search_fields = ("endpoint__model__slug", "endpoint__provider__slug")
    raw_id_fields = ("endpoint",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Hosting]:
        found: QuerySet[Hosting] = super().get_queryset(request)
        found = found.annotate(
            components=Subquery(NEWEST.values("components")[:1], output_field=JSONField()),
            parts=Subquery(NEWEST.values("energy")[:1], output_field=JSONField()),
        )
        return found

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return ("endpoint",) if obj else ()

    @admin.display(description=gettext_lazy("model"), ordering="endpoint__model__slug")
    def hosted(self, hosting: Hosting) -> str:
        return str(hosting.endpoint.model)

    @admin.display(description=gettext_lazy("site"), ordering="endpoint__provider__slug")
    def site(self, hosting: Hosting) -> str:
        return str(hosting.endpoint.provider)

    @admin.display(description=gettext_lazy("machines"))
    def machines(self, hosting: Hosting) -> str:
        return f"{hosting.gpus} × {hosting.gpu}"

    @admin.display(description=gettext_lazy("output, USD per million"))
    def output(self, hosting: Any) -> str:
        nano = (hosting.components or {}).get("output")
        return "–" if nano is None else from_nano("output", nano)

    @admin.display(description=gettext_lazy("of that electricity"))
    def energy(self, hosting: Any) -> str:
        nano = (hosting.parts or {}).get("energy_nano")
        return "–" if nano is None else from_nano("output", nano)


@admin.register(Preference)
class PreferenceAdmin(ReadOnlyAdmin):
    """Which site each model is asked at first. Ticks decide it."""

    list_display = ("model", "site", "since", "rival", "challenged_ticks")
    list_select_related = ("model", "endpoint__provider", "challenger__provider")
    search_fields = ("model__slug",)

    @admin.display(description=gettext_lazy("site"))
    def site(self, row: Preference) -> str:
        return str(row.endpoint.provider)

    @admin.display(description=gettext_lazy("may take over"))
    def rival(self, row: Preference) -> str:
        return str(row.challenger.provider) if row.challenger else "–"


@admin.register(BenchmarkPrice)
class BenchmarkPriceAdmin(AddOnlyAdmin):
    """What others ask in public, as evidence; a newer price is one more row."""

    form = BenchmarkForm
    list_display = ("model", "provider", "quantization", "input", "output", "seen_at", "url")
    list_filter = ("provider",)
    list_select_related = ("model",)
    search_fields = ("model__slug", "provider")
    raw_id_fields = ("model",)
    formfield_overrides: ClassVar[dict[Any, Any]] = {TextField: {"widget": AdminTextInputWidget}}

    def get_form(
        self, request: HttpRequest, obj: BenchmarkPrice | None = None, change: bool = False, **kwargs: Any
    ) -> Any:
        # The two prices are fields of the form only, so the factory must not look for them on the model.
        return super().get_form(request, obj, change, **{**kwargs, "fields": self.form.Meta.fields})

    def get_fields(self, request: HttpRequest, obj: BenchmarkPrice | None = None) -> Any:
        prices = ("input", "output") if obj else ("input_usd", "output_usd")
        return ("model", "provider", "quantization", *prices, "url", "seen_at")

    def get_readonly_fields(self, request: HttpRequest, obj: BenchmarkPrice | None = None) -> Any:
        return ("input", "output") if obj else ()

    @admin.display(description=gettext_lazy("input, USD per million"), ordering="input_nano")
    def input(self, row: BenchmarkPrice) -> str:
        return from_nano("input", row.input_nano)

    @admin.display(description=gettext_lazy("output, USD per million"), ordering="output_nano")
    def output(self, row: BenchmarkPrice) -> str:
        return from_nano("output", row.output_nano)


def _state(site: DataCentre) -> SiteState | None:
    return getattr(site, "state", None)


def _newest(state: SiteState) -> str:
    now = timezone.now()
    if state.price_end is None:
        return _("nothing known of the market")
    if state.price_end > now - timedelta(minutes=1):
        return _("the newest interval runs or has just ended")
    return _("the newest interval ended %s ago") % timesince(state.price_end, depth=1)


def _money(usd: Decimal) -> str:
    return f"{usd:.2f}"


def _moment(moment: datetime) -> str:
    return date_format(localtime(moment), "SHORT_DATETIME_FORMAT")
