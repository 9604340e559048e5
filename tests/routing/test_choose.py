"""From what a caller asks for to the endpoints that are asked, in order."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from routing import choose
from routing.errors import InvalidStrategy, NoEndpoint, UnknownModel
from routing.names import fold
from routing.snaps import Catalog, CostSnap, EndpointSnap, ModelSnap, ProviderSnap, SiteSnap


def candidates(*args, **more):
    return choose.candidates(*args, spoken=("openai",), **more)


def provider(slug: str, *, up: bool = True, dialect: str = "openai", sandbox: bool = False) -> ProviderSnap:
    return ProviderSnap(
        id=1,
        slug=slug,
        name=slug,
        dialect=dialect,
        base_url="https://x.test/v1",
        credential_ref="",
        secret="secret-word",
        on_disconnect="cancel",
        hosted=sandbox,
        sandbox=sandbox,
        available=up,
    )


def endpoint(
    id: int, price: int, *, priority: int = 1, at: ProviderSnap | None = None, **more: int
) -> EndpointSnap:
    return EndpointSnap(
        id=id,
        provider=at or provider(f"p{id}"),
        upstream_name=f"u{id}",
        markup_kind="margin",
        priority=priority,
        cost=CostSnap(id=id, components={"input": price, "output": price}),
        **more,
    )


def model(slug: str, *endpoints: EndpointSnap, **more: object) -> ModelSnap:
    plain = ModelSnap(
        pk=abs(hash(slug)),
        slug=slug,
        name=slug.title(),
        modality="chat",
        category="hosted",
        free=False,
        rpm=None,
        context_window=1000,
        max_output_tokens=None,
        default_output_tokens=None,
        capabilities=frozenset(),
        replaced_by="",
        retired=False,
        creator="",
        description="",
        strengths="",
        weaknesses="",
        tokenizer="",
        max_duration_s=None,
        default_size="",
        max_side_px=None,
        created_at=datetime(2026, 1, 1, tzinfo=UTC),
        endpoints=endpoints,
    )
    return replace(plain, **more)  # type: ignore[arg-type]


def catalog(*models: ModelSnap) -> Catalog:
    names = {fold(name): m.slug for m in models for name in (m.slug, m.name)}
    return Catalog(version=1, models={m.slug: m for m in models}, names=names, sandboxes={"chat": SANDBOX})


SANDBOX = endpoint(99, 1, at=provider("sandbox", sandbox=True))
CHEAP, DEAR, MIDDLE = endpoint(1, 10, priority=3), endpoint(2, 30, priority=1), endpoint(3, 20, priority=2)
THREE = model("v/three", CHEAP, DEAR, MIDDLE)


def ids(endpoints: tuple[EndpointSnap, ...]) -> list[int]:
    return [e.id for e in endpoints]


@pytest.mark.parametrize(
    "asked", ["v/three", " V/THREE ", "V/Three@price", "v/three@LATENCY@price@token_rate"]
)
def test_a_model_is_found_by_any_spelling_with_any_tags(asked: str) -> None:
    assert choose.resolve(catalog(THREE), asked).model is THREE


def test_tags_are_kept_once_in_their_order() -> None:
    assert choose.resolve(catalog(THREE), "v/three@token_rate@Price@price").strategies == (
        "token_rate",
        "price",
    )


@pytest.mark.parametrize("asked", ["v/three@", "v/three@cheap", "@", "v/three@price@", "@nonsense"])
def test_a_word_that_is_no_strategy_is_refused(asked: str) -> None:
    with pytest.raises(InvalidStrategy):
        choose.resolve(catalog(THREE), asked)


@pytest.mark.parametrize("asked", ["", "three", "nobody/nothing", "nobody@price"])
def test_an_unknown_name_is_refused(asked: str) -> None:
    with pytest.raises(UnknownModel):
        choose.resolve(catalog(THREE), asked)


def test_a_replaced_model_answers_through_its_successor() -> None:
    old = model("v/old", replaced_by="v/older", retired=True)
    older = model("v/older", replaced_by="v/three")
    found = choose.resolve(catalog(THREE, old, older), "v/old@price")
    assert (found.model, found.replaced, found.strategies) == (THREE, True, ("price",))


def test_a_retired_model_without_successor_is_unknown() -> None:
    with pytest.raises(UnknownModel):
        choose.resolve(catalog(model("v/gone", CHEAP, retired=True)), "v/gone")


def test_a_circle_of_successors_is_not_followed_for_ever() -> None:
    one, two = model("v/a", replaced_by="v/b"), model("v/b", replaced_by="v/a")
    with pytest.raises(UnknownModel):
        choose.resolve(catalog(one, two), "v/a")


def test_bare_tags_pick_the_cheapest_allowed_chat_model_that_is_up() -> None:
    dear = model("v/dear", endpoint(5, 500))
    down = model("v/down", endpoint(6, 1, at=provider("p6", up=False)))
    picture = model("v/picture", endpoint(7, 1), modality="image")
    here = catalog(dear, down, picture, THREE)
    assert choose.resolve(here, "@price").model is THREE
    assert choose.resolve(here, "@price@latency").bare
    assert choose.resolve(here, "@price", allowed={"v/dear"}).model is dear
    with pytest.raises(NoEndpoint):
        choose.resolve(here, "@price", allowed=set())


def test_priority_orders_the_candidates_and_price_does_when_asked() -> None:
    assert ids(candidates(THREE)) == [2, 3, 1]
    assert ids(candidates(THREE, ("price",))) == [1, 3, 2]


def test_who_cannot_answer_is_passed_over() -> None:
    down, foreign = (
        endpoint(7, 1, at=provider("d", up=False)),
        endpoint(8, 1, at=provider("g", dialect="gemini")),
    )
    assert ids(candidates(model("v/m", down, foreign, CHEAP))) == [1]
    with pytest.raises(NoEndpoint):
        candidates(model("v/m", down, foreign))


def test_the_smaller_window_counts() -> None:
    small = endpoint(4, 1, context_window=100)
    m = model("v/m", small, CHEAP)

    def fitting(tokens: int) -> list[int]:
        return [e.id for e in candidates(m) if choose.fits(m, e, tokens)]

    assert fitting(100) == [4, 1]
    assert fitting(101) == [1]
    assert fitting(1001) == []


def test_in_the_demo_the_sandbox_stands_in_at_the_listed_price() -> None:
    down = replace(
        THREE, endpoints=tuple(replace(e, provider=provider("d", up=False)) for e in THREE.endpoints)
    )
    (stand_in,) = candidates(down, sandbox=SANDBOX)
    assert (stand_in.id, stand_in.upstream_name, stand_in.stands_in) == (99, "u99", True)
    assert stand_in.cost == DEAR.cost
    (cheapest,) = candidates(down, ("price",), sandbox=SANDBOX)
    assert cheapest.cost == CHEAP.cost
    with pytest.raises(NoEndpoint):
        candidates(down)


def test_in_the_demo_the_sandbox_stands_in_at_each_site_of_ours() -> None:
    """At the site's own cost and under its name; a paused site has nobody."""
    closed = replace(provider("north", up=False), base_url="")
    paused = replace(closed, slug="south", active=False)
    site = SiteSnap(
        id=1, slug="north", place="N", country="US", drained=False, in_flight_max=8, queue_budget_ms=1500
    )
    here = replace(endpoint(5, 70, at=closed), site=site, preferred=True)
    there = replace(endpoint(6, 60, at=paused), site=replace(site, slug="south"))
    shop = endpoint(7, 10, at=provider("shop", up=False))
    (found,) = candidates(model("v/hosted", here, there, shop), sandbox=SANDBOX)
    assert (found.id, found.upstream_name, found.stands_in) == (5, "u99", True)
    assert (found.provider.slug, found.provider.base_url) == ("north", SANDBOX.provider.base_url)
    assert (found.cost, found.site, found.preferred) == (here.cost, site, True)


def test_the_sandbox_stands_in_for_nothing_that_is_up_or_unpriced() -> None:
    assert ids(candidates(THREE, sandbox=SANDBOX)) == [2, 3, 1]
    down = endpoint(7, 1, at=provider("d", up=False))
    with pytest.raises(NoEndpoint):
        candidates(model("v/none"), sandbox=SANDBOX)
    off = replace(SANDBOX, provider=provider("sandbox", sandbox=True, up=False))
    with pytest.raises(NoEndpoint):
        candidates(model("v/m", down), sandbox=off)


def test_a_secret_is_never_printed() -> None:
    assert "secret-word" not in repr(catalog(THREE))
