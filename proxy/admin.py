"""The request log as operators read it: found by id or organization, changed by nobody."""

from django.contrib import admin
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from billing.admin.money import MoneyAdmin
from billing.money import exact_uzs
from proxy.models import Request


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
