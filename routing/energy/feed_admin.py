"""Market feeds for operators: how asking them goes, terms, keys, the switch, and asking one at once."""

from datetime import timedelta
from typing import Any, ClassVar

from django.conf import settings
from django.contrib import admin, messages
from django.contrib.admin.options import BaseModelAdmin
from django.contrib.admin.widgets import AdminTextInputWidget
from django.db.models import OuterRef, QuerySet, Subquery, TextField
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.html import format_html
from django.utils.timesince import timesince
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from accounts.inlines import NamedTabularInline
from accounts.models import User
from accounts.read_only import AddOnlyAdmin, ReadOnlyAdmin
from routing.energy.adapters import ADAPTERS
from routing.energy.feed_form import FeedForm
from routing.energy.markets import Feed, FeedState, GridNode, GridPrice, GridRate
from routing.energy.poll import usable
from routing.pause_admin import PausedFilter, PausingAdmin, switch
from routing.tasks import poll_feed

_ASK_WITHIN_S = 120
_DAY = timedelta(days=1)
_STATE = ("condition", "error", "tried", "next_try", "newest", "age")


def condition(feed: Feed) -> str:
    """In a few words how asking it goes, or why nobody does."""
    if not feed.is_on:
        return switch(feed)
    if feed.lacks:
        waits = {"terms": _("waits for its terms to be accepted"), "key": _("waits for a key")}
        return ", ".join(waits[what] for what in feed.lacks)
    adapter = ADAPTERS.get(feed.slug)
    if adapter is not None and adapter.online and not settings.ENERGY_FEEDS:
        return _("not asked here: ENERGY_FEEDS is off")
    return _progress(getattr(feed, "state", None))


def _progress(state: FeedState | None) -> str:
    if state is None or state.tried_at is None:
        return _("not asked yet")
    if state.resting_until is not None:
        return ngettext("rests after %d failure", "rests after %d failures", state.failures) % state.failures
    if state.failures:
        return ngettext("failed %d time", "failed %d times in a row", state.failures) % state.failures
    return _("well")


class Kept(BaseModelAdmin):  # type: ignore[type-arg]
    """Prices point to these rows: they stay."""

    formfield_overrides: ClassVar[dict[Any, Any]] = {TextField: {"widget": AdminTextInputWidget}}

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class NodeInline(Kept, NamedTabularInline):
    model = GridNode
    fields = readonly_fields = ("code", "currency", "params")
    extra = 0
    show_change_link = True

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False  # on the page of nodes


@admin.register(Feed)
class FeedAdmin(Kept, PausingAdmin):
    form = FeedForm
    change_form_template = "admin/routing/feed/change_form.html"
    list_display = ("slug", "market", "condition", "error", "latest", "next_try")
    list_filter = (PausedFilter, "needs_terms", "needs_key", "simulated")
    list_select_related = ("state", "paused_by")
    search_fields = ("slug", "name")
    inlines = (NodeInline,)
    actions = ("ask_now", *PausingAdmin.actions)
    readonly_fields = (
        *("slug", "step", "needs_terms", "needs_key", "simulated", "switch"),
        *("condition", "newest", "age", "tried", "next_try", "error", "stored_key", "accepted"),
    )

    def get_fieldsets(self, request: HttpRequest, obj: Feed | None = None) -> Any:
        """Terms and key where the market has them; accepting or withdrawing, whichever there is to do."""
        terms: tuple[str, ...] = ("terms_url", "attribution")
        if obj is not None and obj.needs_terms:
            terms += ("accepted", "withdraw_terms" if obj.terms_accepted_at else "accept_terms")
        groups = [
            (None, {"fields": ("slug", "name", "switch", "simulated")}),
            (gettext_lazy("How it goes"), {"fields": _STATE}),
            (gettext_lazy("How often"), {"fields": ("step", "poll_s")}),
            (gettext_lazy("Terms"), {"fields": terms}),
        ]
        if obj is not None and obj.needs_key:
            groups.append((gettext_lazy("Key"), {"fields": ("stored_key", "key", "forget_key")}))
        return groups

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False  # a feed is an adapter of ours: they come with the catalog

    def get_queryset(self, request: HttpRequest) -> QuerySet[Feed]:
        end = OuterRef("state__price_end")
        newest = GridPrice.objects.filter(node__feed=OuterRef("pk"), end=end, start__gte=end - _DAY)
        rows: QuerySet[Feed] = super().get_queryset(request)
        return rows.annotate(
            newest_usd=Subquery(newest.values("usd")[:1]),
            newest_code=Subquery(newest.values("node__code")[:1]),
        )

    @admin.display(description=gettext_lazy("state"))
    def condition(self, feed: Feed) -> str:
        return condition(feed)

    @admin.display(description=gettext_lazy("market"), ordering="name")
    def market(self, feed: Feed) -> str:
        return f"{feed.name} ({_('SIMULATED')})" if feed.simulated else feed.name

    @admin.display(description=gettext_lazy("seconds between two prices"))
    def step(self, feed: Feed) -> int:
        return feed.step_s

    @admin.display(description=gettext_lazy("newest price"))
    def newest(self, feed: Feed) -> str:
        usd = getattr(feed, "newest_usd", None)
        return "–" if usd is None else f"{getattr(feed, 'newest_code', '')}: {usd:.2f} {_('USD/MWh')}"

    @admin.display(description=gettext_lazy("newest price and its age"))
    def latest(self, feed: Feed) -> str:
        newest, age = self.newest(feed), self.age(feed)
        return newest if age == "–" else f"{newest}, {age}"

    @admin.display(description=gettext_lazy("its age"))
    def age(self, feed: Feed) -> str:
        end = getattr(getattr(feed, "state", None), "price_end", None)
        return timesince(end, timezone.now()) if end else "–"

    @admin.display(description=gettext_lazy("last asked"))
    def tried(self, feed: Feed) -> str:
        return _moment(getattr(getattr(feed, "state", None), "tried_at", None))

    @admin.display(description=gettext_lazy("next try"), ordering="state__next_at")
    def next_try(self, feed: Feed) -> str:
        waits = feed.lacks or not feed.is_on
        return "–" if waits else _moment(getattr(getattr(feed, "state", None), "next_at", None))

    @admin.display(description=gettext_lazy("error"))
    def error(self, feed: Feed) -> str:
        return getattr(getattr(feed, "state", None), "error", "") or "–"

    @admin.display(description=gettext_lazy("stored key"))
    def stored_key(self, feed: Feed) -> str:
        return f"…{feed.key_last4}" if feed.sealed_key else "–"

    @admin.display(description=gettext_lazy("terms accepted"))
    def accepted(self, feed: Feed) -> str:
        at = feed.terms_accepted_at
        return "–" if at is None else f"{_moment(at)}, {feed.terms_accepted_by}"

    def save_model(self, request: HttpRequest, obj: Feed, form: Any, change: bool) -> None:
        assert isinstance(request.user, User)
        form.said = form.decide(request.user)
        super().save_model(request, obj, form, change)

    def construct_change_message(
        self, request: HttpRequest, form: Any, formsets: Any, add: bool = False
    ) -> Any:
        return "; ".join(form.said) or "nothing changed"

    def response_change(self, request: HttpRequest, obj: Feed) -> HttpResponse:
        """The button beside save: what was written is kept, and it is asked."""
        if "_ask" not in request.POST:
            return super().response_change(request, obj)
        self._poll(request, [obj])
        return HttpResponseRedirect(request.path)

    @admin.action(description=gettext_lazy("Ask the selected feeds now"), permissions=["change"])
    def ask_now(self, request: HttpRequest, queryset: QuerySet[Feed]) -> None:
        self._poll(request, list(queryset))

    def _poll(self, request: HttpRequest, feeds: list[Feed]) -> None:
        may = set(usable().filter(pk__in=[feed.pk for feed in feeds]).values_list("pk", flat=True))
        for feed in feeds:
            if feed.pk not in may:
                told = _("%(feed)s may not be asked: see its state, its nodes and ENERGY_FEEDS.")
                self.message_user(request, told % {"feed": feed}, messages.ERROR)
                continue
            poll_feed.apply_async((feed.pk,), expires=_ASK_WITHIN_S)
            self.log_change(request, feed, "asked by hand")
            told = _("%(feed)s is being asked: see its state in a few seconds.")
            self.message_user(request, told % {"feed": feed}, messages.SUCCESS)


@admin.register(GridNode)
class GridNodeAdmin(Kept, admin.ModelAdmin):  # type: ignore[type-arg]
    """A node stays what it is: prices are in its currency."""

    list_display = ("code", "feed", "currency", "newest")
    list_filter = ("feed",)
    list_select_related = ("feed",)
    search_fields = ("code", "feed__slug")
    fields = ("feed", "code", "currency", "params", "newest")

    def get_queryset(self, request: HttpRequest) -> QuerySet[GridNode]:
        newest = GridPrice.objects.filter(node=OuterRef("pk")).order_by("-start")
        rows: QuerySet[GridNode] = super().get_queryset(request)
        return rows.annotate(
            newest_usd=Subquery(newest.values("usd")[:1]), newest_end=Subquery(newest.values("end")[:1])
        )

    def get_readonly_fields(self, request: HttpRequest, obj: GridNode | None = None) -> tuple[str, ...]:
        return ("newest", "feed", "code", "currency") if obj else ("newest",)

    @admin.display(description=gettext_lazy("newest price"))
    def newest(self, node: GridNode) -> str:
        usd = getattr(node, "newest_usd", None)
        return (
            "–" if usd is None else f"{usd:.2f} {_('USD/MWh')}, {_moment(getattr(node, 'newest_end', None))}"
        )


@admin.register(GridPrice)
class GridPriceAdmin(ReadOnlyAdmin):
    """What markets published. Never shown to customers as it is: some markets' terms forbid that."""

    list_display = ("node", "interval", "published", "dollars")
    list_filter = ("node__feed", "node")
    list_select_related = ("node__feed",)
    ordering = ("-start", "node")
    list_per_page = 50
    show_full_result_count = False

    @admin.display(description=gettext_lazy("interval, UTC"), ordering="start")
    def interval(self, row: GridPrice) -> str:
        return f"{row.start:%Y-%m-%d %H:%M} – {row.end:%H:%M}"

    @admin.display(description=gettext_lazy("as published, per MWh"))
    def published(self, row: GridPrice) -> str:
        return f"{row.price:.2f} {row.node.currency}"

    @admin.display(description="USD")
    def dollars(self, row: GridPrice) -> str:
        return f"{row.usd:.2f}"


@admin.register(GridRate)
class GridRateAdmin(AddOnlyAdmin):
    """Dollars in markets' own currencies, by day; an operator may add one where the bank is silent."""

    list_display = ("currency", "date", "per_usd", "age", "seen_at")
    fields = ("currency", "date", "per_usd")

    @admin.display(description=gettext_lazy("its age"))
    def age(self, row: GridRate) -> str:
        days = (timezone.now().date() - row.date).days
        return format_html("{}", ngettext("%d day", "%d days", days) % days)


def _moment(at: Any) -> str:
    return "–" if at is None else date_format(timezone.localtime(at), "SHORT_DATETIME_FORMAT")
