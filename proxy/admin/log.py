"""The request log and video jobs as operators read them: found by id or organization, changed by nobody."""

from uuid import UUID

from django.contrib import admin
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from billing.admin.money import MoneyAdmin
from billing.money import exact_uzs
from proxy.models import Request, VideoJob


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
