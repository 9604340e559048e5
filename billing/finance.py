"""Money at a glance: wallets, clearing beside what providers say, days, holds, losses. Amounts are micros.

Every figure is read from a running sum, an index of what is open, or a table that grows by payments, never
from all calls.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from uuid import UUID

from django.db import connection
from django.db.models import Count, Max, Min, Q, QuerySet, Sum
from django.utils import timezone

from billing.ids import Kind
from billing.invariants import Finding
from billing.models import (
    Channel,
    Discrepancy,
    Hold,
    IncomingTransfer,
    LedgerAccount,
    LedgerCheck,
    ProviderTransaction,
    TopUp,
    Transfer,
    Wallet,
)
from billing.money import MICROS_PER_TIYIN

# What customers paid for; the ledger also books to revenue what they couldn't, out of the losses.
_REVENUE = {Kind.CHARGE_PAID: 1, Kind.CHARGE_BONUS: 1}
_BACK = {Kind.REFUND: -1, Kind.REFUND_BONUS: -1}
_LOSSES = (Kind.OVERRUN, Kind.ORPHAN, Kind.LATE_LOSS)
_EXPORT_ROWS = 5_000
# The id of an operation is made when it is asked for, which may be long before its money moves.
_ASKED_BEFORE = timedelta(days=92)


@dataclass(slots=True)
class Day:
    """One Tashkent day. cost: what providers will bill, as it was posted on that day."""

    day: date
    revenue: int = 0
    bonus: int = 0  # of it paid with bonus
    cost: int = 0
    topups: int = 0

    @property
    def margin(self) -> int:
        return self.revenue - self.cost


@dataclass(frozen=True, slots=True, kw_only=True)
class Clearing:
    """One way in: our ledger, our top-ups, and what the provider's calls said; they should agree."""

    channel: Channel
    balance: int  # came in less what went out again
    credited: int
    reversed: int
    told_credited: int  # by our top-ups
    told_reversed: int
    theirs: int  # by performed transactions, or by lines of the bank's statement
    theirs_at: datetime | None
    open_differences: int

    @property
    def agrees(self) -> bool:
        return (self.credited, self.reversed) == (self.told_credited, self.told_reversed)


@dataclass(frozen=True, slots=True)
class Wallets:
    paid: int
    bonus: int
    held: int
    count: int


@dataclass(frozen=True, slots=True)
class Holds:
    count: int
    micros: int
    oldest: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    since: date
    until: date
    days: list[Day]
    wallets: Wallets
    clearing: list[Clearing]
    holds: Holds
    losses: Mapping[Kind, int]  # of the period
    costs: Mapping[str, int]  # of the period, by provider
    checks: list[LedgerCheck] = field(default_factory=list)

    @property
    def total(self) -> Day:
        """The whole period as one."""
        whole = Day(self.since)
        for one in self.days:
            whole.revenue += one.revenue
            whole.bonus += one.bonus
            whole.cost += one.cost
            whole.topups += one.topups
        return whole


def report(since: date, until: date) -> Report:
    """Both days inclusive."""
    codes = dict(LedgerAccount.objects.values_list("id", "code"))
    days = {
        since + timedelta(days=n): Day(since + timedelta(days=n)) for n in range((until - since).days + 1)
    }
    losses: dict[Kind, int] = defaultdict(int)
    costs: dict[str, int] = defaultdict(int)
    cleared: dict[tuple[str | None, int], int] = defaultdict(int)
    for day, kind, account, micros in _sums(since, until):
        cleared[codes.get(account), kind] += micros
        if day not in days:
            continue
        _enter(days[day], kind, micros)
        if kind in _LOSSES:
            losses[Kind(kind)] += micros
        if kind == Kind.COST:
            costs[codes.get(account, str(account)).removeprefix("cogs:")] += micros
    return Report(
        since=since,
        until=until,
        days=list(days.values()),
        wallets=_wallets(),
        clearing=_clearing(cleared),
        holds=_holds(),
        losses=losses,
        costs=costs,
        checks=list(LedgerCheck.objects.order_by("pk")),
    )


def note_check(findings: list[Finding], *, whole: bool) -> None:
    """Keep what a check of the ledger has found, for the page."""
    told = [str(finding)[:500] for finding in findings if finding.broken]
    about = {"at": timezone.now(), "laws": len(findings), "broken": told}
    LedgerCheck.objects.update_or_create(id=whole, defaults=about)


def _enter(day: Day, kind: int, micros: int) -> None:
    day.revenue += micros * (_REVENUE | _BACK).get(Kind(kind), 0)
    if kind in (Kind.CHARGE_BONUS, Kind.REFUND_BONUS):
        day.bonus += micros * (_REVENUE | _BACK)[Kind(kind)]
    elif kind in (Kind.COST, Kind.ORPHAN):
        day.cost += micros
    elif kind in (Kind.TOPUP, Kind.REVERSAL):
        day.topups += micros if kind == Kind.TOPUP else -micros


def _sums(since: date, until: date) -> Iterator[tuple[date, int, int, int]]:
    """Day, kind, account, micros: of these days, and of all days what went through clearing."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT day, kind, account, sum(micros)::bigint FROM finance_now"
            " WHERE day BETWEEN %s AND %s OR kind IN (1, 8, 15) GROUP BY 1, 2, 3",
            [since, until],
        )
        yield from cursor.fetchall()


def _wallets() -> Wallets:
    sums = Wallet.objects.aggregate(
        paid=Sum("paid_micros"), bonus=Sum("bonus_micros"), held=Sum("held_micros"), count=Count("pk")
    )
    return Wallets(int(sums["paid"] or 0), int(sums["bonus"] or 0), int(sums["held"] or 0), sums["count"])


def _holds() -> Holds:
    found = Hold.objects.filter(state=Hold.State.OPEN)
    sums = found.aggregate(count=Count("pk"), micros=Sum("amount_micros"), oldest=Min("created_at"))
    return Holds(sums["count"], int(sums["micros"] or 0), sums["oldest"])


def _clearing(moved: Mapping[tuple[str | None, int], int]) -> list[Clearing]:
    told = {provider: (int(credited), int(back)) for provider, credited, back in _told()}
    theirs = _theirs()
    differing = Discrepancy.objects.filter(closed_at=None).order_by()
    open_ones = dict(differing.values_list("provider").annotate(Count("pk")))
    found = []
    for channel in Channel:
        code = f"clearing:{channel.value}"
        came, back, sent = (
            moved.get((code, kind), 0) for kind in (Kind.TOPUP, Kind.REVERSAL, Kind.PAYOUT_SENT)
        )
        word, at = theirs.get(channel.value, (0, None))
        found.append(
            Clearing(
                channel=channel,
                balance=came - back - sent,
                credited=came,
                reversed=back,
                told_credited=told.get(channel.value, (0, 0))[0],
                told_reversed=told.get(channel.value, (0, 0))[1],
                theirs=word,
                theirs_at=at,
                open_differences=open_ones.get(channel.value, 0),
            )
        )
    return found


def _told() -> Iterator[tuple[str, int, int]]:
    """What our top-ups say by provider: credited, taken back."""
    rows = TopUp.objects.order_by().values_list("provider")
    yield from rows.annotate(Sum("credited_micros"), Sum("reversed_micros"))


def _theirs() -> dict[str, tuple[int, datetime | None]]:
    """What providers have told us that they took, and when they spoke last."""
    performed = ProviderTransaction.objects.filter(state=ProviderTransaction.State.PERFORMED)
    sums = performed.values("provider").annotate(tiyin=Sum("amount_tiyin"), at=Max("perform_ms")).order_by()
    found: dict[str, tuple[int, datetime | None]] = {
        row["provider"]: (
            int(row["tiyin"]) * MICROS_PER_TIYIN,
            datetime.fromtimestamp(row["at"] // 1000, timezone.get_current_timezone()),
        )
        for row in sums
    }
    bank = IncomingTransfer.objects.aggregate(micros=Sum("amount_micros"), at=Max("created_at"))
    return found | {Channel.BANK.value: (int(bank["micros"] or 0), bank["at"])}


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which transfers to export: Tashkent days, both inclusive."""

    since: date
    until: date
    kind: int | None = None
    org_id: int | None = None


def exported(wanted: Wanted) -> Iterator[Transfer]:
    """The transfers in order of their ids, read page by page: no long transaction, however many there are."""
    rows, last = _narrowed(wanted), UUID(int=0)
    while page := list(rows.filter(pk__gt=last)[:_EXPORT_ROWS]):
        yield from page
        last = page[-1].pk


def _narrowed(wanted: Wanted) -> QuerySet[Transfer]:
    zone = timezone.get_current_timezone()
    began = datetime.combine(wanted.since, datetime.min.time(), zone)
    ends = datetime.combine(wanted.until + timedelta(days=1), datetime.min.time(), zone)
    bounds = _first_id(began - _ASKED_BEFORE), _first_id(ends + timedelta(days=1))
    rows = Transfer.objects.filter(pk__range=bounds, at__gte=began, at__lt=ends)
    if wanted.kind is not None:
        rows = rows.filter(kind=wanted.kind)
    if wanted.org_id is not None:
        own = [2**32 + 2 * wanted.org_id, 2**32 + 2 * wanted.org_id + 1]
        rows = rows.filter(Q(debit__in=own) | Q(credit__in=own))
    return rows.order_by("pk")


def _first_id(moment: datetime) -> UUID:
    return UUID(int=max(0, int(moment.timestamp()) * 1000) << 80)
