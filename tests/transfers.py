"""Bank transfers for tests: cards of ours, what customers ask for, what arrives, who decides."""

import itertools
from datetime import datetime
from io import BytesIO
from uuid import uuid4

from django.utils import timezone
from PIL import Image

from accounts.models import Organization, User
from billing.bank.arrivals import Arrival, enter
from billing.bank.requests import open_request
from billing.models import IncomingTransfer, ReceivingCard, TopUp
from tests.factories import MICROS, Caller

_balances = itertools.count(uuid4().int % 10**6 * MICROS, MICROS)


def person(**rights: bool) -> User:
    """Somebody of no organization, such as an operator."""
    return User.objects.create(email=f"{uuid4().hex}@test.invalid", **rights)


def make_card(number: str = "8600120000001234", **fields: object) -> ReceivingCard:
    """The only card that takes transfers now."""
    ReceivingCard.objects.update(active=False)
    card = ReceivingCard(holder="CLOUDAPI MCHJ", bank="Ipak Yoʻli", **fields)
    card.number = number
    card.save()
    return card


def ask(caller: Caller, uzs: int = 50_000, card: ReceivingCard | None = None) -> TopUp:
    """An open request of the caller for so many so'm and a tail."""
    if card is None and not ReceivingCard.objects.filter(active=True).exists():
        make_card()
    return open_request(caller.organization, caller.user, uzs * MICROS)


def arrived(
    topup: TopUp, *, micros: int | None = None, at: datetime | None = None, by: User | None = None
) -> IncomingTransfer:
    """What was asked for has come, or another amount; a balance of its own tells it from all others."""
    arrival = Arrival(
        topup.card,
        micros or topup.amount_micros,
        at or timezone.now(),
        balance_micros=10**15 + next(_balances),
    )
    return enter(arrival, by or person())


def organization_of(user: User, name: str = "Alice") -> Organization:
    return Organization.objects.create(name=name, owner=user)


def picture(kind: str = "PNG", size: tuple[int, int] = (360, 640), seed: int = 0) -> bytes:
    """A receipt's screenshot: stripes of its own for each seed."""
    image = Image.new("RGB", size, "white")
    for row in range(0, size[1], 16):
        for column in range(0, size[0], 40):
            shade = (seed * 7919 + row * 31 + column * 17) * 2654435761 >> 8 & 0xFF
            image.paste((shade, shade // 2, 255 - shade), (column, row, column + 40, row + 16))
    file = BytesIO()
    image.save(file, kind)
    return file.getvalue()
