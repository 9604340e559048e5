"""What a provider's list says of its models, as values, whatever the shape it came in. Pure.

Costs are nano-USD per 10^6 units. None everywhere: the list doesn't say.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from routing.errors import ListRefused

MODELS_MAX: Final = 5_000
_NONE: Final[Mapping[str, int]] = MappingProxyType({})


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """One model of a list. `told`: the capabilities that such a list could have named.

    `prices` is empty where the list has none, or one that depends on the call ("-1"). `open_weights` decides
    the category of a new model. `problem`: what could not be understood, so that nothing is concluded.
    """

    id: str
    name: str = ""
    modality: str = "chat"
    prices: Mapping[str, int] = _NONE
    context_window: int | None = None
    max_output_tokens: int | None = None
    capabilities: frozenset[str] = frozenset()
    told: frozenset[str] = frozenset()
    open_weights: bool = False
    deprecated: bool = False
    problem: str = ""


@dataclass(frozen=True, slots=True)
class Page:
    """One answer of a list. next: path and query of what follows, or a query alone; empty at the end."""

    models: tuple[Listed, ...]
    next: str = ""


def joined(pages: Iterable[Page]) -> dict[str, Listed]:
    """The whole list by id. Raises ListRefused if it can't be trusted as a whole."""
    found: dict[str, Listed] = {}
    for page in pages:
        for listed in page.models:
            if listed.id in found:
                raise ListRefused(f"'{listed.id}' is listed twice")
            if len(found) >= MODELS_MAX:
                raise ListRefused(f"more than {MODELS_MAX} models")
            found[listed.id] = listed
    if not found:
        raise ListRefused("no models are listed")  # an outage looks like this, and a closed account
    wrong = [listed for listed in found.values() if listed.problem]
    if 2 * len(wrong) > len(found):
        raise ListRefused(f"{len(wrong)} of {len(found)} models can't be understood: {wrong[0].problem}")
    return found
