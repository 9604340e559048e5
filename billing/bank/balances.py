"""Balances of our cards at the end of a day against what arrived: a difference is told to operators.

The balance before it, plus what arrived since, less what went out must make the balance. Money that nobody
entered as arrived shows here, and money that went out without a word too.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from django.db import transaction
from django.db.models import Sum
from django.utils import timezone

from accounts.alerts import alert
from accounts.models import Alert, User
from billing import sayings
from billing.bank.closings import Closing
from billing.models import CardBalance, Channel, Discrepancy, IncomingTransfer, ReceivingCard
from billing.money import exact_uzs
from billing.payments import Told, close, report_unknown

LOOK_BACK: Final = timedelta(days=31)
_KIND: Final = Discrepancy.Kind.BALANCE


@dataclass(frozen=True, slots=True)
class Reckoning:
    """What a balance should be, in micros."""

    before: int
    arrived: int
    gone: int

    @property
    def expected(self) -> int:
        return self.before + self.arrived - self.gone


def reckon(found: CardBalance) -> Reckoning | None:
    """What the balance should be; None for a card's first one, with which reckoning begins."""
    earlier = CardBalance.objects.filter(card=found.card, day__lt=found.day).order_by("-day").first()
    if earlier is None:
        return None
    arrived = IncomingTransfer.objects.filter(
        card=found.card, at__date__gt=earlier.day, at__date__lte=found.day
    ).aggregate(sum=Sum("amount_micros"))["sum"]
    return Reckoning(earlier.balance_micros, int(arrived or 0), found.gone_micros)


def check(card: ReceivingCard | None, since: date) -> int:
    """Compare a card's balances from this day on; how many new differences. What agrees again is closed."""
    rows = CardBalance.objects.filter(card=card, day__gte=since).order_by("day")
    return sum(_check(row) for row in rows)


def check_recent() -> int:
    """Compare all balances of the last month, as transfers may have been entered since."""
    cards = [None, *ReceivingCard.objects.all()]
    return sum(check(card, timezone.localdate() - LOOK_BACK) for card in cards)


def note_closings(card: ReceivingCard | None, found: Iterable[Closing], operator: User) -> int:
    """Keep a statement's balances and compare them; how many are new.

    What was entered by hand stays: if the statement says otherwise, operators hear of it.
    """
    added, days = 0, []
    with transaction.atomic():
        for closing in found:
            days.append(closing.day)
            said = {"balance_micros": closing.balance_micros, "gone_micros": closing.gone_micros}
            row, is_new = CardBalance.objects.get_or_create(
                card=card,
                day=closing.day,
                defaults=said | {"source": CardBalance.Source.STATEMENT, "entered_by": operator},
            )
            added += is_new
            if not is_new:
                _meet(row, closing)
    if days:
        check(card, min(days))
    return added


def newest() -> list[tuple[CardBalance, Reckoning | None]]:
    """The last balance of each card and of the account, beside what it should be."""
    rows = CardBalance.objects.select_related("card").order_by("card_id", "-day").distinct("card_id")
    return [(row, reckon(row)) for row in rows]


def tell_of_missing() -> int:
    """Operators hear which active cards have no balance of yesterday; how many there are."""
    yesterday = timezone.localdate() - timedelta(days=1)
    told = CardBalance.objects.filter(day=yesterday).exclude(card=None).values("card")
    cards = list(ReceivingCard.objects.filter(active=True).exclude(pk__in=told))
    if cards:
        named = "\n".join(str(card) for card in cards)
        text = f"Enter them in Admin, Balances of cards, or import a statement with balances:\n{named}"
        alert(Alert.Kind.PAYMENTS, f"no card balance of {yesterday}", text, f"balances:{yesterday}")
    return len(cards)


def _meet(row: CardBalance, closing: Closing) -> None:
    """A statement's word on a balance that is there."""
    if row.balance_micros != closing.balance_micros:
        ours, theirs = (exact_uzs(one.balance_micros) for one in (row, closing))
        both = Told(sayings.ENTERED % {"soum": ours}, sayings.BY_STATEMENT % {"soum": theirs})
        report_unknown(Channel.BANK, _subject(row), _KIND, both)
    elif row.gone_micros != closing.gone_micros and row.source == CardBalance.Source.MANUAL:
        row.gone_micros = closing.gone_micros
        row.save(update_fields=["gone_micros"])


def _check(row: CardBalance) -> bool:
    seen = reckon(row)
    if seen is None:
        return False
    if seen.expected == row.balance_micros:
        close(Channel.BANK, _subject(row), _KIND, "the daily comparison", "agrees by now")
        return False
    made = f"{exact_uzs(seen.before)} + {exact_uzs(seen.arrived)} − {exact_uzs(seen.gone)}"
    ours = sayings.EXPECTED % {"soum": exact_uzs(seen.expected), "made": made}
    said = Told(ours, sayings.BALANCE % {"soum": exact_uzs(row.balance_micros)})
    return report_unknown(Channel.BANK, _subject(row), _KIND, said)


def _subject(row: CardBalance) -> str:
    """What a difference is known by: the card's end and the day."""
    return f"card {row.card_id} …{row.card.last4} {row.day}" if row.card else f"account {row.day}"
