"""The public catalog for readers, priced in so'm. Prices are micros per 10^6 units."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from django.conf import settings
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from billing.models import Markup
from billing.money import half_up
from proxy.meter import Price
from proxy.offers import Offer, catalog, market, offer
from routing import choose
from routing.errors import UnknownModel
from routing.models import Modality
from routing.snaps import ModelSnap

MILLION = 1_000_000
COMPONENTS: dict[str, tuple[Promise, Promise]] = {
    "input": (_("Input"), _("per million tokens")),
    "cached_input": (_("Cached input"), _("per million tokens")),
    "cache_write_5m": (_("Cache write, 5 minutes"), _("per million tokens")),
    "cache_write_1h": (_("Cache write, 1 hour"), _("per million tokens")),
    "output": (_("Output"), _("per million tokens")),
    "reasoning": (_("Reasoning"), _("per million tokens")),
    "character": (_("Characters"), _("per million characters")),
    "image": (_("Image"), _("per image")),
    "second": (_("Duration"), _("per second")),
    "request": (_("Request"), _("per request")),
}
PER_ONE = frozenset({"image", "second", "request"})
MODALITIES = dict(Modality.choices)


@dataclass(frozen=True, slots=True)
class PriceLine:
    """A price for readers: base is the provider's at today's rate, final has the markup on it; in micros.

    fx_margin: how much of the final price is the exchange margin.
    """

    label: str | Promise
    unit: str | Promise
    base: int
    final: int
    fx_margin: int = 0


@dataclass(frozen=True, slots=True)
class Keyless:
    """Providers that are known but have no credential here, and the variable that would bring them."""

    variable: str
    names: str


def markups() -> dict[str, int]:
    """The markups in force by kind, in basis points."""
    newest = Markup.objects.order_by("kind", "-id").distinct("kind")
    return dict(newest.values_list("kind", "bps"))


def find(name: str) -> Offer | None:
    """The model with this id, alias or display name, replaced ones too; None if there is none.

    Raises ApiError 503 while no exchange rate is in force.
    """
    here = market()
    try:
        slug = choose.slug_of(here.catalog, name)
    except UnknownModel:
        return None
    model = here.catalog.models[slug]
    return None if model.retired and not model.replaced_by else offer(here, model)


def price_lines(price: Price | None) -> list[PriceLine]:
    """The components of a price in reading order."""
    if price is None:
        return []
    return report_lines(price.report)


def report_lines(report: Mapping[str, Mapping[str, int]]) -> list[PriceLine]:
    """The same for the prices that a request row has kept."""
    return [
        PriceLine(
            *COMPONENTS[name],
            base=shown(name, parts["base"]),
            final=shown(name, parts["final"]),
            fx_margin=shown(name, parts.get("fx_margin", 0)),
        )
        for name, parts in sorted(report.items(), key=_position)
        if name in COMPONENTS
    ]


def _position(item: tuple[str, object]) -> int:
    order = list(COMPONENTS)
    return order.index(item[0]) if item[0] in COMPONENTS else len(order)


def shown(component: str, micros: int) -> int:
    """Tokens and characters are priced by the million, everything else by the piece."""
    return half_up(micros, MILLION) if component in PER_ONE else micros


@dataclass(frozen=True, slots=True)
class Missing:
    """What the demo lacks. sandbox: our small model answers for the models of these providers."""

    providers: Sequence[Keyless]
    sandbox: bool


def missing(model: ModelSnap | None = None) -> Missing | None:
    """For the demo's banner, of all models or one; None elsewhere, where only the operator needs to know."""
    if not settings.DEMO:
        return None
    here = catalog()
    models = here.models.values() if model is None else [model]
    return Missing(_keyless(models), any(e.provider.available for e in here.sandboxes.values()))


def _keyless(models: Iterable[ModelSnap]) -> list[Keyless]:
    providers = {endpoint.provider for model in models for endpoint in model.endpoints}
    by_variable: dict[str, set[str]] = {}
    for provider in providers:
        if provider.credential_ref and not provider.available:
            by_variable.setdefault(provider.credential_ref.removeprefix("env:"), set()).add(provider.name)
    return [Keyless(variable, ", ".join(sorted(names))) for variable, names in sorted(by_variable.items())]
