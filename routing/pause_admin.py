"""Switching providers, endpoints and feeds off and on: one page that asks why, for one row or for many."""

from typing import Any

from django.contrib import admin, messages
from django.db.models import Model, Q, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.formats import date_format
from django.utils.timezone import localtime
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext, override

from accounts.models import User
from routing.pause import Switched, pause, resume

REASON_MAX = 500


def switch(row: Switched) -> str:
    """On, or off with since when, by whom and why."""
    if row.paused_at is None:
        return _("on") if row.active else _("off by the catalog")
    told = {
        "when": date_format(localtime(row.paused_at), "SHORT_DATETIME_FORMAT"),
        "who": str(row.paused_by or "–"),
        "reason": row.paused_reason,
    }
    return _("off since %(when)s by %(who)s: %(reason)s") % told


class PausedFilter(admin.SimpleListFilter):
    title = gettext_lazy("switch")
    parameter_name = "switch"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("on", _("on")), ("off", _("off"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Model]) -> QuerySet[Model]:
        on = Q(active=True, paused_at=None)
        return {"on": queryset.filter(on), "off": queryset.exclude(on)}.get(self.value() or "", queryset)


class PausingAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    actions: Any = ("switch_off", "switch_on")
    change_form_template = "admin/routing/switchable.html"

    @admin.display(description=gettext_lazy("switch"), ordering="paused_at")
    def switch(self, row: Switched) -> str:
        return switch(row)

    @admin.action(description=gettext_lazy("Switch off …"), permissions=["change"])
    def switch_off(self, request: HttpRequest, queryset: QuerySet[Any]) -> HttpResponse:
        return self._ask("off", queryset)

    @admin.action(description=gettext_lazy("Switch on …"), permissions=["change"])
    def switch_on(self, request: HttpRequest, queryset: QuerySet[Any]) -> HttpResponse:
        return self._ask("on", queryset)

    def _ask(self, to: str, queryset: QuerySet[Any]) -> HttpResponse:
        numbers = "&".join(f"id={pk}" for pk in queryset.values_list("pk", flat=True))
        return HttpResponseRedirect(f"{self._address('switch')}?to={to}&{numbers}")

    def _address(self, page: str) -> str:
        return reverse(f"admin:{self.opts.app_label}_{self.opts.model_name}_{page}")

    def get_urls(self) -> list[URLPattern]:
        name = f"{self.opts.app_label}_{self.opts.model_name}_switch"
        view = self.admin_site.admin_view(self.switch_view)
        return [path("switch/", view, name=name), *super().get_urls()]

    def switch_view(self, request: HttpRequest) -> HttpResponse:
        """GET asks why, POST switches: all of them for one reason."""
        if not self.has_change_permission(request):
            return HttpResponse(status=403)
        off = request.GET.get("to") != "on"
        numbers = [number for number in request.GET.getlist("id") if number.isdecimal()]
        rows = list(self.get_queryset(request).filter(pk__in=numbers))
        reason = request.POST.get("reason", "").strip()[:REASON_MAX]
        if request.method == "POST" and reason:
            self._switch(request, rows, reason, off=off)
            return HttpResponseRedirect(self._address("changelist"))
        context = self.admin_site.each_context(request) | {
            "title": _("Switch off") if off else _("Switch on"),
            "opts": self.opts,
            "rows": [(row, switch(row)) for row in rows],
            "off": off,
            "missing": request.method == "POST",
            "reason_max": REASON_MAX,
        }
        return TemplateResponse(request, "admin/routing/switch.html", context)

    def _switch(self, request: HttpRequest, rows: list[Any], reason: str, *, off: bool) -> None:
        assert isinstance(request.user, User)
        changed = 0
        for row in rows:
            with override("en"):  # before, after and why: the audit is one for all operators
                before = switch(row)
            if pause(row, reason, request.user) if off else resume(row):
                changed += 1
                after = "off" if off else "on"
                self.log_change(request, row, f"switched {after}: {reason} (before: {before})")
        said = ngettext("%d row changed.", "%d rows changed.", changed) % changed
        self.message_user(request, said, messages.SUCCESS if changed else messages.WARNING)
