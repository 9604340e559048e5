"""What a model's page tells beside its prices: words, response time, a thousand words' cost, linked data."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from billing.money import exact_uzs
from dashboard.samples import Sample, sample
from dashboard.served import Served
from dashboard.site import calls
from dashboard.site.showcase import Words, language_of, spoken
from dashboard.words import LANGUAGES, Ratio, of_1000_words, ratio
from proxy.offers import Offer
from routing.catalog.words import WORDS
from routing.models import ModelWording
from routing.snaps import ModelSnap

_NAMES = {"uz": _("Uzbek"), "ru": _("Russian"), "en": _("English")}


@dataclass(frozen=True, slots=True)
class WordPrice:
    """A thousand words of a language, in micros; None where that way costs nothing of its own."""

    language: Any
    tokens: int
    input: int | None
    output: int | None


@dataclass(frozen=True, slots=True)
class WordPrices:
    """`ratio` says by whose tokenizer, and whether it is the model's own."""

    ratio: Ratio
    rows: Sequence[WordPrice]


@dataclass(frozen=True, slots=True)
class ResponseTime:
    """Milliseconds to the first token. measured: by calls and probes; else what the catalog expects."""

    ms: int
    measured: bool


def words(model: ModelSnap) -> Words:
    """What is said of a model in the reader's language."""
    rows = ModelWording.objects.filter(model_id=model.pk).values("language", *WORDS)
    texts = {row["language"]: {word: row[word] for word in WORDS if row[word]} for row in rows}
    said = spoken(model, texts)
    return said[language_of(said)]


def word_prices(offer: Offer) -> WordPrices | None:
    """None for what isn't paid by tokens of text."""
    sale = offer.price.sale.components if offer.price else {}
    if offer.server.modality not in ("chat", "embedding") or "input" not in sale:
        return None
    counted = ratio(offer.server.tokenizer)
    rows = [
        WordPrice(
            _NAMES[language],
            tokens := counted.tokens[language],
            of_1000_words(sale["input"], tokens),
            of_1000_words(sale["output"], tokens) if sale.get("output") else None,
        )
        for language in LANGUAGES
    ]
    return WordPrices(counted, rows)


def response_time(model: ModelSnap, rows: Iterable[Served]) -> ResponseTime | None:
    """Of the provider that is asked first and has figures: over the last hour, else the last day."""
    for row in rows:
        known = [period.ttft_ms for period in row.periods[1:] if period.ttft_ms is not None]
        if row.state == "up" and known:
            return ResponseTime(known[0], measured=True)
    expected = [one.ttft_ms for one in model.endpoints if one.ttft_ms and one.provider.available]
    return ResponseTime(min(expected), measured=False) if expected else None


def samples(offer: Offer) -> list[Sample]:
    """The same call in Python, Node.js and curl, with a prompt in the reader's language."""
    return [
        sample(language, text)
        for language, text in calls.texts(offer.server.modality, offer.model.slug).items()
    ]


def linked_data(request: HttpRequest, offer: Offer) -> dict[str, Any]:
    """The page for machines, in the words of schema.org."""
    model = offer.model
    told: dict[str, Any] = {
        "@context": "https://schema.org",
        "@type": "SoftwareApplication",
        "applicationCategory": "DeveloperApplication",
        "operatingSystem": "API",
        "name": model.name,
        "identifier": model.slug,
        "description": words(model).description,
        "url": request.build_absolute_uri(request.path),
    }
    if model.creator:
        told["creator"] = {"@type": "Organization", "name": model.creator}
    prices = _specifications(offer)
    return told | ({"offers": {"@type": "Offer", "priceSpecification": prices}} if prices else {})


def _specifications(offer: Offer) -> list[dict[str, Any]]:
    sale = offer.price.sale.components if offer.price else {}
    names = {"input": gettext("Input"), "output": gettext("Output")}
    return [
        {
            "@type": "UnitPriceSpecification",
            "name": label,
            "price": exact_uzs(sale[name]),
            "priceCurrency": "UZS",
            "valueAddedTaxIncluded": True,
            "referenceQuantity": {"@type": "QuantitativeValue", "value": 1_000_000, "unitText": "token"},
        }
        for name, label in names.items()
        if name in sale
    ]
