"""Changes of rates and markups: one operator proposes, another one looks at the step and confirms."""

from typing import Any, ClassVar

from django import forms
from django.contrib import admin, messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import User
from billing.admin.amounts import full_uzs
from billing.admin.rates import KindFilter, kind_words, reason_words
from billing.errors import MissingRate, RateError, RateJump
from billing.fx.markups import confirm_markup, propose_markup
from billing.fx.proposals import confirm, propose_feed, propose_rate, refuse
from billing.models import FxProposal, Markup, MarkupProposal, Proposal
from billing.money import NotAnAmount, exact_uzs, parse_uzs, percent
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
            raise forms.ValidationError(_("Write an amount in so'm, such as 1500 or 1500.25.")) from error

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
            told = {"old": full_uzs(error.old_micros), "new": full_uzs(error.new_micros)}
            said = _("The rate would go from %(old)s to %(new)s so'm, a step over 5%%: confirm it.") % told
            self.add_error("checked", said)

    def _post_clean(self) -> None:
        """The row is made by billing/fx, under its lock and its rules."""


class ProposalAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    """What both kinds of proposals have in common: filed by a form, decided on a page of their own."""

    list_filter: ClassVar[Any] = ("state", "kind")
    list_select_related = ("proposed_by", "decided_by")
    change_form_template = "admin/billing/proposal/change_form.html"
    question: Any = ""
    asked: tuple[str, ...] = ()
    shown: tuple[str, ...] = ()
    told = ("why", "proposed_by", "created_at", "expires_at", "decided_by", "decided_at", "answer")

    @admin.display(description=gettext_lazy("reason"))
    def why(self, found: Proposal) -> str:
        return reason_words(found.reason)

    def facts(self, found: Proposal) -> list[tuple[Any, Any]]:
        """What an operator has to see before deciding: names and values."""
        raise NotImplementedError

    def confirm(self, found: Proposal, operator: User) -> Proposal:
        raise NotImplementedError

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return (*self.shown, *self.told) if obj else ()

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return (*self.shown, *self.told) if obj else self.asked

    def add_view(
        self, request: HttpRequest, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        try:
            return super().add_view(request, form_url, extra_context)
        except RateError as error:
            self.message_user(request, str(error), messages.ERROR)
            return HttpResponseRedirect(self._url("add"))

    def get_urls(self) -> list[URLPattern]:
        decide = self.admin_site.admin_view(self.decide_view)
        name = f"billing_{self.opts.model_name}_decide"
        return [path("<int:pk>/decide/", decide, name=name), *super().get_urls()]

    def decide_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """GET asks, POST decides."""
        if not self.has_change_permission(request):
            return HttpResponse(status=403)
        found = self.get_queryset(request).select_related("proposed_by", "decided_by").filter(pk=pk).first()
        if found is None:
            raise Http404
        if request.method == "POST":
            self._decide(request, found)
            return HttpResponseRedirect(self._url("changelist"))
        context = self.admin_site.each_context(request) | {
            "title": self.question,
            "opts": self.opts,
            "proposal": found,
            "facts": self.facts(found),
            "back": self._url("changelist"),
            "own": found.proposed_by_id == _operator(request).pk,
        }
        return TemplateResponse(request, "admin/billing/proposal/decide.html", context)

    def _decide(self, request: HttpRequest, found: Proposal) -> None:
        operator = _operator(request)
        before = self.step(found)
        try:
            if "confirm" in request.POST:
                done = self.confirm(found, operator)
            else:
                done = refuse(type(found), found.pk, operator, request.POST.get("answer", "")[:500])
        except RateError as error:
            self.message_user(request, str(error), messages.ERROR)
            return
        self.log_change(request, done, f"{done.state}: {before}; {done.reason}; {done.answer}"[:1000])
        self.message_user(request, _("The proposal is decided."), messages.SUCCESS)

    def step(self, found: Proposal) -> str:
        """From what to what, for the log."""
        raise NotImplementedError

    def _url(self, page: str) -> str:
        return reverse(f"admin:billing_{self.opts.model_name}_{page}")


@admin.register(FxProposal)
class FxProposalAdmin(ProposalAdmin):
    form = FxProposalForm
    question = gettext_lazy("Put this rate in force?")
    list_display = ("created_at", "kind", "date", "so_m", "before", "proposed_by", "state", "decided_by")
    asked = ("kind", "date", "rate_uzs", "checked", "reason")
    shown = ("kind", "state", "date", "so_m", "before", "rate")

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        return {"date": timezone.localdate()}

    def facts(self, found: Any) -> list[tuple[Any, Any]]:
        step = _step(found)
        return [
            (_("What"), found.get_kind_display()),
            (_("In force from"), date_format(found.date, "SHORT_DATE_FORMAT") if found.date else "–"),
            (_("So'm for one dollar"), self.so_m(found)),
            (_("In force when proposed"), self.before(found)),
            (_("Step"), f"{step} %" if step else "–"),
        ]

    def confirm(self, found: Proposal, operator: User) -> Proposal:
        return confirm(found.pk, operator)

    def step(self, found: Any) -> str:
        return f"{self.before(found)} → {self.so_m(found)}"

    @admin.display(description=gettext_lazy("so'm for one dollar"), ordering="micros_per_usd")
    def so_m(self, proposal: FxProposal) -> str:
        return "–" if proposal.micros_per_usd is None else exact_uzs(proposal.micros_per_usd)

    @admin.display(description=gettext_lazy("in force when proposed"))
    def before(self, proposal: FxProposal) -> str:
        return "–" if proposal.before_micros is None else exact_uzs(proposal.before_micros)

    def save_model(self, request: HttpRequest, obj: FxProposal, form: Any, change: bool) -> None:
        said = form.cleaned_data
        if said["kind"] == Kind.FEED:
            made = propose_feed(_operator(request), said["reason"])
        else:
            made = propose_rate(_operator(request), said["date"], said["rate_uzs"], said["reason"])
        obj.pk, obj.kind, obj.date = made.pk, made.kind, made.date


class MarkupProposalForm(forms.ModelForm):  # type: ignore[type-arg]
    """A kind that is there, or a new one for endpoints to name."""

    class Meta:
        model = MarkupProposal
        fields = ("kind", "bps", "reason")
        help_texts: ClassVar = {
            "kind": gettext_lazy("As endpoints name it; fx is the exchange margin on every price."),
            "bps": gettext_lazy("500 is five per cent."),
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "kind" in self.fields:
            kinds = [*Markup.objects.order_by("kind").values_list("kind", flat=True).distinct("kind"), "fx"]
            known = ", ".join(dict.fromkeys(kinds))
            self.fields["kind"].help_text = f"{self.fields['kind'].help_text} ({known})"

    def _post_clean(self) -> None:
        """The row is made by billing/fx, under its lock and its rules."""


@admin.register(MarkupProposal)
class MarkupProposalAdmin(ProposalAdmin):
    form = MarkupProposalForm
    question = gettext_lazy("Put this markup in force?")
    list_filter = ("state", ("kind", KindFilter))
    list_display = ("created_at", "of", "share", "before", "proposed_by", "state", "decided_by")
    asked = ("kind", "bps", "reason")
    shown = ("of", "state", "share", "before", "markup")

    def facts(self, found: Any) -> list[tuple[Any, Any]]:
        return [
            (_("Kind"), kind_words(found.kind)),
            (_("Markup"), self.share(found)),
            (_("In force when proposed"), self.before(found)),
        ]

    def confirm(self, found: Proposal, operator: User) -> Proposal:
        return confirm_markup(found.pk, operator)

    def step(self, found: Any) -> str:
        return f"{found.kind}: {self.before(found)} → {self.share(found)}"

    @admin.display(description=gettext_lazy("kind"), ordering="kind")
    def of(self, proposal: MarkupProposal) -> str:
        return kind_words(proposal.kind)

    @admin.display(description=gettext_lazy("markup"), ordering="bps")
    def share(self, proposal: MarkupProposal) -> str:
        return percent(proposal.bps)

    @admin.display(description=gettext_lazy("in force when proposed"))
    def before(self, proposal: MarkupProposal) -> str:
        return "–" if proposal.before_bps is None else percent(proposal.before_bps)

    def save_model(self, request: HttpRequest, obj: MarkupProposal, form: Any, change: bool) -> None:
        said = form.cleaned_data
        made = propose_markup(_operator(request), said["kind"], said["bps"], said["reason"])
        obj.pk, obj.kind, obj.bps = made.pk, made.kind, made.bps


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
