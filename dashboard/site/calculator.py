"""What a month of calls costs: the arithmetic of the bill, for a visitor's own figures. Integers only."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

from django import forms
from django.utils.translation import gettext_lazy as _

from billing.money import ceil_div
from dashboard.site.showcase import Card

MILLION: Final = 10**6
DAYS: Final = 30
TOKENS_MAX: Final = 10**12
DEFAULT_INPUT: Final = 200_000
DEFAULT_OUTPUT: Final = 50_000


@dataclass(frozen=True, slots=True)
class Choice:
    """A model paid by tokens; prices in micros per 10^6 tokens."""

    slug: str
    name: str
    input: int
    output: int
    free: bool


@dataclass(frozen=True, slots=True)
class Estimate:
    """`day` and `month` in micros; a month has 30 days."""

    choice: Choice
    input: int
    output: int

    @property
    def day(self) -> int:
        """Each component rounded up to whole micros, as a charge is."""
        each = (self.input * self.choice.input, self.output * self.choice.output)
        return sum(ceil_div(product, MILLION) for product in each)

    @property
    def month(self) -> int:
        return DAYS * self.day


class CalculatorForm(forms.Form):
    """Tokens a day of one model."""

    model = forms.ChoiceField(label=_("Model"))
    input = forms.IntegerField(label=_("Tokens read a day"), min_value=0, max_value=TOKENS_MAX)
    output = forms.IntegerField(label=_("Tokens written a day"), min_value=0, max_value=TOKENS_MAX)


def choices(cards: Iterable[Card]) -> list[Choice]:
    """Chat models with a price, by name."""
    found = []
    for card in cards:
        sale = card.offer.price.sale.components if card.offer.price else {}
        if card.server.modality == "chat" and {"input", "output"} <= sale.keys():
            one = Choice(card.model.slug, card.model.name, sale["input"], sale["output"], card.server.free)
            found.append(one)
    return sorted(found, key=lambda choice: choice.name.casefold())


def estimate(
    found: list[Choice], asked: dict[str, str], usual: str
) -> tuple[Estimate | None, CalculatorForm]:
    """The visitor's figures, else usual ones; None while nothing is sold by tokens.

    asked: the address's wishes. A form with mistakes keeps them, and the estimate is of the usual figures.
    """
    if not found:
        return None, CalculatorForm()
    by_slug = {choice.slug: choice for choice in found}
    start = {"model": usual if usual in by_slug else found[0].slug}
    start |= {"input": str(DEFAULT_INPUT), "output": str(DEFAULT_OUTPUT)}
    form = CalculatorForm(start | {name: asked[name] for name in start if name in asked})
    field = form.fields["model"]
    assert isinstance(field, forms.ChoiceField)
    field.choices = [(choice.slug, choice.name) for choice in found]
    said: dict[str, Any] = {"model": start["model"], "input": DEFAULT_INPUT, "output": DEFAULT_OUTPUT}
    if form.is_valid():
        said = form.cleaned_data
    return Estimate(by_slug[said["model"]], said["input"], said["output"]), form
