"""What a price is made of, in the words of people; catalog files have the names."""

from collections.abc import Mapping
from typing import Final

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from routing.catalog.amounts import from_nano
from routing.models import COMPONENTS

WORDS: Final[Mapping[str, Promise]] = {
    "input": gettext_lazy("Input"),
    "cached_input": gettext_lazy("Cached input"),
    "cache_write_5m": gettext_lazy("Cache write, 5 minutes"),
    "cache_write_1h": gettext_lazy("Cache write, 1 hour"),
    "output": gettext_lazy("Output"),
    "reasoning": gettext_lazy("Reasoning"),
    "image": gettext_lazy("Image"),
    "second": gettext_lazy("Duration"),
    "character": gettext_lazy("Characters"),
    "request": gettext_lazy("Request"),
}
_UNITS: Final[Mapping[str, Promise]] = {
    "image": gettext_lazy("per image"),
    "second": gettext_lazy("per second"),
    "character": gettext_lazy("per million characters"),
    "request": gettext_lazy("per request"),
}


def unit(component: str) -> str:
    """What its price is for."""
    return str(_UNITS.get(component) or _("per million tokens"))


def usd(components: Mapping[str, int]) -> str:
    """Components as people read them: "Input 2.50; Output 10.00" (USD)."""
    return "; ".join(
        f"{WORDS[name]} {from_nano(name, components[name])}" for name in COMPONENTS if name in components
    )
