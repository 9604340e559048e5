"""Choices of the market: ties, long prompts that somebody has read, and what a caller's rules leave."""

import json
from dataclasses import fields
from datetime import date
from typing import Any

import pytest

from billing.rates import set_manual_rate
from proxy.errors import ApiError
from proxy.keys import Caller
from proxy.market import Market
from proxy.offers import market
from proxy.surfaces import SURFACES
from proxy.vitals import Vitals
from proxy.wishes import lifted
from routing.catalog.load import load
from routing.catalog.parse import parse

pytestmark = pytest.mark.django_db
LONG = "Samarqand haqida. " * 400
CATALOG = """
providers:
  - {slug: one, name: One, base_url: "https://one.test/v1"}
  - {slug: two, name: Two, base_url: "https://two.test/v1"}
  - {slug: dear, name: Dear, base_url: "https://dear.test/v1"}
  - {slug: small, name: Small, base_url: "https://small.test/v1"}
  - {slug: large, name: Large, base_url: "https://large.test/v1"}
models:
  - id: vendor/twins
    context_window: 128000
    endpoints:
      - {provider: one, upstream_name: t, price_usd: {input: "1.00", output: "2.00"}, priority: 1}
      - {provider: two, upstream_name: t, price_usd: {input: "1.00", output: "2.00"}, priority: 1}
      - {provider: dear, upstream_name: t, price_usd: {input: "9.00", output: "9.00"}, priority: 2}
  - id: vendor/two-sizes
    context_window: 8000
    endpoints:
      - {provider: small, upstream_name: s, price_usd: {input: "50", output: "50"}, context_window: 1000}
      - {provider: large, upstream_name: l, price_usd: {input: "60", output: "60"}}
  - id: vendor/other
    context_window: 128000
    endpoints: [{provider: dear, upstream_name: o, price_usd: {input: "3.00", output: "3.00"}}]
"""


@pytest.fixture
def here() -> Market:
    set_manual_rate(12_000_000_000, date(2026, 1, 1), "test", "test", confirmed=True)
    load(parse([("catalog.yaml", CATALOG)]), {}, prune=True)
    return market()


@pytest.fixture
def vitals() -> Vitals:
    return Vitals("redis://127.0.0.1:1/0", 5)


def caller(key: int = 1) -> Caller:
    nothing: dict[str, Any] = {field.name: None for field in fields(Caller)}
    return Caller(**nothing | {"key": key})


def call(text: str = "Salom!", **body: Any) -> Any:
    sent = {"model": "vendor/twins", "messages": [{"role": "user", "content": text}]} | body
    return lifted(SURFACES["chat"].parse(json.dumps(sent).encode(), {}))


def asked(plan: Any) -> list[str]:
    return [candidate.endpoint.provider.slug for candidate in plan.candidates]


def test_equals_share_by_load(here: Market, vitals: Vitals):
    assert asked(here.plan(caller(), call(), vitals)) == ["one", "two", "dear"]
    first = here.plan(caller(), call(), vitals).candidates[0].endpoint.id
    vitals.began(first)
    assert asked(here.plan(caller(), call(), vitals)) == ["two", "one", "dear"]


def test_who_has_read_a_long_beginning_is_asked_again(here: Market, vitals: Vitals):
    plan = here.plan(caller(), call(LONG), vitals)
    second = plan.candidates[1].endpoint
    vitals.has_read(plan.prefix, second.id)
    for _ in range(3):
        vitals.began(second.id)
    assert asked(here.plan(caller(), call(LONG), vitals))[0] == "two"
    assert asked(here.plan(caller(2), call(LONG), vitals))[0] == "one"  # another key's prompt
    assert asked(here.plan(caller(), call("Buxoro " + LONG), vitals))[0] == "one"
    assert asked(here.plan(caller(), call(), vitals))[0] == "one"


def test_further_models_come_after_the_first_ones_endpoints(here: Market, vitals: Vitals):
    plan = here.plan(caller(), call(models=["vendor/other"]), vitals)
    assert asked(plan) == ["one", "two", "dear"]
    assert [c.route.model.slug for c in plan.candidates] == ["vendor/twins"] * 2 + ["vendor/other"]


def test_bare_tags_let_all_models_compete(here: Market, vitals: Vitals):
    plan = here.plan(caller(), call(model="@price"), vitals)
    assert [c.route.model.slug for c in plan.candidates] == ["vendor/twins", "vendor/twins", "vendor/other"]
    assert plan.candidates[0].route.answers_as == b'"vendor/twins"'


def test_bare_tags_lead_to_models_that_can_do_what_is_asked(vitals: Vitals):
    set_manual_rate(12_000_000_000, date(2026, 1, 1), "test", "test", confirmed=True)
    able = CATALOG.replace("id: vendor/other\n", "id: vendor/other\n    capabilities: [tools]\n")
    load(parse([("catalog.yaml", able)]), {}, prune=True)
    here, tools = market(), [{"type": "function", "function": {"name": "weather"}}]
    plan = here.plan(caller(), call(model="@price", tools=tools), vitals)
    assert [c.route.model.slug for c in plan.candidates] == ["vendor/other"]
    assert {(one["model"], one.get("rejected")) for one in plan.reasons} >= {("vendor/twins", "no_tools")}
    assert asked(here.plan(caller(), call(tools=tools), vitals)) == ["one", "two", "dear"]  # as it was named
    picture = [{"type": "image_url", "image_url": {"url": "https://example.com/a.png"}}]
    with pytest.raises(ApiError) as refused:
        here.plan(caller(), call(picture, model="@price"), vitals)  # type: ignore[arg-type]
    assert (refused.value.status, refused.value.code) == (400, "model_not_supported")
    assert "looks at pictures" in refused.value.message


def test_bare_tags_compete_among_themselves_before_further_models(here: Market, vitals: Vitals):
    plan = here.plan(caller(), call(model="@price", models=["vendor/other"]), vitals)
    assert [c.route.model.slug for c in plan.candidates] == ["vendor/twins", "vendor/twins", "vendor/other"]
    assert asked(plan)[-1] == "dear"


@pytest.mark.parametrize(("words", "left"), [(40, ["small", "large"]), (2_000, ["large"])])
def test_a_prompt_goes_where_it_fits(here: Market, vitals: Vitals, words: int, left: list[str]):
    plan = here.plan(caller(), call("salom " * words, model="vendor/two-sizes"), vitals)
    assert asked(plan) == left


def test_a_prompt_that_fits_nowhere_is_refused(here: Market, vitals: Vitals):
    with pytest.raises(ApiError) as told:
        here.plan(caller(), call("salom " * 20_000, model="vendor/two-sizes"), vitals)
    assert (told.value.status, told.value.code) == (400, "context_length_exceeded")


def test_rules_that_leave_nobody_say_so(here: Market, vitals: Vitals):
    with pytest.raises(ApiError) as told:
        here.plan(caller(), call(provider={"only": ["nobody"]}), vitals)
    assert (told.value.status, told.value.code, told.value.param) == (400, "no_allowed_provider", "provider")


def test_wishes_never_leave_us(here: Market, vitals: Vitals):
    wished = call(provider={"order": ["two"]}, models=["vendor/other"])
    assert set(wished.body) == {"model", "messages"}
    assert asked(here.plan(caller(), wished, vitals))[0] == "two"


@pytest.mark.parametrize(
    ("wish", "param"),
    [
        ({"provider": []}, "provider"),
        ({"provider": {"order": "one"}}, "provider.order"),
        ({"provider": {"only": [1]}}, "provider.only"),
        ({"provider": {"allow_fallbacks": "no"}}, "provider.allow_fallbacks"),
        ({"provider": {"sort": "beauty"}}, "provider.sort"),
        ({"provider": {"max_price": {"prompt": "cheap"}}}, "provider.max_price.prompt"),
        ({"provider": {"max_price": {"prompt": -1}}}, "provider.max_price.prompt"),
        ({"models": "vendor/other"}, "models"),
        ({"models": ["a", "b", "c", "d"]}, "models"),
    ],
)
def test_bad_wishes_are_refused_by_name(wish: dict[str, Any], param: str):
    with pytest.raises(ApiError) as told:
        call(**wish)
    assert (told.value.status, told.value.param) == (400, param)


def pinned(endpoint: Any, *, pins: bool) -> Any:
    sent = {"model": "vendor/twins", "messages": [{"role": "user", "content": "Salom!"}]}
    body = json.dumps(sent | {"provider": {"endpoint": endpoint}}).encode()
    return lifted(SURFACES["chat"].parse(body, {}), pins=pins)


def test_the_platform_may_name_one_endpoint_even_while_it_rests(here: Market, vitals: Vitals):
    dear = here.catalog.models["vendor/twins"].endpoints[-1]
    vitals.failed(dear.id, "refused", 401)
    assert asked(here.plan(caller(), pinned(dear.id, pins=True), vitals)) == ["dear"]


def test_from_a_customer_the_name_of_an_endpoint_means_nothing(here: Market, vitals: Vitals):
    dear = here.catalog.models["vendor/twins"].endpoints[-1]
    assert asked(here.plan(caller(), pinned(dear.id, pins=False), vitals))[0] != "dear"


def test_an_endpoint_of_another_model_is_nobody(here: Market, vitals: Vitals):
    with pytest.raises(ApiError) as told:
        here.plan(caller(), pinned(10**9, pins=True), vitals)
    assert told.value.code == "no_allowed_provider"
    with pytest.raises(ApiError) as told:
        pinned("1", pins=True)
    assert told.value.param == "provider.endpoint"
