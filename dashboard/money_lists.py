"""Lists of requests for money: top-ups, and refunds of unspent balance; and lists of money as files."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import ClassVar, Final

from django import forms
from django.db.models import Q, QuerySet
from django.utils.translation import gettext_lazy as _

from accounts.models import Organization
from billing.models import Adjustment, Channel, TopUp
from billing.money import exact_uzs
from dashboard.account import contents
from dashboard.lists import ListForm, Order
from dashboard.moments import TASHKENT
from dashboard.refunds import payouts

TOPUP_COLUMNS: Final = (
    *("number", "filed", "method", "amount_uzs", "credited_uzs", "state", "reference", "reason", "decided"),
)
RECEIPT_COLUMNS: Final = ("number", "paid", "method", "credited_uzs", "reference")
REFUND_COLUMNS: Final = ("number", "filed", "amount_uzs", "state", "account", "reason", "decided")
TRANSFER_COLUMNS: Final = ("id", "at", "kind", "part", "amount_uzs", "note")
_ORDERS: Final[Mapping[str, Order]] = {
    "-filed": Order(_("Newest first"), ("-created_at", "-pk")),
    "filed": Order(_("Oldest first"), ("created_at", "pk")),
    "-amount": Order(_("Largest first"), ("-amount_micros", "-pk")),
    "amount": Order(_("Smallest first"), ("amount_micros", "pk")),
}


class TopUpList(ListForm[TopUp]):
    """Top-ups by number, reference, state and how they were paid."""

    ORDERS: ClassVar[Mapping[str, Order]] = _ORDERS

    state = forms.ChoiceField(
        label=_("State"), choices=[("", _("Any state")), *TopUp.State.choices], required=False
    )
    method = forms.ChoiceField(
        label=_("Paid by"), choices=[("", _("Any way")), *Channel.choices], required=False
    )

    def narrow(self, rows: QuerySet[TopUp]) -> QuerySet[TopUp]:
        """Those of this state, way and text."""
        said = {"state": self.said.get("state"), "provider": self.said.get("method")}
        rows = rows.filter(**{name: value for name, value in said.items() if value})
        return rows.filter(_numbered("reference", self.said["q"])) if "q" in self.said else rows


class ReceiptList(ListForm[TopUp]):
    """Receipts of top-ups that have arrived; `lang`, the language of papers, is no filter and stays."""

    ORDERS: ClassVar[Mapping[str, Order]] = {
        "-paid": Order(_("Newest first"), ("-decided_at", "-pk")),
        "paid": Order(_("Oldest first"), ("decided_at", "pk")),
        "-amount": Order(_("Largest first"), ("-credited_micros", "-pk")),
        "amount": Order(_("Smallest first"), ("credited_micros", "pk")),
    }

    method = forms.ChoiceField(
        label=_("Paid by"), choices=[("", _("Any way")), *Channel.choices], required=False
    )
    lang = forms.CharField(required=False, widget=forms.HiddenInput)

    @property
    def narrows(self) -> bool:
        """Whether something is searched for or chosen."""
        return bool(set(self.said) & {"q", "method"})

    def narrow(self, rows: QuerySet[TopUp]) -> QuerySet[TopUp]:
        """Those of this way and text."""
        if method := self.said.get("method"):
            rows = rows.filter(provider=method)
        return rows.filter(_numbered("reference", self.said["q"])) if "q" in self.said else rows


class RefundList(ListForm[Adjustment]):
    """Refunds by number, end of the account and state."""

    ORDERS: ClassVar[Mapping[str, Order]] = _ORDERS

    state = forms.ChoiceField(
        label=_("State"), choices=[("", _("Any state")), *Adjustment.State.choices], required=False
    )

    def narrow(self, rows: QuerySet[Adjustment]) -> QuerySet[Adjustment]:
        """Those of this state and text."""
        if state := self.said.get("state"):
            rows = rows.filter(state=state)
        return rows.filter(_numbered("bank_hint", self.said["q"])) if "q" in self.said else rows


def _numbered(field: str, text: str) -> Q:
    """A number, with or without its sign, or text in the field."""
    digits = text.removeprefix("№").strip()
    known = Q(pk=int(digits)) if digits.isdecimal() and digits.isascii() and len(digits) < 19 else Q()
    return known | Q(**{f"{field}__icontains": text})


def topup_rows(organization: Organization, form: TopUpList) -> Iterator[Sequence[object]]:
    """Top-ups in order of TOPUP_COLUMNS; amounts are exact so'm, times Tashkent's."""
    for one in form.rows(all_topups(organization)).iterator():
        yield (
            *(one.number, _local(one.created_at), one.provider, exact_uzs(one.amount_micros)),
            *(exact_uzs(one.credited_micros), one.state, one.reference, one.answer, _local(one.decided_at)),
        )


def receipt_rows(rows: QuerySet[TopUp]) -> Iterator[Sequence[object]]:
    """Top-ups that have receipts, in order of RECEIPT_COLUMNS."""
    for one in rows.iterator():
        credited = exact_uzs(one.credited_micros)
        yield one.number, _local(one.decided_at), one.provider, credited, one.reference


def refund_rows(organization: Organization, form: RefundList) -> Iterator[Sequence[object]]:
    """Refunds in order of REFUND_COLUMNS."""
    for one in form.rows(payouts(organization)).iterator():
        yield (
            *(one.pk, _local(one.created_at), exact_uzs(one.amount_micros), one.state),
            *(one.bank_hint, one.reason, _local(one.decided_at)),
        )


def _local(moment: datetime | None) -> str:
    return moment.astimezone(TASHKENT).isoformat(timespec="seconds") if moment else ""


def transfer_rows(organization: Organization, kind: str) -> Iterator[Sequence[object]]:
    """Movements of the wallet, oldest first, in order of TRANSFER_COLUMNS; negative went out.

    kind: as in dashboard/wallet.py.
    """
    return (tuple(row[name] for name in TRANSFER_COLUMNS) for row in contents.transfers(organization, kind))


def all_topups(organization: Organization) -> QuerySet[TopUp]:
    """The organization's, for the list."""
    return TopUp.objects.filter(org=organization)
