"""How all endpoints are doing, at a glance: sorted and filtered by what Redis tells in one round trip."""

import json
from collections.abc import Callable, Mapping
from typing import Any, Final

from django.contrib import admin, messages
from django.db.models import FloatField, QuerySet, TextField, Value
from django.db.models.expressions import Func
from django.db.models.functions import Cast
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, path, reverse
from django.utils.formats import date_format, number_format
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe
from django.utils.timezone import localtime
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from redis.exceptions import RedisError

from accounts.read_only import ReadOnlyAdmin
from proxy.admin.trial import TrialView
from proxy.checkup import Checkup, bring_back
from proxy.glance import STATES, Glance, Survey, survey
from proxy.models import EndpointHealth
from routing.health import Tally
from routing.pause_admin import switch

_NBSP: Final = "\N{NO-BREAK SPACE}"

# Column → what it sorts by.
FIGURES: Final[Mapping[str, Callable[[Checkup], float]]] = {
    "sort_answered": lambda seen: seen.answered_at.timestamp() if seen.answered_at else -1,
    "sort_calls": lambda seen: seen.day.calls,
    "sort_success": lambda seen: _newest(seen, lambda tally: tally.success_percent),
    "sort_p50": lambda seen: _newest(seen, Tally.ttft_ms),
    "sort_p95": lambda seen: _newest(seen, lambda tally: tally.ttft_ms(0.95)),
    "sort_rate": lambda seen: _newest(seen, Tally.token_rate),
}


class StateFilter(admin.SimpleListFilter):
    title = gettext_lazy("state")
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(name, str(words)) for name, words in STATES.items()]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return queryset.filter(state_word=self.value()) if self.value() in STATES else queryset


@admin.register(EndpointHealth)
class EndpointHealthAdmin(ReadOnlyAdmin):
    """The last 5 minutes, hour and day of each endpoint: columns of figures have all three, in this order."""

    list_display = (
        *("endpoint", "state", "answered", "calls", "success"),
        *("median", "slow", "pace"),
    )
    list_display_links = None
    list_filter = (StateFilter, "provider", "model__modality")
    search_fields = ("model__slug", "model__name", "provider__slug", "upstream_name")
    list_select_related = ("model", "provider", "paused_by", "provider__paused_by")
    list_per_page = 100
    actions = ("wake", "switch_off", "switch_on")

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Only the actions change anything, and they need the right of the endpoint itself."""
        return obj is None and request.user.has_perm("routing.change_endpoint")

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(TrialView(self))
        return [path("test/", view, name="proxy_endpointhealth_test"), *super().get_urls()]

    def get_queryset(self, request: HttpRequest) -> QuerySet[EndpointHealth]:
        """With the figures as columns, so that the database sorts and filters by them."""
        rows: QuerySet[EndpointHealth] = super().get_queryset(request).filter(retired_at=None)
        told = self._survey(request)
        words = {str(pk): glance.state for pk, glance in told.of.items()}
        rows = rows.annotate(state_word=_looked_up(words))
        for name, figure in FIGURES.items():
            values = {str(pk): figure(glance.seen) for pk, glance in told.of.items()}
            rows = rows.annotate(**{name: Cast(_looked_up(values), FloatField())})
        return rows

    def _survey(self, request: HttpRequest) -> Survey:
        """Once a request; never kept on this object, which all requests share."""
        found: Survey | None = getattr(request, "survey", None)
        if found is None:
            rows = EndpointHealth.objects.filter(retired_at=None).select_related("provider")
            found = request.survey = survey(rows)  # type: ignore[attr-defined]
        return found

    def get_changelist_instance(self, request: HttpRequest) -> Any:
        found = super().get_changelist_instance(request)
        told = self._survey(request)
        for row in found.result_list:
            row.glance = told.of.get(row.pk, Glance())
        return found

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> Any:
        if not self._survey(request).known:
            self.message_user(request, _("Redis is away: nothing is known of calls."), messages.WARNING)
        context = {
            "title": _("Endpoints over the last 5 minutes / 1 hour / 24 hours"),
            "is_nav_sidebar_enabled": False,  # the figures need the room
        }
        return super().changelist_view(request, context | (extra_context or {}))

    @admin.display(description=gettext_lazy("endpoint"), ordering="provider__slug")
    def endpoint(self, obj: Any) -> SafeString:
        """With its name there, and what can be done about it."""
        return format_html(
            '<a href="{}">{}</a><br>{}<br>{}',
            reverse("admin:routing_endpoint_change", args=[obj.pk]),
            str(obj),
            obj.upstream_name,
            _doings(obj),
        )

    @admin.display(description=gettext_lazy("state"), ordering="state_word")
    def state(self, obj: Any) -> str:
        glance: Glance = obj.glance
        told = str(STATES[glance.state])
        if glance.state == "off":
            return switch(obj) if not obj.is_on else f"{obj.provider}: {switch(obj.provider)}"
        if glance.until is not None:
            when = date_format(localtime(glance.until), "TIME_FORMAT")
            words = {"when": when, "reason": glance.seen.resting}
            return _("rests until %(when)s: %(reason)s") % words
        return f"{told}: {glance.seen.resting}" if glance.state == "half_open" else told

    @admin.display(description=gettext_lazy("last answer"), ordering="sort_answered")
    def answered(self, obj: Any) -> str:
        when = obj.glance.seen.answered_at
        return date_format(localtime(when), "SHORT_DATETIME_FORMAT") if when else "–"

    @admin.display(description=gettext_lazy("calls"), ordering="sort_calls")
    def calls(self, obj: Any) -> SafeString:
        return _lines(str(tally.calls) for tally in _windows(obj.glance.seen))

    @admin.display(description=gettext_lazy("answered"), ordering="sort_success")
    def success(self, obj: Any) -> SafeString:
        return _lines(_percent(tally.success_percent) for tally in _windows(obj.glance.seen))

    @admin.display(description=gettext_lazy("first token, p50"), ordering="sort_p50")
    def median(self, obj: Any) -> SafeString:
        return _lines(_number(tally.ttft_ms(), _("ms")) for tally in _windows(obj.glance.seen))

    @admin.display(description=gettext_lazy("first token, p95"), ordering="sort_p95")
    def slow(self, obj: Any) -> SafeString:
        return _lines(_number(tally.ttft_ms(0.95), _("ms")) for tally in _windows(obj.glance.seen))

    @admin.display(description=gettext_lazy("tokens a second"), ordering="sort_rate")
    def pace(self, obj: Any) -> SafeString:
        """Not `token_rate`: that is the endpoint's own field, what the catalog expects of it."""
        return _lines(_number(tally.token_rate(), "") for tally in _windows(obj.glance.seen))

    @admin.action(description=gettext_lazy("Bring back now"), permissions=["change"])
    def wake(self, request: HttpRequest, queryset: QuerySet[EndpointHealth]) -> None:
        """Ends the rest of these endpoints; the next call tries them."""
        try:
            for endpoint in queryset:
                bring_back(endpoint.pk)
                self.log_change(request, endpoint, "rest ended")
        except RedisError:
            self.message_user(request, _("Redis is away; nothing was changed."), messages.ERROR)

    @admin.action(description=gettext_lazy("Switch off …"), permissions=["change"])
    def switch_off(self, request: HttpRequest, queryset: QuerySet[EndpointHealth]) -> HttpResponse:
        return _to_switch("off", queryset)

    @admin.action(description=gettext_lazy("Switch on …"), permissions=["change"])
    def switch_on(self, request: HttpRequest, queryset: QuerySet[EndpointHealth]) -> HttpResponse:
        return _to_switch("on", queryset)


def _to_switch(to: str, queryset: QuerySet[EndpointHealth]) -> HttpResponse:
    numbers = "&".join(f"id={pk}" for pk in queryset.values_list("pk", flat=True))
    return HttpResponseRedirect(f"{reverse('admin:routing_endpoint_switch')}?to={to}&{numbers}")


def _doings(obj: Any) -> SafeString:
    off = reverse("admin:routing_endpoint_switch")
    links = [
        (f"{reverse('admin:proxy_endpointhealth_test')}?endpoint={obj.pk}", _("Test call …")),
        (f"{off}?to={'off' if obj.is_on else 'on'}&id={obj.pk}", _switches(obj.is_on)),
    ]
    shown = ((to, words.replace(" ", _NBSP)) for to, words in links)
    return format_html_join(mark_safe(" · "), '<a href="{}">{}</a>', shown)


def _switches(is_on: bool) -> str:
    return _("Switch off …") if is_on else _("Switch on …")


def _looked_up(values: Mapping[str, Any]) -> Func:
    """A column of values by primary key, sent as one parameter."""
    table = Cast(Value(json.dumps(values)), _Jsonb())
    return Func(table, Cast("pk", TextField()), function="jsonb_extract_path_text", output_field=TextField())


class _Jsonb(TextField):  # type: ignore[type-arg]
    def db_type(self, connection: Any) -> str:
        return "jsonb"


def _windows(seen: Checkup) -> tuple[Tally, Tally, Tally]:
    return seen.lately, seen.hour, seen.day


def _newest(seen: Checkup, figure: Callable[[Tally], float | None]) -> float:
    """The newest figure that is known, to sort by; -1 where none is."""
    return next((found for tally in _windows(seen) if (found := figure(tally)) is not None), -1)


def _lines(texts: Any) -> SafeString:
    return format_html_join(mark_safe("<br>"), "{}", ((text,) for text in texts))


def _percent(share: float | None) -> str:
    return "–" if share is None else f"{number_format(round(share, 1), 1)}{_NBSP}%"


def _number(value: float | None, unit: str) -> str:
    return "–" if value is None else f"{value:.0f}{_NBSP}{unit}".rstrip()
