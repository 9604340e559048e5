"""Providers' own statements beside our books: imported once, compared line by line, shown as totals.

Ours are the provider's transactions by its own clock. The ledger's laws hold them equal to the clearing
account (clearing_is_credited_topups, topups_are_credited_once), so that what differs here is the provider's.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date, timedelta
from hashlib import sha256

from django.conf import settings
from django.db.models import Q, Sum
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.alerts import alert
from accounts.models import Alert, User
from billing.bank.files import read_as
from billing.bank.lines import NotAStatement
from billing.models import Channel, IncomingTransfer, ProviderStatement, ProviderTransaction, ReceivingCard
from billing.money import MICROS_PER_TIYIN
from billing.providers import ways
from billing.providers.kept import first_gap, keep, lines_of, newest
from billing.providers.reconcile import Days, Difference, compare, differences, paid_between
from billing.providers.statement import Line, read_rows

_REVERSED = ProviderTransaction.State.REVERSED


@dataclass(frozen=True, slots=True, kw_only=True)
class Upload:
    """A file of a provider's cabinet and the days that were chosen there."""

    provider: Channel
    since: date
    until: date
    data: bytes
    name: str = ""


@dataclass(frozen=True, slots=True)
class TakenIn:
    statement: ProviderStatement
    is_new: bool
    differences: int  # new ones


def take_in(upload: Upload, operator: User | None) -> TakenIn:
    """Keep a file and compare its payments with ours; the same file again changes nothing.

    Raises NotAStatement, also where a payment is of another day than those chosen.
    """
    lines = read_as(read_rows, upload.data)
    check_days(lines, upload.since, upload.until)
    told = ProviderStatement(
        provider=upload.provider,
        source=ProviderStatement.Source.FILE,
        since=upload.since,
        until=upload.until,
        digest=sha256(f"{upload.since}/{upload.until}/".encode() + upload.data).hexdigest(),
        name=upload.name[:200],
        lines_count=0,
        taken_micros=0,
        imported_by=operator,
    )
    kept, is_new = keep(told, lines)
    found = compare(upload.provider, lines, upload.since, upload.until) if is_new else 0
    return TakenIn(kept, is_new, found)


def check_days(lines: Iterable[Line], since: date, until: date) -> None:
    """Raises NotAStatement if a payment is of none of these days: then others may be missing."""
    for line in lines:
        if line.day is not None and not since <= line.day <= until:
            raise NotAStatement(
                _("%(number)s is of %(day)s, outside of the days given")
                % {"number": line.external_id, "day": line.day}
            )


def differing(statement: ProviderStatement) -> list[Difference]:
    """Payments of the statement's days about which the provider and we don't agree, as of its import."""
    if statement.source != ProviderStatement.Source.FILE:
        return []
    days = Days(statement.since, statement.until)
    return differences(Channel(statement.provider), lines_of(statement), days, _ms(statement))


@dataclass(frozen=True, slots=True, kw_only=True)
class BankFile:
    """What a bank's statement says as a whole; its lines are incoming transfers."""

    card: ReceivingCard | None
    digest: str
    name: str
    since: date
    until: date
    lines: int
    arrived_micros: int
    gone_micros: int


def note_bank(file: BankFile, operator: User) -> None:
    """Keep the totals of a bank's statement, once."""
    keep(
        ProviderStatement(
            provider=Channel.BANK,
            card=file.card,
            source=ProviderStatement.Source.BANK,
            since=file.since,
            until=file.until,
            digest=file.digest,
            name=file.name[:200],
            lines_count=file.lines,
            taken_micros=file.arrived_micros,
            gone_micros=file.gone_micros,
            imported_by=operator,
        )
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """A statement's totals and ours of the same days, in micros; returned: of what was taken on them."""

    statement: ProviderStatement
    taken: int
    returned: int
    stale: bool
    gap: str = ""  # the first day that none of its statements tells of

    @property
    def net(self) -> int:
        return self.taken - self.returned

    @property
    def their_net(self) -> int:
        return self.statement.taken_micros - self.statement.returned_micros

    @property
    def difference(self) -> int:
        """What they have and we haven't; below zero: the other way round."""
        return self.their_net - self.net

    @property
    def to_arrive(self) -> int:
        """What the provider owes us for these days once its fees are off."""
        return self.their_net - self.statement.fee_micros


def figures(statement: ProviderStatement) -> Figures:
    """Ours beside theirs, as of the statement's import."""
    taken, returned = _of_bank(statement) if statement.provider == Channel.BANK else _of_payments(statement)
    return Figures(
        statement=statement,
        taken=taken,
        returned=returned,
        stale=is_stale(statement.until),
    )


def latest() -> tuple[list[Figures], list[Channel]]:
    """The newest statement of each provider, card and source, and the open ways to pay that have none."""
    found = [replace(figures(statement), gap=first_gap(statement)) for statement in newest()]
    told = {one.statement.provider for one in found if one.statement.source != ProviderStatement.Source.API}
    missing = [way.channel for way in ways() if way.accepted and way.channel not in told]
    return found, missing


def is_stale(until: date) -> bool:
    """Whether a statement that ends on this day is older than it should be."""
    return until < timezone.localdate() - timedelta(days=settings.STATEMENT_DAYS)


def tell_of_stale() -> int:
    """Operators hear of providers whose money moves while no statement of theirs comes; how many."""
    rows, missing = latest()
    file_of = {
        row.statement.provider: row for row in rows if row.statement.source != ProviderStatement.Source.API
    }
    late = [Channel(provider) for provider, row in file_of.items() if row.stale] + missing
    moved = [channel for channel in late if _has_moved(channel, file_of.get(channel.value))]
    for channel in moved:
        known = file_of.get(channel.value)
        text = f"Its last one ends on {known.statement.until}." if known else "None was ever imported."
        text += " Import its statement: Admin, Providers' statements (a bank's: Incoming transfers)."
        subject = f"{channel.value}: no statement for more than {settings.STATEMENT_DAYS} days"
        key = f"statement:{channel.value}:{timezone.localdate():%G-%V}"
        if not Alert.objects.filter(dedupe_key=key).exists():  # once a week
            alert(Alert.Kind.PAYMENTS, subject, text, key)
    return len(moved)


def _has_moved(channel: Channel, known: Figures | None) -> bool:
    """Whether anything was paid on days that no statement tells of and that are old enough to be told."""
    end = timezone.localdate() - timedelta(days=settings.STATEMENT_DAYS)
    since = known.statement.until if known else date(2020, 1, 1)
    if channel == Channel.BANK:
        arrived = IncomingTransfer.objects.exclude(source=IncomingTransfer.Source.STATEMENT)
        return arrived.filter(at__date__gt=since, at__date__lte=end).exists()
    return since < end and paid_between(channel, Days(since, end), _now()).exists()


def _of_payments(statement: ProviderStatement) -> tuple[int, int]:
    rows = paid_between(Channel(statement.provider), Days(statement.since, statement.until), _ms(statement))
    back = Q(state=_REVERSED, cancel_ms__lte=_ms(statement))
    sums = rows.aggregate(taken=Sum("amount_tiyin"), returned=Sum("amount_tiyin", filter=back))
    return int(sums["taken"] or 0) * MICROS_PER_TIYIN, int(sums["returned"] or 0) * MICROS_PER_TIYIN


def _of_bank(statement: ProviderStatement) -> tuple[int, int]:
    """What arrived on these days and was credited, whenever an operator did it."""
    arrived = IncomingTransfer.objects.filter(
        card=statement.card, at__date__range=(statement.since, statement.until), topup__credited_micros__gt=0
    )
    return int(arrived.aggregate(sum=Sum("amount_micros"))["sum"] or 0), 0


def _ms(statement: ProviderStatement) -> int:
    return int(statement.imported_at.timestamp() * 1000)


def _now() -> int:
    return int(timezone.now().timestamp() * 1000)
