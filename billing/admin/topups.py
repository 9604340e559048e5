"""Deciding top-ups in the admin: a list of what waits, and one page that asks before any money moves."""

from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from accounts.models import User
from billing.errors import TopUpError
from billing.models import TopUp
from billing.money import format_uzs
from billing.topups import approve, reject


@admin.register(TopUp)
class TopUpAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    list_display = ("created_at", "org", "amount", "reference", "requested_by", "state", "approved_by")
    list_filter = ("state",)
    search_fields = ("reference", "org__name", "requested_by__email")
    list_select_related = ("org", "requested_by", "approved_by")
    actions = ("approve_selected",)
    fields = (
        "org",
        "amount",
        "reference",
        "requested_by",
        "created_at",
        "state",
        "approved_by",
        "decided_at",
        "reason",
    )
    readonly_fields = fields
    change_form_template = "admin/billing/topup/change_form.html"

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False  # customers file them

    def has_delete_permission(self, request: HttpRequest, obj: TopUp | None = None) -> bool:
        return False

    @admin.display(description=gettext_lazy("amount, UZS"), ordering="amount_micros")
    def amount(self, topup: TopUp) -> str:
        return format_uzs(topup.amount_micros)

    def get_urls(self) -> list[URLPattern]:
        decide = self.admin_site.admin_view(self.decide_view)
        return [path("decide/", decide, name="billing_topup_decide"), *super().get_urls()]

    @admin.action(
        description=gettext_lazy("Approve or reject the selected top-ups …"), permissions=["change"]
    )
    def approve_selected(self, request: HttpRequest, queryset: QuerySet[TopUp]) -> HttpResponse:
        numbers = "&".join(f"id={topup.pk}" for topup in queryset)
        return HttpResponseRedirect(f"{reverse('admin:billing_topup_decide')}?{numbers}")

    def decide_view(self, request: HttpRequest) -> HttpResponse:
        """GET asks, POST decides: approve or reject with a reason."""
        if not self.has_change_permission(request):
            return HttpResponse(status=403)
        numbers = [number for number in request.GET.getlist("id") if number.isdecimal()]
        topups = list(TopUp.objects.filter(pk__in=numbers).select_related("org", "requested_by"))
        if request.method == "POST":
            self._decide(request, topups)
            return HttpResponseRedirect(reverse("admin:billing_topup_changelist"))
        context = self.admin_site.each_context(request) | {
            "title": _("Have these transfers arrived?"),
            "opts": self.opts,
            "topups": [(topup, format_uzs(topup.amount_micros)) for topup in topups],
            "total": format_uzs(sum(topup.amount_micros for topup in topups)),
        }
        return TemplateResponse(request, "admin/billing/topup/decide.html", context)

    def _decide(self, request: HttpRequest, topups: list[TopUp]) -> None:
        assert isinstance(request.user, User)
        decided = 0
        for topup in topups:
            try:
                if "reject" in request.POST:
                    done = reject(topup.pk, request.user, request.POST.get("reason", "")[:500])
                else:
                    done = approve(topup.pk, request.user)
            except TopUpError as error:
                self.message_user(request, f"{topup.reference}: {error}", messages.ERROR)
            else:
                decided += 1
                self.log_change(request, done, f"{done.state} {format_uzs(done.amount_micros)} UZS")
        if decided:
            said = ngettext("%d top-up decided.", "%d top-ups decided.", decided) % decided
            self.message_user(request, said, messages.SUCCESS)

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        decide = f"{reverse('admin:billing_topup_decide')}?id={object_id}"
        context = {"decide_url": decide, "show_save": False, "show_save_and_continue": False}
        return super().change_view(request, object_id, form_url, context | (extra_context or {}))
