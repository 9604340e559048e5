"""What customers were told, whom it reached, and what could not be sent."""

from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from accounts.inlines import NamedTabularInline
from accounts.read_only import ReadOnlyAdmin
from billing.models import Delivery, Notice


class DeliveryInline(NamedTabularInline):
    model = Delivery
    extra = 0
    can_delete = False
    fields = readonly_fields = ("user", "channel", "outcome", "tries", "due_at", "ended_at")

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(Notice)
class NoticeAdmin(ReadOnlyAdmin):
    list_display = ("created_at", "org", "kind", "dedupe_key")
    list_filter = ("kind", "deliveries__outcome")
    search_fields = ("org__name", "deliveries__user__email")
    list_select_related = ("org",)
    show_full_result_count = False
    fields = readonly_fields = ("created_at", "org", "kind", "dedupe_key", "facts")
    inlines = (DeliveryInline,)
    actions = ("send_again",)

    @admin.action(description=_("Try again what was given up"), permissions=["send"])
    def send_again(self, request: HttpRequest, queryset: QuerySet[Notice]) -> None:
        given_up = Delivery.objects.filter(notice__in=queryset, outcome=Delivery.Outcome.GIVEN_UP)
        count = given_up.update(
            outcome=Delivery.Outcome.WAITING, tries=0, due_at=timezone.now(), ended_at=None
        )
        text = ngettext("%(count)d message is sent again.", "%(count)d messages are sent again.", count)
        self.message_user(request, text % {"count": count}, messages.SUCCESS)

    def has_send_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("billing.change_notice")
