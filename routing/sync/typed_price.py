"""The price of a model whose list has none, as an operator types it while accepting it."""

from collections.abc import Mapping
from typing import Final

from django.utils.translation import gettext as _

from routing.catalog.amounts import to_nano
from routing.component_words import WORDS, unit
from routing.errors import ProposalRefused
from routing.models import CatalogProposal, ProposalKind

# By modality: what it is sold by, and what may be said beside.
_NEEDED: Final[Mapping[str, tuple[str, ...]]] = {
    "chat": ("input", "output"),
    "embedding": ("input",),
    "image": ("image",),
    "video": ("second",),
    "speech": ("character",),
    "transcription": ("second",),
    "moderation": ("request",),
}
_MORE: Final[Mapping[str, tuple[str, ...]]] = {"chat": ("cached_input",), "image": ("input",)}


def fields(proposal: CatalogProposal) -> list[tuple[str, str]]:
    """(name, label) of each field to be typed into; none where the list itself has a price."""
    return [(_name(proposal, component), _label(component)) for component in _asked(proposal)]


def typed(proposal: CatalogProposal, given: Mapping[str, str]) -> dict[str, int]:
    """Component → nano-USD per 10^6 units; empty where nothing was to be typed. Raises ProposalRefused."""
    prices = {}
    for component in _asked(proposal):
        text = given.get(_name(proposal, component), "").strip()
        if text:
            prices[component] = _nano(component, text)
        elif component in _NEEDED[proposal.after["modality"]]:
            raise ProposalRefused(_("Its list has no price: type one (%s).") % _label(component))
    return prices


def _asked(proposal: CatalogProposal) -> tuple[str, ...]:
    if proposal.kind != ProposalKind.NEW or proposal.after["prices"]:
        return ()
    modality = proposal.after["modality"]
    return _NEEDED[modality] + _MORE.get(modality, ())


def _name(proposal: CatalogProposal, component: str) -> str:
    return f"price-{proposal.pk}-{component}"


def _label(component: str) -> str:
    return f"{WORDS[component]}, USD {unit(component)}"


def _nano(component: str, text: str) -> int:
    try:
        return to_nano(component, text)
    except ValueError as error:
        raise ProposalRefused(f"{_label(component)}: {error}") from None
