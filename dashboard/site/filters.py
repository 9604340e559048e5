"""What a visitor looks for among the models. Every wish is in the address, so that a list can be sent on."""

from collections.abc import Iterable, Sequence
from typing import Any, ClassVar, Final

from django import forms
from django.utils.translation import gettext_lazy as _

from dashboard.shop import MODALITIES
from dashboard.site.showcase import Card, Showcase
from dashboard.templatetags.catalog import CAPABILITIES, tokens

WINDOWS: Final = (32_000, 128_000, 200_000, 1_000_000)
SORTS: Final = {
    "": _("Catalog order"),
    "cheap": _("Cheapest first"),
    "dear": _("Dearest first"),
    "context": _("Longest context first"),
}
VIEWS: Final = ("cards", "table")


class CatalogForm(forms.Form):
    """The filters; what a showcase doesn't have can't be chosen."""

    q = forms.CharField(
        label=_("Search"),
        required=False,
        max_length=100,
        widget=forms.TextInput(
            attrs={"type": "search", "placeholder": "gpt, llama, gemini…", "autocomplete": "off"}
        ),
    )
    modality = forms.ChoiceField(label=_("Kind"), required=False)
    provider = forms.ChoiceField(label=_("Provider"), required=False)
    category = forms.ChoiceField(
        label=_("Weights"),
        choices=[("", _("Any")), ("hosted", _("Open")), ("third_party", _("Closed"))],
        required=False,
    )
    capability = forms.ChoiceField(label=_("Can"), required=False)
    context = forms.TypedChoiceField(label=_("Context"), coerce=int, empty_value=None, required=False)
    sort = forms.ChoiceField(label=_("Order"), choices=list(SORTS.items()), required=False)
    free = forms.BooleanField(label=_("Free only"), required=False)

    # What is chosen, as the address has it; the view of the list is a wish too, but no field.
    wishes: ClassVar[tuple[str, ...]] = (
        *("q", "modality", "provider", "category", "capability", "context", "sort", "free"),
    )

    def __init__(self, shown: Showcase, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        kinds = {card.server.modality for card in shown.cards.values()}
        self._choices(
            "modality", [("", _("All kinds")), *((k, n) for k, n in MODALITIES.items() if k in kinds)]
        )
        providers = [(slug, f"{name} ({count})") for slug, name, count in shown.providers]
        self._choices("provider", [("", _("Any")), *providers])
        abilities = [(word, CAPABILITIES.get(word, word)) for word in shown.capabilities]
        self._choices("capability", [("", _("Anything")), *abilities])
        self._choices("context", [("", _("Any")), *((str(size), f"≥ {tokens(size)}") for size in WINDOWS)])

    def _choices(self, name: str, choices: Sequence[tuple[str, Any]]) -> None:
        field = self.fields[name]
        assert isinstance(field, forms.ChoiceField)
        field.choices = choices


def found(cards: Iterable[Card], said: dict[str, Any]) -> list[Card]:
    """The cards that match all wishes, in the order that is asked for. An absent wish is none."""
    needles = str(said.get("q", "")).casefold().split()
    rows = [card for card in cards if _matches(card, said) and all(one in card.haystack for one in needles)]
    match said.get("sort"):
        case "cheap":
            rows.sort(key=lambda card: card.rank)
        case "dear":
            rows.sort(key=lambda card: (card.rank[0], -card.rank[1]))
        case "context":
            rows.sort(key=lambda card: -card.server.context_window)
        case _:
            rows.sort(key=lambda card: (card.is_sandbox, card.model.pk))
    return rows


def _matches(card: Card, said: dict[str, Any]) -> bool:
    """Whether a card fits every wish but the words."""
    server = card.server
    return (
        said.get("modality") in ("", None, server.modality)
        and (not said.get("provider") or said["provider"] in card.providers)
        and said.get("category") in ("", None, server.category)
        and (not said.get("capability") or said["capability"] in server.capabilities)
        and server.context_window >= (said.get("context") or 0)
        and (server.free or not said.get("free"))
    )
