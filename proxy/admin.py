"""The request log and video jobs as operators read them: found by id or organization, changed by nobody."""

from typing import Any
from uuid import UUID

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from redis.exceptions import RedisError

from billing.admin.money import MoneyAdmin
from billing.money import exact_uzs
from proxy.checkup import Checkup, bring_back, checkups
from proxy.models import EndpointHealth, Request, VideoJob


@admin.register(Request)
class RequestAdmin(MoneyAdmin):
    list_display = (
        "id",
        "at",
        "org_id",
        "model",
        "provider",
        "status",
        "http_status",
        "input_tokens",
        "output_tokens",
        "cost",
        "latency_ms",
    )
    ordering = ("-id",)

    def of_organization(self, queryset: QuerySet[Request], org_id: int) -> QuerySet[Request]:
        return queryset.filter(org_id=org_id)

    @admin.display(description=_("cost, UZS"), ordering="cost_micros")
    def cost(self, obj: Request) -> str:
        return exact_uzs(obj.cost_micros)


@admin.register(VideoJob)
class VideoJobAdmin(MoneyAdmin):
    list_display = (
        "op_id",
        "created_at",
        "org_id",
        "model",
        "seconds",
        "status",
        "progress",
        "error_code",
        "settled_at",
        "expires_at",
    )
    list_filter = ("status",)
    ordering = ("-id",)
    exclude = ("row", "tariff")

    def of_call(self, queryset: QuerySet[VideoJob], bounds: tuple[UUID, UUID]) -> QuerySet[VideoJob]:
        return queryset.filter(op_id__range=bounds)

    def of_organization(self, queryset: QuerySet[VideoJob], org_id: int) -> QuerySet[VideoJob]:
        return queryset.filter(org_id=org_id)


@admin.register(EndpointHealth)
class EndpointHealthAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    """The last minutes, hour and day of each endpoint; those that failed most come to the eye by their
    rest."""

    list_display = ("__str__", "state", "calls", "success", "first_token", "token_rate", "is_on")
    list_filter = ("provider", "active")
    search_fields = ("model__slug", "provider__slug", "upstream_name")
    list_select_related = ("model", "provider")
    list_per_page = 50
    actions = ("wake",)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Only the action changes anything, and it needs the right of the endpoint itself."""
        return obj is None and request.user.has_perm("routing.change_endpoint")

    def get_queryset(self, request: HttpRequest) -> QuerySet[EndpointHealth]:
        return super().get_queryset(request).filter(retired_at=None)

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> Any:
        self._known: dict[int, Checkup] = {}
        return super().changelist_view(request, extra_context)

    @admin.display(description=_("state"))
    def state(self, obj: EndpointHealth) -> str:
        found = self._of(obj)
        if found.resting:
            return str(_("rests: %(reason)s")) % {"reason": found.resting}
        return str(_("answers") if found.lately.calls else _("no calls lately"))

    @admin.display(description=_("calls: 5 min / 1 h / 24 h"))
    def calls(self, obj: EndpointHealth) -> str:
        found = self._of(obj)
        return f"{found.lately.calls} / {found.hour.calls} / {found.day.calls}"

    @admin.display(description=_("answered"))
    def success(self, obj: EndpointHealth) -> str:
        found = self._of(obj)
        return " / ".join(_percent(one.success_percent) for one in (found.lately, found.hour, found.day))

    @admin.display(description=_("first token, p50 / p95"))
    def first_token(self, obj: EndpointHealth) -> str:
        hour = self._of(obj).hour
        return " / ".join(_number(value, "ms") for value in (hour.ttft_ms(), hour.ttft_ms(0.95)))

    @admin.display(description=_("tokens a second"))
    def token_rate(self, obj: EndpointHealth) -> str:
        return _number(self._of(obj).hour.token_rate(), "")

    @admin.display(description=_("on"), boolean=True)
    def is_on(self, obj: EndpointHealth) -> bool:
        return obj.active and obj.provider.active

    @admin.action(description=_("Bring back now"), permissions=["change"])
    def wake(self, request: HttpRequest, queryset: QuerySet[EndpointHealth]) -> None:
        """Ends the rest of these endpoints; the next call tries them."""
        try:
            for endpoint in queryset:
                bring_back(endpoint.pk)
                self.log_change(request, endpoint, [{"changed": {"fields": ["rest ended"]}}])
        except RedisError:
            self.message_user(request, _("Redis is away; nothing was changed."), messages.ERROR)

    def _of(self, obj: EndpointHealth) -> Checkup:
        """All rows of the page are read at once, with the first of them."""
        if obj.pk not in self._known:
            self._known = checkups(
                EndpointHealth.objects.filter(retired_at=None).values_list("pk", flat=True)
            )
        return self._known.get(obj.pk, Checkup())


def _percent(share: float | None) -> str:
    return "–" if share is None else f"{share:.1f} %"


def _number(value: float | None, unit: str) -> str:
    return "–" if value is None else f"{value:.0f} {unit}".rstrip()
