"""Providers' own statements: imported from their cabinets, beside our books, with what differs."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.http import HttpRequest, HttpResponse
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from accounts.models import User
from accounts.read_only import AddOnlyAdmin
from billing.admin.amounts import format_uzs
from billing.bank.files import FILE_BYTES_MAX, read_as
from billing.bank.lines import NotAStatement
from billing.models import Channel, ProviderStatement
from billing.providers.statement import read_rows
from billing.sayings import in_words
from billing.statements import TakenIn, Upload, check_days, differing, figures, take_in

_SHOWN = 200
_PROVIDERS = [(channel.value, channel.label) for channel in Channel if channel != Channel.BANK]


class _Day(forms.DateInput):
    input_type = "date"

    def __init__(self) -> None:
        super().__init__(format="%Y-%m-%d")


class ProviderStatementForm(forms.ModelForm):  # type: ignore[type-arg]
    """A file of a cabinet, and the days that were chosen there."""

    provider = forms.ChoiceField(label=gettext_lazy("provider"), choices=_PROVIDERS)
    since = forms.DateField(label=gettext_lazy("first day"), widget=_Day())
    until = forms.DateField(label=gettext_lazy("last day"), widget=_Day())
    file = forms.FileField(
        label=gettext_lazy("statement, CSV or XLSX"),
        help_text=gettext_lazy(
            "All payments of these days as the provider's cabinet exports them. The columns are found by"
            " their headings: number, amount, state; date and fee if there are such."
        ),
    )

    class Meta:
        model = ProviderStatement
        fields = ("provider", "since", "until")

    def clean(self) -> dict[str, Any]:
        """The file has to be readable before anything of it is kept."""
        said: dict[str, Any] = super().clean() or self.cleaned_data
        if self.errors:
            return said
        if said["until"] < said["since"]:
            raise forms.ValidationError(_("The last day is before the first one."))
        said["data"] = said["file"].read(FILE_BYTES_MAX + 1)
        try:
            check_days(read_as(read_rows, said["data"]), said["since"], said["until"])
        except NotAStatement as error:
            raise forms.ValidationError(
                _("No statement of these days: %(why)s."), params={"why": _why(error)}
            ) from None
        return said

    def upload(self) -> Upload:
        """What a valid form says."""
        said = self.cleaned_data
        return Upload(
            provider=Channel(said["provider"]),
            since=said["since"],
            until=said["until"],
            data=said["data"],
            name=said["file"].name or "",
        )


@admin.register(ProviderStatement)
class ProviderStatementAdmin(AddOnlyAdmin):
    form = ProviderStatementForm
    list_display = (
        "days",
        "provider",
        "card",
        "source",
        "theirs",
        "ours",
        "difference",
        "fees",
        "imported_at",
    )
    list_filter = ("provider", "source", "card")
    list_select_related = ("card", "imported_by")
    list_per_page = 20
    date_hierarchy = "until"
    change_form_template = "admin/billing/providerstatement/change_form.html"
    shown = (
        *("provider", "card", "days", "source", "name", "lines_count", "taken", "returned", "theirs", "ours"),
        *("difference", "fees", "to_arrive", "gone", "imported_by", "imported_at"),
    )

    def get_fields(self, request: HttpRequest, obj: ProviderStatement | None = None) -> Any:
        return self.shown if obj else ("provider", "since", "until", "file")

    def get_readonly_fields(self, request: HttpRequest, obj: ProviderStatement | None = None) -> Any:
        return self.shown if obj else ()

    def save_model(self, request: HttpRequest, obj: ProviderStatement, form: Any, change: bool) -> None:
        assert isinstance(request.user, User)
        done = take_in(form.upload(), request.user)
        obj.pk = done.statement.pk
        self._say(request, done)

    def _say(self, request: HttpRequest, done: TakenIn) -> None:
        if not done.is_new:
            self.message_user(
                request, _("This file was imported before: nothing has changed."), messages.WARNING
            )
            return
        found = done.differences
        said = ngettext("%d new difference.", "%d new differences.", found) % found
        self.message_user(request, said, messages.WARNING if found else messages.SUCCESS)

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        statement = ProviderStatement.objects.filter(pk=object_id).first() if object_id.isdecimal() else None
        context: dict[str, Any] = {}
        if statement is not None and self.has_view_permission(request, statement):
            found = differing(statement)
            shown = [(one, in_words(one.told.ours), in_words(one.told.theirs)) for one in found[:_SHOWN]]
            context = {"differing": shown, "differing_count": len(found), "of_days": statement}
        return super().change_view(request, object_id, form_url, context | (extra_context or {}))

    @admin.display(description=gettext_lazy("days"), ordering="until")
    def days(self, statement: ProviderStatement) -> str:
        return days_of(statement)

    @admin.display(description=gettext_lazy("taken, UZS"))
    def taken(self, statement: ProviderStatement) -> str:
        return format_uzs(statement.taken_micros)

    @admin.display(description=gettext_lazy("returned, UZS"))
    def returned(self, statement: ProviderStatement) -> str:
        return format_uzs(statement.returned_micros)

    @admin.display(description=gettext_lazy("theirs, UZS"))
    def theirs(self, statement: ProviderStatement) -> str:
        return format_uzs(figures(statement).their_net)

    @admin.display(description=gettext_lazy("ours, UZS"))
    def ours(self, statement: ProviderStatement) -> str:
        return format_uzs(figures(statement).net)

    @admin.display(description=gettext_lazy("theirs less ours, UZS"))
    def difference(self, statement: ProviderStatement) -> str:
        return format_uzs(figures(statement).difference)

    @admin.display(description=gettext_lazy("fees, UZS"))
    def fees(self, statement: ProviderStatement) -> str:
        return format_uzs(statement.fee_micros)

    @admin.display(description=gettext_lazy("to arrive at our bank, UZS"))
    def to_arrive(self, statement: ProviderStatement) -> str:
        return "–" if statement.provider == Channel.BANK else format_uzs(figures(statement).to_arrive)

    @admin.display(description=gettext_lazy("went out, UZS"))
    def gone(self, statement: ProviderStatement) -> str:
        return format_uzs(statement.gone_micros)


def _why(error: NotAStatement) -> str:
    """What is wrong with a file, by rooms that know no languages."""
    return _(error.text) % error.values if error.values else _(error.text)


def days_of(statement: ProviderStatement) -> str:
    """The days for people: 1 Nov 2026 – 30 Nov 2026, as their language writes them."""
    since = date_format(statement.since, "SHORT_DATE_FORMAT")
    if statement.since == statement.until:
        return since
    return f"{since} – {date_format(statement.until, 'SHORT_DATE_FORMAT')}"
