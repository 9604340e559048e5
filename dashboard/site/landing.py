"""The first page: what this is, what it costs, how to begin."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.cache import patch_vary_headers
from django.utils.formats import get_format
from django.views.decorators.http import require_safe

from dashboard import shop
from dashboard.samples import Sample, sample
from dashboard.site import calculator, calls
from dashboard.site.showcase import Card, Showcase, showcase

# Whose prices stand on the page, as far as they are on sale; then whatever else is.
FEATURED: Final = (
    *("anthropic/claude-sonnet-5.5", "openai/gpt-6-luna", "google/gemini-2.5-flash", "openai/gpt-4o"),
    *("deepseek/deepseek-v4-flash", "meta-llama/llama-3.1-8b-instruct"),
)
SHOWN: Final = 6
EXAMPLE: Final = FEATURED[0]


@require_safe
def landing(request: HttpRequest) -> HttpResponse:
    shown = showcase()
    context: dict[str, Any] = {
        "free_requests": settings.FREE_DAILY_REQUESTS,
        "markups": shop.markups(),
        "shown": shown,
        "samples": _samples(shown),
    }
    if shown is not None:
        context |= _priced(request, shown)
    response = render(request, "site/landing.html", context)
    patch_vary_headers(response, ["Accept-Language", "Cookie"])
    return response


def _priced(request: HttpRequest, shown: Showcase) -> dict[str, Any]:
    found = calculator.choices(shown.cards.values())
    sum_, form = calculator.estimate(found, request.GET.dict(), EXAMPLE)
    return {
        "featured": featured(shown.cards),
        "makers": len({card.model.creator for card in shown.cards.values() if card.model.creator}),
        "hosted": _hosted(shown.cards.values()),
        "choices": found,
        "estimate": sum_,
        "calculator": form,
        "decimal_sign": get_format("DECIMAL_SEPARATOR"),
        "group_sign": get_format("THOUSAND_SEPARATOR"),
    }


def featured(cards: Mapping[str, Card]) -> list[Card]:
    """The cards whose prices the page shows."""
    known = [cards[slug] for slug in FEATURED if slug in cards]
    others = (card for slug, card in cards.items() if slug not in FEATURED and card.server.modality == "chat")
    return [*known, *others][:SHOWN]


def _hosted(cards: Iterable[Card]) -> int:
    """How many models have a price that follows electricity."""
    return sum(any(one.site is not None for one in card.server.endpoints) for card in cards)


def _samples(shown: Showcase | None) -> Sequence[Sample]:
    model = EXAMPLE if shown is None or EXAMPLE in shown.cards else _first(shown)
    return [sample(language, text) for language, text in calls.texts("chat", model).items()]


def _first(shown: Showcase) -> str:
    return next((slug for slug, card in shown.cards.items() if card.server.modality == "chat"), EXAMPLE)
