"""From what a caller asked for to the endpoints to try, in order. Pure."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from typing import Final

from routing.errors import InvalidStrategy, NoEndpoint, UnknownModel
from routing.names import fold
from routing.snaps import Catalog, EndpointSnap, ModelSnap
from routing.strategies import STRATEGIES, listed_cost, ordered

CANDIDATES_MAX: Final = 3
# A chain of replacements longer than this is a loop that no loader has checked.
_HOPS_MAX: Final = 8


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a bare tag may pick among: models of this modality, at endpoints of these dialects."""

    modality: str
    spoken: Collection[str]


CHAT: Final = Wanted("chat", ("openai",))


@dataclass(frozen=True, slots=True)
class Resolution:
    """`replaced`: the name asked for belongs to a retired model, `model` is its successor.

    `bare`: only tags were asked for, so the model is our choice and the answer names it.
    """

    model: ModelSnap
    strategies: tuple[str, ...]
    replaced: bool = False
    bare: bool = False


def resolve(
    catalog: Catalog, asked: str, allowed: Collection[str] | None = None, wanted: Wanted = CHAT
) -> Resolution:
    """What `asked` ('GPT 4o', 'openai/gpt-4o@price', '@latency') means.

    `allowed` are the slugs a bare tag may choose from (None: all). Raises UnknownModel, InvalidStrategy, and
    NoEndpoint for a bare tag when nothing is up.
    """
    name, _, tail = asked.partition("@")
    strategies = _strategies(tail.split("@")) if "@" in asked else ()
    if strategies and not name.strip():
        return Resolution(_any_model(catalog, strategies, allowed, wanted), strategies, bare=True)
    slug = slug_of(catalog, asked)
    model = successor(catalog, catalog.models[slug])
    if model.retired:
        raise UnknownModel(asked)
    return Resolution(model, strategies, replaced=model.slug != slug)


def slug_of(catalog: Catalog, asked: str) -> str:
    """The id that this spelling belongs to, tags aside, replaced or not. Raises UnknownModel."""
    slug = catalog.names.get(fold(asked.partition("@")[0]))
    if slug is None:
        raise UnknownModel(asked)
    return slug


def _strategies(tags: Iterable[str]) -> tuple[str, ...]:
    found: list[str] = []
    for tag in tags:
        word = tag.strip().casefold()
        if word not in STRATEGIES:
            raise InvalidStrategy(tag)
        if word not in found:
            found.append(word)
    return tuple(found)


def successor(catalog: Catalog, model: ModelSnap) -> ModelSnap:
    """The model that answers for this one: itself unless it was replaced."""
    for _ in range(_HOPS_MAX):
        if not model.replaced_by:
            return model
        following = catalog.models.get(model.replaced_by)
        if following is None:
            return model
        model = following
    raise UnknownModel(model.slug)


def _any_model(
    catalog: Catalog, strategies: tuple[str, ...], allowed: Collection[str] | None, wanted: Wanted
) -> ModelSnap:
    """The model whose first endpoint comes first among all that can answer now."""
    offers = {
        endpoint.id: (endpoint, model)
        for model in every(catalog, allowed, wanted)
        for endpoint in serving(model, wanted.spoken)
    }
    if not offers:
        raise NoEndpoint("@" + "@".join(strategies))
    return min(offers.values(), key=lambda o: (listed_cost(o[0].cost), o[0].priority, o[0].id))[1]


def listed(model: ModelSnap) -> bool:
    """Whether the catalog offers this model by its own id (neither retired nor replaced)."""
    return not model.retired and not model.replaced_by


def serving(model: ModelSnap, spoken: Collection[str]) -> tuple[EndpointSnap, ...]:
    """The endpoints of a model that could answer now."""
    return tuple(e for e in model.endpoints if e.provider.available and e.provider.dialect in spoken)


def every(catalog: Catalog, allowed: Collection[str] | None, wanted: Wanted) -> list[ModelSnap]:
    """The models that a bare tag may choose from: on sale by their own id, allowed, and up."""
    return [
        model
        for model in catalog.models.values()
        if model.modality == wanted.modality
        and listed(model)
        and (allowed is None or model.slug in allowed)
        and serving(model, wanted.spoken)
    ]


def candidates(
    model: ModelSnap,
    strategies: tuple[str, ...] = (),
    *,
    spoken: Collection[str],
    sandbox: EndpointSnap | None = None,
) -> tuple[EndpointSnap, ...]:
    """Whom to ask as far as the catalog alone knows, best first; raises NoEndpoint.

    `sandbox` (in the demo): a model without any serving endpoint gets it with `stands_in` set, carrying the
    cost and markup kind that the model itself is listed at; one with sites of ours gets it at each of them.
    """
    serve = serving(model, spoken)
    if serve:
        return tuple(ordered(serve, strategies))
    if sandbox is None or not sandbox.provider.available or not model.endpoints:
        raise NoEndpoint(model.slug)
    homes = [endpoint for endpoint in model.endpoints if endpoint.site and endpoint.provider.active]
    if homes:
        return tuple(_stand_in_at(endpoint, sandbox) for endpoint in ordered(homes, strategies))
    asked_for = ordered(model.endpoints, strategies)[0]
    return (replace(sandbox, cost=asked_for.cost, markup_kind=asked_for.markup_kind, stands_in=True),)


def _stand_in_at(endpoint: EndpointSnap, sandbox: EndpointSnap) -> EndpointSnap:
    """A site's endpoint as the demo has it: all is the site's but who answers."""
    site = endpoint.provider
    return replace(
        endpoint,
        provider=replace(sandbox.provider, id=site.id, slug=site.slug, name=site.name),
        upstream_name=sandbox.upstream_name,
        context_window=sandbox.context_window,
        capabilities=sandbox.capabilities,
        stands_in=True,
    )


def fits(model: ModelSnap, endpoint: EndpointSnap, tokens: int) -> bool:
    """Whether a prompt of so many tokens may go there; what nobody knows the window of takes everything."""
    room = window(model, endpoint)
    return room == 0 or room >= tokens


def window(model: ModelSnap, endpoint: EndpointSnap) -> int:
    """Tokens that fit at this endpoint: the smaller of both windows (the model's, its own); 0 is unknown."""
    known = [size for size in (model.context_window, endpoint.context_window) if size]
    return min(known, default=0)
