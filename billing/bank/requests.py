"""A customer's request to pay by card transfer: a card of ours, and an amount that no other open request has.

The tail of 1 to 99 so'm tells the incoming line apart, as banks pass on neither a name nor a comment.
"""

import secrets
from datetime import datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import Q, Sum
from django.utils import timezone

from accounts.models import Organization, User
from billing.errors import AmountRefused, NoCard, TooManyOpen
from billing.first_topup import check_first
from billing.models import Channel, ReceivingCard, TopUp
from billing.money import MICROS_PER_UZS

OPEN_MAX: Final = 3  # of one person
TAIL_MAX: Final = 99
_TRIES: Final = 5
_TASHKENT: Final = ZoneInfo("Asia/Tashkent")


def limits() -> tuple[int, int]:
    """The least and the most that may be asked for, in micros."""
    return settings.BANK_MIN_UZS * MICROS_PER_UZS, settings.BANK_MAX_UZS * MICROS_PER_UZS


def open_request(org: Organization, user: User, asked_micros: int) -> TopUp:
    """A pending request of the amount and a tail of 1 to 99 so'm, with a card and a deadline.

    asked_micros: whole so'm. Raises AmountRefused, TooManyOpen, FirstTopUpLimit, NoCard if
    none can take it today.
    """
    least, most = limits()
    if not least <= asked_micros <= most or asked_micros % MICROS_PER_UZS:
        raise AmountRefused("whole so'm within the limits")
    with transaction.atomic():
        User.objects.select_for_update(no_key=True).get(pk=user.pk)  # one request of a person at a time
        if open_requests(user) >= OPEN_MAX:
            raise TooManyOpen(f"{OPEN_MAX} requests are open")
        check_first(org.pk, asked_micros)
        for card in cards_for(asked_micros):
            for _ in range(_TRIES):
                if (tail := _free_tail(card, asked_micros)) is None:
                    break
                if found := _file(TopUp(org=org, requested_by=user, card=card), asked_micros + tail):
                    return found
    raise NoCard("no card can take this amount now")


def open_requests(user: User) -> int:
    """How many card transfers of this person nobody has decided yet."""
    return TopUp.objects.filter(requested_by=user, state=TopUp.State.PENDING, card__isnull=False).count()


def cards_for(micros: int) -> list[ReceivingCard]:
    """Active cards whose daily limit has room for the amount, the least used today first."""
    used = {card.pk: _used_today(card) for card in ReceivingCard.objects.filter(active=True)}
    cards = ReceivingCard.objects.filter(pk__in=used)
    most = micros + TAIL_MAX * MICROS_PER_UZS
    fit = [
        card
        for card in cards
        if card.daily_limit_micros is None or used[card.pk] + most <= card.daily_limit_micros
    ]
    return sorted(fit, key=lambda card: (used[card.pk], card.pk))


def expire() -> int:
    """Closes requests whose deadline has passed without a receipt; how many. Their money may still come."""
    due = TopUp.objects.filter(
        provider=Channel.BANK,
        state=TopUp.State.PENDING,
        expires_at__lt=timezone.now(),
        first_approved_by=None,
    )
    return due.update(state=TopUp.State.EXPIRED, decided_at=timezone.now())


def _file(topup: TopUp, micros: int) -> TopUp | None:
    """The row, or None if another request took the amount a moment ago."""
    topup.amount_micros = micros
    topup.expires_at = timezone.now() + timedelta(minutes=settings.BANK_DEADLINE_MIN)
    try:
        with transaction.atomic():
            topup.save(force_insert=True)
    except IntegrityError:
        return None
    return topup


def _free_tail(card: ReceivingCard, asked_micros: int) -> int | None:
    """Micros that no open request of the card has behind this amount; None if all are taken."""
    most = asked_micros + TAIL_MAX * MICROS_PER_UZS
    taken = set(
        TopUp.objects.filter(
            card=card, state=TopUp.State.PENDING, amount_micros__range=(asked_micros, most)
        ).values_list("amount_micros", flat=True)
    )
    tails = [tail * MICROS_PER_UZS for tail in range(1, TAIL_MAX + 1)]
    free = [tail for tail in tails if asked_micros + tail not in taken]
    return secrets.choice(free) if free else None


def _used_today(card: ReceivingCard) -> int:
    """What has come or is promised to a card on this Tashkent day, in micros."""
    began = datetime.combine(timezone.now().astimezone(_TASHKENT).date(), time.min, _TASHKENT)
    today = Q(state=TopUp.State.PAID, decided_at__gte=began) | Q(state=TopUp.State.PENDING)
    return TopUp.objects.filter(today, card=card).aggregate(sum=Sum("amount_micros"))["sum"] or 0
