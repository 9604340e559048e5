"""Incoming transfers: entered once, however often they are told, and matched with what was asked for."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from django.conf import settings
from django.db import connection, transaction
from django.db.models import Q, QuerySet, Sum
from django.utils.translation import gettext as _

from accounts.models import User
from billing.bank.lines import Line
from billing.errors import TransferKnown
from billing.models import IncomingTransfer, ReceivingCard, TopUp

BEFORE: Final = timedelta(minutes=5)  # clocks differ
GRACE: Final = timedelta(hours=24)  # a slow bank, or a customer past the deadline
NEARBY: Final = timedelta(days=7)
SHOWN: Final = 20


@dataclass(frozen=True, slots=True)
class Arrival:
    """A transfer as an operator enters it."""

    card: ReceivingCard | None
    micros: int
    at: datetime
    balance_micros: int | None = None
    details: str = ""


@dataclass(frozen=True, slots=True)
class Told:
    """A line of a statement beside what we know.

    status: new, known, completed (its balance was missing), or twin: the same as an earlier line of this
    statement, so nothing tells the two apart.
    """

    line: Line
    status: str


@dataclass(frozen=True, slots=True)
class Match:
    """A free incoming transfer beside a request. warnings: card, time, amount, twin, chain."""

    incoming: IncomingTransfer
    warnings: Sequence[str]


def enter(arrival: Arrival, operator: User) -> IncomingTransfer:
    """One transfer by hand. Raises TransferKnown if such a one is there and no balance tells them apart."""
    with transaction.atomic():
        _one_at_a_time()
        if is_known(arrival):
            raise TransferKnown(_("this transfer is known; give the balance after it if it is another one"))
        return IncomingTransfer.objects.create(
            card=arrival.card,
            amount_micros=arrival.micros,
            at=arrival.at.replace(second=0, microsecond=0),
            balance_after_micros=arrival.balance_micros,
            details=arrival.details[:200],
            source=IncomingTransfer.Source.MANUAL,
            entered_by=operator,
        )


def is_known(arrival: Arrival) -> bool:
    """Whether such a transfer is there and nothing tells the two apart."""
    minute = arrival.at.replace(second=0, microsecond=0)
    same = IncomingTransfer.objects.filter(card=arrival.card, amount_micros=arrival.micros, at=minute)
    if arrival.balance_micros is None:
        return same.exists()
    return same.filter(Q(balance_after_micros=arrival.balance_micros) | Q(balance_after_micros=None)).exists()


def compare(card: ReceivingCard | None, lines: Iterable[Line]) -> list[Told]:
    """What importing these lines would do."""
    seen: set[tuple[object, ...]] = set()
    told = []
    for line in lines:
        key = (line.at, line.micros, line.balance_micros)
        told.append(Told(line, "twin" if key in seen else _status(card, line)))
        seen.add(key)
    return told


def add_lines(card: ReceivingCard | None, lines: Iterable[Line], source: str, operator: User) -> int:
    """Adds the lines that are new; how many. The same statement again adds none."""
    added = 0
    with transaction.atomic():
        _one_at_a_time()
        for line in lines:
            status = _status(card, line)
            if status == "completed":
                _same(card, line).filter(balance_after_micros=None).update(
                    balance_after_micros=line.balance_micros
                )
            elif status == "new":
                added += 1
                IncomingTransfer.objects.create(
                    card=card,
                    amount_micros=line.micros,
                    at=line.at,
                    balance_after_micros=line.balance_micros,
                    details=line.details,
                    source=source,
                    entered_by=operator,
                )
    return added


def matches(topup: TopUp) -> tuple[list[Match], list[Match]]:
    """Free transfers of exactly the amount in the request's window, and others that might be meant."""
    free = IncomingTransfer.objects.filter(topup=None).select_related("card")
    begin, end = window(topup)
    same = free.filter(amount_micros=topup.amount_micros, at__range=(begin - NEARBY, end + NEARBY))
    near = free.filter(card=topup.card, at__range=(begin, end)).exclude(amount_micros=topup.amount_micros)
    found = [Match(incoming, _warnings(topup, incoming)) for incoming in same.order_by("at")[:SHOWN]]
    exact = [match for match in found if not {"card", "time"} & set(match.warnings)]
    others = [match for match in found if match not in exact]
    others += [Match(incoming, _warnings(topup, incoming)) for incoming in near.order_by("at")[:SHOWN]]
    return exact, others


def window(topup: TopUp) -> tuple[datetime, datetime]:
    """When the request's money may have arrived."""
    deadline = topup.created_at + timedelta(minutes=settings.BANK_DEADLINE_MIN)
    return topup.created_at - BEFORE, deadline + GRACE


def _warnings(topup: TopUp, incoming: IncomingTransfer) -> list[str]:
    begin, end = window(topup)
    twins = IncomingTransfer.objects.filter(
        card=incoming.card,
        amount_micros=incoming.amount_micros,
        at__range=(incoming.at - GRACE, incoming.at + GRACE),
    ).exclude(pk=incoming.pk)
    said = {
        "card": incoming.card_id != topup.card_id,
        "amount": incoming.amount_micros != topup.amount_micros,
        "time": not begin <= incoming.at <= end,
        "twin": twins.exists(),
        "chain": not is_chained(incoming),
    }
    return [name for name, is_so in said.items() if is_so]


def is_chained(incoming: IncomingTransfer) -> bool:
    """Whether the balance before it and the amount can make the balance after it.

    Money that left isn't known here, so a lower balance is no contradiction; one out of nowhere is.
    """
    if incoming.balance_after_micros is None:
        return True
    if incoming.balance_after_micros < incoming.amount_micros:
        return False
    before = IncomingTransfer.objects.filter(card=incoming.card, at__lt=incoming.at)
    last = before.exclude(balance_after_micros=None).order_by("-at", "-id").first()
    if last is None or last.balance_after_micros is None:
        return True
    between = before.filter(at__gte=last.at).exclude(pk=last.pk).aggregate(sum=Sum("amount_micros"))["sum"]
    most = last.balance_after_micros + (between or 0) + incoming.amount_micros
    return incoming.balance_after_micros <= most


def _status(card: ReceivingCard | None, line: Line) -> str:
    balances = set(_same(card, line).values_list("balance_after_micros", flat=True))
    if not balances:
        return "new"
    if line.balance_micros is None or line.balance_micros in balances:
        return "known"
    return "completed" if None in balances else "new"


def _same(card: ReceivingCard | None, line: Line) -> QuerySet[IncomingTransfer]:
    return IncomingTransfer.objects.filter(card=card, amount_micros=line.micros, at=line.at)


def _one_at_a_time() -> None:
    """Two operators with the same statement: one of them after the other."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext('billing_incomingtransfer'))")
