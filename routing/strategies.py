"""The order in which endpoints are asked. Pure.

`price` is known from the catalog; `latency` and `token_rate` need health figures, so without them
they keep the operator's priority.
"""

from collections.abc import Iterable, Mapping
from typing import Final

from routing.snaps import CostSnap, EndpointSnap

STRATEGIES: Final = ("price", "latency", "token_rate")
# Without a prompt nobody knows the mix; one part of output to one of input, as listings compare models.
_TOKENS: Final = ("input", "output")


def listed_cost(cost: CostSnap) -> int:
    """One figure to compare endpoints of a model by, nano-USD: input + output, or else all components."""
    components: Mapping[str, int] = cost.components
    tokens = [components[name] for name in _TOKENS if name in components]
    return sum(tokens) if tokens else sum(components.values())


def ordered(endpoints: Iterable[EndpointSnap], strategies: tuple[str, ...]) -> list[EndpointSnap]:
    """The endpoints in the order to ask them: cheapest first under @price, else the operator's priority."""
    if "price" in strategies:
        return sorted(endpoints, key=lambda e: (listed_cost(e.cost), e.priority, e.id))
    return sorted(endpoints, key=lambda e: (e.priority, listed_cost(e.cost), e.id))
