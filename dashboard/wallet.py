"""An organization's money for its own people: balance, transfers, top-up requests. Amounts are micros."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from uuid import UUID

from django.conf import settings
from django.db import connection
from django.db.models import Q, QuerySet
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from accounts.models import Organization
from billing.ids import Kind, op_of
from billing.models import TopUp, Transfer, Wallet
from dashboard.moments import TASHKENT, today

PAGE = 25
TOPUPS_SHOWN = 20
_WALLETS_FROM = 2**32  # paid and bonus account of a wallet: see billing/sql/ledger.sql
_CALLS = (Kind.CHARGE_PAID, Kind.CHARGE_BONUS)

MEANING: dict[int, Promise] = {
    Kind.TOPUP: _("Top-up"),
    Kind.PROMO: _("Bonus"),
    Kind.CHARGE_PAID: _("Call"),
    Kind.CHARGE_BONUS: _("Call, from the bonus"),
    Kind.REFUND: _("Refund"),
    Kind.REFUND_BONUS: _("Refund to the bonus"),
    Kind.PAYOUT: _("Payout to your bank"),
    Kind.REVERSAL: _("Top-up taken back"),
    Kind.DISPUTE: _("Set aside: the payment is in question"),
    Kind.DISPUTE_BACK: _("Released: the payment is settled"),
    Kind.ADJUSTMENT: _("Correction"),
    Kind.ADJUSTMENT_BONUS: _("Goodwill bonus"),
    Kind.PAYOUT_BACK: _("Payout that your bank didn't take"),
}


@dataclass(frozen=True, slots=True)
class Movement:
    """One transfer from the organization's point of view: positive came in, negative went out."""

    at: datetime
    meaning: str | Promise
    micros: int
    call: UUID | None  # the request that was charged, or given back
    note: str = ""  # what an operator wrote for the customer


@dataclass(frozen=True, slots=True)
class Statement:
    movements: Sequence[Movement]
    older: UUID | None  # the cursor of the next page


@dataclass(frozen=True, slots=True)
class FreeQuota:
    """Free requests of one Tashkent day; the next day begins with none used."""

    used: int
    limit: int
    resets_at: datetime

    @property
    def left(self) -> int:
        return max(0, self.limit - self.used)


def balance(organization: Organization) -> Wallet:
    """The wallet; an absent one is zero."""
    found = Wallet.objects.filter(pk=organization.pk).first()
    return found or Wallet(org_id=organization.pk, paid_micros=0, bonus_micros=0, held_micros=0)


def accounts_of(organization: Organization) -> tuple[int, int]:
    """The ledger accounts of the paid and of the bonus part."""
    paid = _WALLETS_FROM + 2 * organization.pk
    return paid, paid + 1


def transfers(organization: Organization, kind: str = "") -> QuerySet[Transfer]:
    """What has moved the wallet. kind: "calls", "money" (all but calls) or "" for both."""
    own = accounts_of(organization)
    rows = Transfer.objects.filter(Q(debit__in=own) | Q(credit__in=own))
    if kind == "calls":
        return rows.filter(kind__in=_CALLS)
    return rows.exclude(kind__in=_CALLS) if kind == "money" else rows


def statement(organization: Organization, kind: str = "", before: UUID | None = None) -> Statement:
    """One page of transfers, newest first; `kind` as for transfers()."""
    own = accounts_of(organization)
    rows = transfers(organization, kind)
    if before is not None:
        rows = rows.filter(id__lt=before)
    page = list(rows.order_by("-id")[: PAGE + 1])
    older = page[PAGE - 1].id if len(page) > PAGE else None
    return Statement([_movement(row, own) for row in page[:PAGE]], older)


def _movement(row: Transfer, own: tuple[int, int]) -> Movement:
    return Movement(
        at=row.at,
        meaning=MEANING.get(row.kind, _("Transfer")),
        micros=row.amount_micros if row.credit in own else -row.amount_micros,
        call=_call(row),
        note=str((row.meta or {}).get("told") or ""),
    )


def _call(row: Transfer) -> UUID | None:
    if row.kind in _CALLS:
        return op_of(row.id)
    given_back = (row.meta or {}).get("reverses") if row.kind in (Kind.REFUND, Kind.REFUND_BONUS) else None
    return op_of(UUID(given_back)) if given_back else None


def topups(organization: Organization) -> QuerySet[TopUp]:
    """The organization's latest requests to top up."""
    return TopUp.objects.filter(org=organization)[:TOPUPS_SHOWN]


def free_today(organization: Organization, wallet: Wallet) -> FreeQuota | None:
    """Today's free requests; None for an organization that has none a day."""
    if organization.verified_at is None and wallet.topped_up_at is None:
        return None
    day = today()
    with connection.cursor() as cursor:
        cursor.execute("SELECT used FROM free_use WHERE org = %s AND day = %s", [organization.pk, day])
        row = cursor.fetchone()
    midnight = datetime.combine(day + timedelta(days=1), time.min, TASHKENT)
    return FreeQuota(row[0] if row else 0, settings.FREE_DAILY_REQUESTS, midnight)
