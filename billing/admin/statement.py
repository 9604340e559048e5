"""Importing a bank's statement or messages: first what would happen line by line, then it happens."""

from dataclasses import asdict
from datetime import date, datetime
from hashlib import sha256
from typing import Any, Final

from django import forms
from django.contrib import admin, messages
from django.core import signing
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from accounts.models import User
from billing.admin.amounts import format_uzs
from billing.bank.arrivals import Told, add_lines, compare
from billing.bank.balances import note_closings
from billing.bank.closings import Closing, closings
from billing.bank.files import FILE_BYTES_MAX, read_file
from billing.bank.lines import Line, NotAStatement, Statement
from billing.bank.messages import read_messages
from billing.models import IncomingTransfer, ReceivingCard
from billing.statements import BankFile, note_bank

SALT: Final = "billing.statement"
SEEN_S: Final = 3600  # how long a preview may be confirmed
STATUS: Final = {
    "new": _("new"),
    "known": _("known"),
    "completed": _("known, its balance is added"),
    "twin": _("the same as a line above: left out"),
}
PROBLEM: Final = {
    "amount": _("the amount can't be read"),
    "date": _("the date can't be read"),
    "balance": _("the balance can't be read"),
}


class StatementForm(forms.Form):
    card = forms.ModelChoiceField(
        ReceivingCard.objects.all(),
        label=_("card"),
        required=False,
        empty_label=_("the company's account"),
    )
    file = forms.FileField(
        label=_("statement, CSV or XLSX"),
        required=False,
        help_text=_(
            "The columns are found by their headings: date, time, amount or credit, balance, details."
        ),
    )
    text = forms.CharField(
        label=_("or messages of the bank"),
        required=False,
        widget=forms.Textarea(attrs={"rows": 8, "cols": 90}),
    )

    def clean(self) -> dict[str, Any]:
        """`statement` and `source` of whichever was given."""
        said: dict[str, Any] = super().clean() or self.cleaned_data
        file = said.get("file")
        if not file and not said.get("text"):
            raise forms.ValidationError(_("Choose a file of at most 5 MB, or paste messages."))
        data = file.read(FILE_BYTES_MAX + 1) if file else b""
        said["file_said"] = (sha256(data).hexdigest(), file.name or "") if file else None
        try:
            said["statement"] = read_file(data) if file else read_messages(said["text"])
        except NotAStatement:
            raise forms.ValidationError(
                _("No statement: a row of headings with a date and an amount is missing, or it is too long.")
            ) from None
        said["source"] = IncomingTransfer.Source.STATEMENT if file else IncomingTransfer.Source.MESSAGE
        return said


class StatementPages(admin.ModelAdmin):  # type: ignore[type-arg]
    """The import beside a list of incoming transfers."""

    def statement_view(self, request: HttpRequest) -> HttpResponse:
        """GET asks, POST shows what would happen; POST with `confirm` does it."""
        if not self.has_add_permission(request):
            return HttpResponse(status=403)
        if "confirm" in request.POST:
            return self._import(request)
        form = StatementForm(request.POST or None, request.FILES or None)
        context = self.admin_site.each_context(request) | {
            "title": _("Import a bank statement"),
            "opts": self.opts,
            "form": form,
        }
        if request.method == "POST" and form.is_valid():
            context |= _preview(form.cleaned_data)
        return TemplateResponse(request, "admin/billing/incomingtransfer/statement.html", context)

    def _import(self, request: HttpRequest) -> HttpResponse:
        assert isinstance(request.user, User)
        back = HttpResponseRedirect(reverse("admin:billing_incomingtransfer_changelist"))
        try:
            seen = signing.loads(request.POST["confirm"], salt=SALT, max_age=SEEN_S)
        except signing.BadSignature:
            self.message_user(request, _("The preview is too old. Import the file again."), messages.ERROR)
            return back
        card = ReceivingCard.objects.get(pk=seen["card"]) if seen["card"] else None
        lines = [Line(**line | {"at": datetime.fromisoformat(line["at"])}) for line in seen["lines"]]
        added = add_lines(card, lines, seen["source"], request.user)
        if seen["file"]:
            note_bank(_file(card, seen["file"]), request.user)
        note_closings(card, [_closing(one) for one in seen["closings"]], request.user)
        said = ngettext("%d transfer added.", "%d transfers added.", added) % added
        self.message_user(request, said, messages.SUCCESS)
        return back


def _preview(said: dict[str, Any]) -> dict[str, Any]:
    card, statement = said["card"], said["statement"]
    told = compare(card, statement.lines)
    kept = [item.line for item in told if item.status != "twin"]
    return {
        "lines": [_row(item, card) for item in told],
        "bad": [(bad.number, PROBLEM[bad.problem], bad.text) for bad in statement.bad],
        "left_out": statement.left_out,
        "new": sum(item.status == "new" for item in told),
        "confirm": _signed(said, kept) if kept or statement.gone else "",
        "closings": [
            (one.day, format_uzs(one.balance_micros), format_uzs(one.gone_micros))
            for one in closings(statement, timezone.localdate())
        ],
        "read": isinstance(statement, Statement),
    }


def _row(told: Told, card: ReceivingCard | None) -> dict[str, Any]:
    line = told.line
    is_other = bool(card and line.card_last4 and line.card_last4 != card.last4)
    left = line.balance_micros
    return {
        "line": line,
        "amount": format_uzs(line.micros),
        "balance": "–" if left is None else format_uzs(left),
        "status": _("of another card: check the choice above") if is_other else STATUS[told.status],
        "loud": is_other or told.status == "twin",
    }


def _signed(said: dict[str, Any], lines: list[Line]) -> str:
    """What was shown, so that exactly this is imported."""
    card, statement = said["card"], said["statement"]
    plain = [asdict(line) | {"at": line.at.isoformat()} for line in lines]
    days = sorted(line.at.date() for line in [*statement.lines, *statement.gone])
    file = None
    if said["file_said"] is not None and days:
        digest, name = said["file_said"]
        whole = {"digest": digest, "name": name, "since": str(days[0]), "until": str(days[-1])}
        whole |= {"lines": len(days), "arrived_micros": sum(line.micros for line in lines)}
        file = whole | {"gone_micros": sum(line.micros for line in statement.gone)}
    ends = [
        [str(one.day), one.balance_micros, one.gone_micros]
        for one in closings(statement, timezone.localdate())
    ]
    source = str(said["source"])
    seen = {
        "card": card.pk if card else None,
        "source": source,
        "lines": plain,
        "file": file,
        "closings": ends,
    }
    return signing.dumps(seen, salt=SALT, compress=True)


def _file(card: ReceivingCard | None, seen: dict[str, Any]) -> BankFile:
    days = {name: date.fromisoformat(seen[name]) for name in ("since", "until")}
    return BankFile(card=card, **seen | days)


def _closing(seen: tuple[str, int, int]) -> Closing:
    return Closing(date.fromisoformat(seen[0]), seen[1], seen[2])
