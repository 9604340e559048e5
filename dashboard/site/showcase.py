"""The public catalog as the site shows it: built once for each state of catalog and rates, held in memory.

Prices are micros per 10^6 units.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from threading import Lock
from typing import Final

from django.conf import settings
from django.utils.safestring import SafeString
from django.utils.translation import get_language

from billing.rates import RatesSnap
from dashboard.shop import COMPONENTS
from proxy.errors import ApiError
from proxy.market import Market
from proxy.meter import Price
from proxy.offers import Offer, market, offers
from routing.catalog.words import WORDS
from routing.models import ModelWording
from routing.snaps import Catalog, ModelSnap

_INPUT_SHARE: Final = 3  # of four tokens: people read more than they write


@dataclass(frozen=True, slots=True)
class Words:
    """What is said of a model in one language."""

    description: str
    strengths: str
    weaknesses: str


@dataclass(frozen=True, slots=True)
class Card:
    """A model on sale. providers: slug → name of those who serve it; said: by language, English always."""

    offer: Offer
    providers: Mapping[str, str]
    said: Mapping[str, Words]
    haystack: str

    @property
    def model(self) -> ModelSnap:
        return self.offer.model

    @property
    def server(self) -> ModelSnap:
        """The model that answers."""
        return self.offer.server

    @property
    def words(self) -> Words:
        """In the reader's language, English where that lacks a text."""
        return self.said[language_of(self.said)]

    @property
    def is_sandbox(self) -> bool:
        """Whether it is there to try the API with, and nothing else."""
        return any(one.provider.sandbox for one in self.server.endpoints)

    @property
    def rank(self) -> tuple[int, int]:
        """What it costs beside others: tokens 3 to 1 in and out; after them what is priced otherwise."""
        return _rank(self.offer.price)


@dataclass(frozen=True, slots=True)
class Showcase:
    """All that is on sale by id."""

    catalog: Catalog = field(repr=False)
    rates: RatesSnap = field(repr=False)
    demo: bool
    cards: Mapping[str, Card]
    providers: Sequence[tuple[str, str, int]]  # slug, name, how many models
    capabilities: Sequence[str]
    free: int
    # Entries of the list as HTML by view, language and id: the same for everybody, so drawn once.
    drawn: dict[tuple[str, str, str], SafeString] = field(default_factory=dict, repr=False)


_lock = Lock()
_held: list[Showcase] = []


def showcase() -> Showcase | None:
    """What is on sale now; None while no exchange rate is in force."""
    try:
        here = market()
    except ApiError:
        return None
    with _lock:
        if not _held or not _is_of(_held[0], here):
            _held[:] = [_built(here, _held[0] if _held else None)]
        return _held[0]


def _is_of(kept: Showcase, here: Market) -> bool:
    same = kept.catalog is here.catalog and kept.rates == here.rates
    return same and kept.demo == settings.DEMO


def _built(here: Market, before: Showcase | None) -> Showcase:
    said = wordings()
    cards = {offer.model.slug: _card(offer, said) for offer in offers(here)}
    names: dict[str, str] = {}
    for card in cards.values():
        names |= card.providers
    count = {slug: sum(slug in card.providers for card in cards.values()) for slug in names}
    abilities = {word for card in cards.values() for word in card.server.capabilities}
    return Showcase(
        catalog=here.catalog,
        rates=here.rates,
        demo=settings.DEMO,
        cards=cards,
        providers=sorted(((s, n, count[s]) for s, n in names.items()), key=lambda row: row[1].casefold()),
        capabilities=sorted(abilities),
        free=sum(card.server.free for card in cards.values()),
        drawn=_still(before, cards) if before and before.demo == settings.DEMO else {},
    )


def _still(before: Showcase, cards: Mapping[str, Card]) -> dict[tuple[str, str, str], SafeString]:
    """What was drawn of cards that are as they were: hosted prices move every five minutes, others don't."""
    same = {slug for slug, card in cards.items() if before.cards.get(slug) == card}
    return {place: html for place, html in before.drawn.items() if place[2] in same}


def wordings() -> dict[int, dict[str, dict[str, str]]]:
    """Model's key → language → what is said in it, English apart."""
    found: dict[int, dict[str, dict[str, str]]] = {}
    for row in ModelWording.objects.values("model_id", "language", *WORDS):
        texts = {word: row[word] for word in WORDS if row[word]}
        found.setdefault(row["model_id"], {})[row["language"]] = texts
    return found


def spoken(model: ModelSnap, said: Mapping[str, Mapping[str, str]]) -> dict[str, Words]:
    """What is said of a model in each language, English standing in for what is missing."""
    english = {word: getattr(model, word) for word in WORDS}
    return {"en": Words(**english)} | {name: Words(**english | dict(texts)) for name, texts in said.items()}


def language_of(said: Mapping[str, Words]) -> str:
    """The reader's language, if there is something said in it."""
    wanted = (get_language() or "en")[:2]
    return wanted if wanted in said else "en"


def _card(offer: Offer, said: Mapping[int, Mapping[str, Mapping[str, str]]]) -> Card:
    model = offer.model
    words = spoken(model, said.get(model.pk, {}))
    providers = {one.provider.slug: one.provider.name for one in offer.server.endpoints}
    texts = (model.slug, model.name, model.creator, *(one.description for one in words.values()))
    return Card(offer, providers, words, " ".join(texts).casefold())


def _rank(price: Price | None) -> tuple[int, int]:
    if price is None:
        return len(COMPONENTS) + 1, 0
    sale = price.sale.components
    if "input" in sale or "output" in sale:
        return 0, _INPUT_SHARE * sale.get("input", 0) + sale.get("output", 0)
    kind, figure = next(((name, sale[name]) for name in COMPONENTS if name in sale), ("", 0))
    return 1 + (list(COMPONENTS).index(kind) if kind else len(COMPONENTS)), figure
