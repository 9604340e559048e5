"""Changes of the exchange rate: one operator proposes, another one looks at the step and confirms."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import User
from billing.errors import MissingRate, RateError, RateJump
from billing.fx.proposals import confirm, propose_feed, propose_rate, refuse
from billing.models import FxProposal
from billing.money import NotAnAmount, exact_uzs, parse_uzs
from billing.rates import check_jump, current_rates

Kind = FxProposal.Kind


class FxProposalForm(forms.ModelForm):  # type: ignore[type-arg]
    kind = forms.ChoiceField(
        label=gettext_lazy("what"), choices=[choice for choice in Kind.choices if choice[0] != Kind.JUMP]
    )
    rate_uzs = forms.CharField(label=gettext_lazy("so'm for one dollar"), max_length=20, required=False)
    checked = forms.BooleanField(
        label=gettext_lazy("I have checked this rate"),
        required=False,
        help_text=gettext_lazy("needed if it differs by more than five per cent from the one in force"),
    )

    class Meta:
        model = FxProposal
        fields = ("kind", "date", "reason")

    def clean_rate_uzs(self) -> int:
        try:
            return parse_uzs(self.cleaned_data["rate_uzs"] or "0")
        except NotAnAmount as error:
            raise forms.ValidationError(str(error)) from error

    def clean(self) -> dict[str, Any]:
        """A manual rate says what and from when; the way back says neither."""
        said: dict[str, Any] = super().clean() or self.cleaned_data
        if said.get("kind") != Kind.MANUAL:
            return said
        if said.get("rate_uzs") == 0:
            self.add_error("rate_uzs", _("A rate is more than zero."))
        if not said.get("date") or said["date"] < timezone.localdate():
            self.add_error("date", _("A rate holds from today or from a later day on."))
        if said.get("rate_uzs") and not said.get("checked"):
            self._check_step(said["rate_uzs"])
        return said

    def _check_step(self, micros: int) -> None:
        try:
            check_jump(current_rates().micros_per_usd, micros)
        except MissingRate:
            return
        except RateJump as error:
            self.add_error("checked", str(error))

    def _post_clean(self) -> None:
        """The row is made by billing/fx, under its lock and its rules."""


@admin.register(FxProposal)
class FxProposalAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    form = FxProposalForm
    list_display = ("created_at", "kind", "date", "so_m", "before", "proposed_by", "state", "decided_by")
    list_filter = ("state", "kind")
    list_select_related = ("proposed_by", "decided_by")
    change_form_template = "admin/billing/fxproposal/change_form.html"
    shown = (
        *("kind", "state", "date", "so_m", "before", "reason", "proposed_by", "created_at", "expires_at"),
        *("decided_by", "decided_at", "answer", "rate"),
    )

    def has_delete_permission(self, request: HttpRequest, obj: FxProposal | None = None) -> bool:
        return False

    def get_readonly_fields(self, request: HttpRequest, obj: FxProposal | None = None) -> Any:
        return self.shown if obj else ()

    def get_fields(self, request: HttpRequest, obj: FxProposal | None = None) -> Any:
        return self.shown if obj else ("kind", "date", "rate_uzs", "checked", "reason")

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        return {"date": timezone.localdate()}

    @admin.display(description=gettext_lazy("so'm for one dollar"), ordering="micros_per_usd")
    def so_m(self, proposal: FxProposal) -> str:
        return "–" if proposal.micros_per_usd is None else exact_uzs(proposal.micros_per_usd)

    @admin.display(description=gettext_lazy("in force when proposed"))
    def before(self, proposal: FxProposal) -> str:
        return "–" if proposal.before_micros is None else exact_uzs(proposal.before_micros)

    def add_view(
        self, request: HttpRequest, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        try:
            return super().add_view(request, form_url, extra_context)
        except RateError as error:
            self.message_user(request, str(error), messages.ERROR)
            return HttpResponseRedirect(reverse("admin:billing_fxproposal_add"))

    def save_model(self, request: HttpRequest, obj: FxProposal, form: Any, change: bool) -> None:
        said = form.cleaned_data
        if said["kind"] == Kind.FEED:
            made = propose_feed(_operator(request), said["reason"])
        else:
            made = propose_rate(_operator(request), said["date"], said["rate_uzs"], said["reason"])
        obj.pk, obj.kind, obj.date = made.pk, made.kind, made.date

    def get_urls(self) -> list[URLPattern]:
        decide = self.admin_site.admin_view(self.decide_view)
        return [path("<int:pk>/decide/", decide, name="billing_fxproposal_decide"), *super().get_urls()]

    def get_queryset(self, request: HttpRequest) -> QuerySet[FxProposal]:
        return super().get_queryset(request).select_related("proposed_by", "decided_by")

    def decide_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """GET asks, POST decides."""
        if not self.has_change_permission(request):
            return HttpResponse(status=403)
        found = self.get_queryset(request).filter(pk=pk).first()
        if found is None:
            raise Http404
        if request.method == "POST":
            self._decide(request, found)
            return HttpResponseRedirect(reverse("admin:billing_fxproposal_changelist"))
        context = self.admin_site.each_context(request) | {
            "title": _("Put this rate in force?"),
            "opts": self.opts,
            "proposal": found,
            "rate": self.so_m(found),
            "before": self.before(found),
            "step": _step(found),
            "own": found.proposed_by_id == _operator(request).pk,
        }
        return TemplateResponse(request, "admin/billing/fxproposal/decide.html", context)

    def _decide(self, request: HttpRequest, found: FxProposal) -> None:
        try:
            if "confirm" in request.POST:
                done = confirm(found.pk, _operator(request))
            else:
                done = refuse(found.pk, _operator(request), request.POST.get("answer", "")[:500])
        except RateError as error:
            self.message_user(request, str(error), messages.ERROR)
            return
        self.log_change(
            request, done, f"{done.state}: {self.before(done)} → {self.so_m(done)}; {done.answer}"
        )
        self.message_user(request, _("The proposal is decided."), messages.SUCCESS)


def _step(found: FxProposal) -> str:
    """The change in per cent with its sign: "+1.25"; empty where there is nothing to compare."""
    if not found.before_micros or not found.micros_per_usd:
        return ""
    bps = (found.micros_per_usd - found.before_micros) * 10_000 // found.before_micros
    whole, hundredths = divmod(abs(bps), 100)
    return f"{'-' if bps < 0 else '+'}{whole}.{hundredths:02d}"


def _operator(request: HttpRequest) -> User:
    assert isinstance(request.user, User)
    return request.user
