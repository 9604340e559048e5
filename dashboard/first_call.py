"""The shortest way from a new account to the first answer: which model, in Studio or in code."""

from collections.abc import Sequence
from dataclasses import dataclass

from billing.models import Wallet
from dashboard.samples import Sample, sample
from dashboard.site import calls
from dashboard.site.showcase import Card, showcase


@dataclass(frozen=True, slots=True)
class FirstCall:
    """card: the model to begin with. free: it costs nothing within the daily quota."""

    card: Card
    samples: Sequence[Sample]

    @property
    def free(self) -> bool:
        return self.card.server.free


def first_call(purse: Wallet) -> FirstCall | None:
    """A free chat model, or the first one on sale for who has money; None if nobody answers at the moment."""
    shown = showcase()
    cards = [] if shown is None else [card for card in shown.cards.values() if _answers(card)]
    free = [card for card in cards if card.server.free]
    begin = next(iter(free), None) or (next(iter(cards), None) if purse.available_micros > 0 else None)
    if begin is None:
        return None
    slug = begin.model.slug
    return FirstCall(begin, [sample(language, text) for language, text in calls.texts("chat", slug).items()])


def _answers(card: Card) -> bool:
    return card.server.modality == "chat" and card.offer.available
