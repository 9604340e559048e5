"""Deciding what providers' lists propose, and how reading them went. Each decision is in the admin's log."""

from collections.abc import Iterable, Mapping
from typing import Any, Final

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.functional import Promise
from django.utils.html import format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext, override

from accounts.models import User
from routing.errors import ProposalRefused
from routing.models import CatalogProposal, ProposalKind, ProposalState, Provider, ProviderSync
from routing.sync import typed_price
from routing.sync.daily import is_read
from routing.sync.decide import accept, reject
from routing.sync.wording import changes, percent
from routing.tasks import sync_provider

_LIST = "admin:routing_catalogproposal_changelist"
# What a reading of a list counts: see record.py.
_COUNTED: Final[Mapping[str, Promise | str]] = {
    "listed": gettext_lazy("listed"),
    "unclear": gettext_lazy("unclear"),
    "applied": gettext_lazy("prices followed"),
    **dict(ProposalKind.choices),
}


class StateFilter(admin.SimpleListFilter):
    """What waits for a decision comes first; the rest is there to be asked for."""

    title = gettext_lazy("state")
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("all", _("All")), *((value, str(label)) for value, label in ProposalState.choices)]

    def choices(self, changelist: Any) -> Any:
        chosen = self.value() or ProposalState.OPEN
        for value, label in self.lookup_choices:
            query = changelist.get_query_string({self.parameter_name: value})
            yield {"selected": value == chosen, "query_string": query, "display": label}

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        chosen = self.value() or ProposalState.OPEN
        return queryset if chosen == "all" else queryset.filter(state=chosen)


class Watched(admin.ModelAdmin):  # type: ignore[type-arg]
    """Rows that only the sync writes."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return self.fields or ()

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        context = {"show_save": False, "show_save_and_continue": False} | (extra_context or {})
        return super().change_view(request, object_id, form_url, context)


@admin.register(CatalogProposal)
class CatalogProposalAdmin(Watched):
    """A diff between what providers list and what the catalog says, by provider."""

    list_display = ("provider", "kind", "subject", "diff", "step", "state", "seen_at", "who")
    list_display_links = ("subject",)
    list_filter = (StateFilter, "kind", "provider")
    list_select_related = ("provider", "endpoint__model", "decided_by", "cost")
    search_fields = ("subject", "provider__slug", "endpoint__model__slug")
    actions = ("decide_selected",)
    fields = (
        *("provider", "kind", "subject", "endpoint", "diff", "step", "state", "found_at", "seen_at"),
        *("who", "decided_at", "reason", "cost"),
    )

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> Any:
        context = {"is_nav_sidebar_enabled": False}  # a diff needs the room
        return super().changelist_view(request, context | (extra_context or {}))

    @admin.display(description=gettext_lazy("change"))
    def diff(self, proposal: CatalogProposal) -> SafeString:
        return format_html_join("", "<div>{}</div>", ((line,) for line in changes(proposal)))

    @admin.display(description=gettext_lazy("largest step"), ordering="change_bps")
    def step(self, proposal: CatalogProposal) -> str:
        """And how far the price has gone in a month, where that is more than this step."""
        if proposal.change_bps is None:
            return ""
        step, drift = percent(proposal.change_bps), proposal.drift_bps
        if drift is None or drift == proposal.change_bps:
            return step
        return _("%(step)s (%(drift)s within 30 days)") % {"step": step, "drift": percent(drift)}

    @admin.display(description=gettext_lazy("decided by"))
    def who(self, proposal: CatalogProposal) -> str:
        if proposal.state in (ProposalState.APPLIED, ProposalState.SUPERSEDED):
            return _("the sync")
        return str(proposal.decided_by or "")

    def get_urls(self) -> list[URLPattern]:
        decide = self.admin_site.admin_view(self.decide_view)
        return [path("decide/", decide, name="routing_catalogproposal_decide"), *super().get_urls()]

    @admin.action(
        description=gettext_lazy("Accept or reject the selected proposals …"), permissions=["change"]
    )
    def decide_selected(self, request: HttpRequest, queryset: QuerySet[CatalogProposal]) -> HttpResponse:
        return _to_decide(queryset.values_list("pk", flat=True))

    def decide_view(self, request: HttpRequest) -> HttpResponse:
        """GET shows what would change, POST accepts or rejects it with a reason."""
        if not self.has_change_permission(request):
            return HttpResponse(status=403)
        numbers = [int(number) for number in request.GET.getlist("id") if number.isdecimal()]
        proposals = (
            self.get_queryset(request).filter(pk__in=numbers).select_related("provider", "endpoint__model")
        )
        if request.method == "POST":
            left = self._decide(request, list(proposals))
            return _to_decide(left) if left else HttpResponseRedirect(reverse(_LIST))
        context = self.admin_site.each_context(request) | {
            "title": _("Shall the catalog follow?"),
            "opts": self.opts,
            "rows": [(row, changes(row), self.step(row), typed_price.fields(row)) for row in proposals],
        }
        return TemplateResponse(request, "admin/routing/catalogproposal/decide.html", context)

    def _decide(self, request: HttpRequest, proposals: list[CatalogProposal]) -> list[int]:
        """Each by itself: one that is refused stops no other. The ids of those that still wait."""
        decided, left = 0, []
        for proposal in proposals:
            try:
                done = _verdict(request, proposal)
            except ProposalRefused as error:
                self.message_user(request, f"{proposal}: {error}", messages.ERROR)
                left += [proposal.pk] if proposal.state == ProposalState.OPEN else []
                continue
            decided += 1
            with override("en"):  # the audit is one for all operators
                said = "; ".join([f"{done.state}: {', '.join(changes(done))}", *filter(None, [done.reason])])
            self.log_change(request, done, said)
        if decided:
            text = ngettext("%d proposal decided.", "%d proposals decided.", decided) % decided
            self.message_user(request, text, messages.SUCCESS)
        return left


def _verdict(request: HttpRequest, proposal: CatalogProposal) -> CatalogProposal:
    """Raises ProposalRefused."""
    assert isinstance(request.user, User)
    reason = request.POST.get("reason", "")
    if "reject" in request.POST:
        return reject(proposal.pk, request.user, reason)
    return accept(proposal.pk, request.user, reason, typed_price.typed(proposal, request.POST))


def _to_decide(numbers: Iterable[int]) -> HttpResponseRedirect:
    query = "&".join(f"id={number}" for number in numbers)
    return HttpResponseRedirect(f"{reverse('admin:routing_catalogproposal_decide')}?{query}")


@admin.register(ProviderSync)
class ProviderSyncAdmin(Watched):
    """How reading each provider's list went last."""

    list_display = ("provider", "ok_at", "tried_at", "failures", "error", "told")
    list_filter = (("error", admin.EmptyFieldListFilter),)
    list_select_related = ("provider",)
    search_fields = ("provider__slug",)
    fields = ("provider", "ok_at", "tried_at", "failures", "error", "told")
    actions = ("sync_now",)

    @admin.display(description=gettext_lazy("models listed, proposals waiting"))
    def told(self, sync: ProviderSync) -> str:
        found = [(words, sync.counts.get(name)) for name, words in _COUNTED.items()]
        return ", ".join(f"{words} {count}" for words, count in found if count)

    @admin.action(
        description=gettext_lazy("Read the lists of the selected providers now"), permissions=["change"]
    )
    def sync_now(self, request: HttpRequest, queryset: QuerySet[ProviderSync]) -> None:
        sync_providers(self, request, Provider.objects.filter(sync__in=queryset))


@admin.action(
    description=gettext_lazy("Read the lists of the selected providers now"), permissions=["change"]
)
def sync_providers(modeladmin: Any, request: HttpRequest, queryset: QuerySet[Provider]) -> None:
    """Queues a reading for each provider that has a list and what it takes to read it."""
    for provider in queryset:
        if not is_read(provider):
            text = _("%s has no list that we could read: see its address, credential and shape.")
            messages.error(request, text % provider.slug)
            continue
        sync_provider.apply_async((provider.pk,), expires=600)
        modeladmin.log_change(request, provider, "catalog sync asked for")
        messages.success(request, _("The list of %s is being read.") % provider.slug)
