"""All books at a glance, and the transfers as a file."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from django import forms
from django.conf import settings
from django.contrib import admin
from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.contenttypes.models import ContentType
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import User
from accounts.read_only import ReadOnlyAdmin
from billing.admin.amounts import format_uzs, full_uzs
from billing.admin.money import account_name
from billing.admin.provider_statements import days_of
from billing.bank.balances import newest
from billing.download import csv_download
from billing.errors import MissingRate
from billing.finance import Day, Report, Wanted, exported, report
from billing.ids import Kind
from billing.models import Finance, FxRate, LedgerAccount, Transfer
from billing.models.transfer import KIND_NAMES
from billing.money import exact_uzs
from billing.rates import current_rates
from billing.statements import latest

PERIODS = (7, 30, 90, 365)
_HEIGHT, _STEP = 100, 10  # of the chart, and of a day in it
_COLUMNS = ("id", "time", "kind", "from", "to", "amount_uzs", "note")


class _Day(forms.DateInput):
    input_type = "date"

    def __init__(self) -> None:
        super().__init__(format="%Y-%m-%d")


class ExportForm(forms.Form):
    since = forms.DateField(label=gettext_lazy("first day"), widget=_Day())
    until = forms.DateField(label=gettext_lazy("last day"), widget=_Day())
    kind = forms.TypedChoiceField(
        label=gettext_lazy("kind"),
        choices=[("", "–"), *[(kind.value, name) for kind, name in KIND_NAMES.items()]],
        coerce=int,
        empty_value=None,
        required=False,
    )
    org = forms.IntegerField(label=gettext_lazy("number of the organization"), min_value=1, required=False)


@admin.register(Finance)
class FinanceAdmin(ReadOnlyAdmin):
    def has_module_permission(self, request: HttpRequest) -> bool:
        return self.has_view_permission(request)

    def get_urls(self) -> list[URLPattern]:
        export = self.admin_site.admin_view(self.export_view)
        return [path("transfers.csv", export, name="billing_finance_export"), *super().get_urls()]

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        if not self.has_view_permission(request):
            return HttpResponse(status=403)
        asked = request.GET.get("days", "")
        days = int(asked) if asked in {str(one) for one in PERIODS} else 30
        until = timezone.localdate()
        found = report(until - timedelta(days=days - 1), until)
        context = self.admin_site.each_context(request) | _context(found) | _their_words()
        context |= {
            "title": _("Finance"),
            "opts": self.opts,
            "periods": PERIODS,
            "days": days,
            "export_form": ExportForm(initial={"since": found.since, "until": found.until}),
        }
        return TemplateResponse(request, "admin/billing/finance/change_list.html", context)

    def export_view(self, request: HttpRequest) -> HttpResponseBase:
        """The transfers of a period as CSV, streamed; who took it is in the log."""
        form = ExportForm(request.GET)
        if not self.has_view_permission(request) or not request.user.has_perm("billing.view_transfer"):
            return HttpResponse(status=403)
        if not form.is_valid():
            return HttpResponse(form.errors.as_text(), status=400, content_type="text/plain; charset=utf-8")
        said = form.cleaned_data
        wanted = Wanted(since=said["since"], until=said["until"], kind=said["kind"], org_id=said["org"])
        assert isinstance(request.user, User)
        LogEntry.objects.create(
            user=request.user,
            content_type=ContentType.objects.get_for_model(Transfer),
            object_repr=f"transfers {wanted.since} – {wanted.until}",
            action_flag=CHANGE,
            change_message=f"exported; kind {wanted.kind}, organization {wanted.org_id}",
        )
        name = f"transfers-{wanted.since}-{wanted.until}.csv"
        return csv_download(request, name, _COLUMNS, lambda: _rows(wanted))


def _rows(wanted: Wanted) -> Iterator[tuple[object, ...]]:
    codes = dict(LedgerAccount.objects.values_list("id", "code"))
    for row in exported(wanted):
        yield (
            row.pk,
            timezone.localtime(row.at).isoformat(timespec="seconds"),
            Kind(row.kind).name.lower(),
            account_name(row.debit, codes.get(row.debit)),
            account_name(row.credit, codes.get(row.credit)),
            exact_uzs(row.amount_micros),
            (row.meta or {}).get("reason", ""),
        )


def _context(found: Report) -> dict[str, Any]:
    return {
        "report": found,
        "wallets": [
            (_("paid"), format_uzs(found.wallets.paid)),
            (_("bonus"), format_uzs(found.wallets.bonus)),
            (_("held"), format_uzs(found.wallets.held)),
        ],
        "clearing": [
            (
                one,
                *[format_uzs(n) for n in (one.balance, one.credited, one.reversed, one.told_credited)],
                format_uzs(one.told_reversed),
                format_uzs(one.theirs),
            )
            for one in found.clearing
        ],
        "rows": [_row(one) for one in reversed(found.days)],
        "total": _row(found.total),
        "bars": _bars(found.days),
        "width": len(found.days) * _STEP,
        "height": _HEIGHT,
        "held": format_uzs(found.holds.micros),
        "losses": [(KIND_NAMES[kind], format_uzs(micros)) for kind, micros in sorted(found.losses.items())],
        "costs": [(name, format_uzs(micros)) for name, micros in sorted(found.costs.items())],
        "rates": _rates(),
    }


def _their_words() -> dict[str, Any]:
    """What providers' and banks' own statements say, beside ours."""
    found, missing = latest()
    yesterday = timezone.localdate() - timedelta(days=1)
    return {
        "statements": [
            {
                "one": one,
                "days": days_of(one.statement),
                "theirs": format_uzs(one.their_net),
                "ours": format_uzs(one.net),
                "difference": format_uzs(one.difference),
                "fees": format_uzs(one.statement.fee_micros),
            }
            for one in found
        ],
        "unstated": [str(channel.label) for channel in missing],
        "stale_days": settings.STATEMENT_DAYS,
        "balances": [
            {
                "row": row,
                "stale": row.card is not None and row.card.active and row.day < yesterday,
                "balance": format_uzs(row.balance_micros),
                "expected": "–" if told is None else format_uzs(told.expected),
                "difference": 0 if told is None else row.balance_micros - told.expected,
                "by": "–" if told is None else format_uzs(row.balance_micros - told.expected),
            }
            for row, told in newest()
        ],
    }


def _row(one: Day) -> tuple[Any, ...]:
    amounts = (one.topups, one.revenue, one.bonus, one.cost, one.margin)
    return one.day, *[format_uzs(micros) for micros in amounts]


def _bars(days: list[Day]) -> list[dict[str, Any]]:
    """Two bars a day in whole units of the chart: what it brought and what it cost."""
    most = max([1, *[max(one.revenue, one.cost) for one in days]])
    found = []
    for n, one in enumerate(days):
        high, cost = (max(0, micros) * _HEIGHT // most for micros in (one.revenue, one.cost))
        found.append(
            {
                "x": n * _STEP,
                "cost_x": n * _STEP + 4,
                "revenue": high,
                "revenue_y": _HEIGHT - high,
                "cost": cost,
                "cost_y": _HEIGHT - cost,
                "title": f"{one.day}: {format_uzs(one.revenue)} / {format_uzs(one.cost)}",
            }
        )
    return found


def _rates() -> Any:
    try:
        found = current_rates()
    except MissingRate:
        return None
    source = FxRate.Source(found.source).label
    return {"found": found, "uzs": full_uzs(found.micros_per_usd), "source": source}
