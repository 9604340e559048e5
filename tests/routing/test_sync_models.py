"""Models that come, go and change on a provider's list."""

from datetime import date, timedelta
from typing import Any
from uuid import uuid4

import pytest

from accounts.models import User
from routing.errors import ProposalRefused
from routing.models import Model, ModelName, Provider
from routing.names import fold
from routing.sync.compare import Held, differences
from routing.sync.decide import accept, reject
from routing.sync.listing import Listed
from routing.sync.record import record
from tests.routing.lists import in_force, only, proposals, routed, sell, sync, tell

pytestmark = pytest.mark.django_db
TODAY = date(2026, 11, 21)


def test_a_new_model_is_sold_once_it_is_accepted(provider: Provider, operator: User) -> None:
    slug = f"maker/{uuid4().hex}"
    tell(provider, routed(id=slug, name=f"Maker: {slug[6:]}", hugging_face_id="maker/weights"))
    sync(provider)
    assert not Model.objects.filter(slug=slug).exists()
    row = accept(only(provider, kind="new").pk, operator)
    model = Model.objects.get(slug=slug)
    assert (model.category, model.context_window, model.max_output_tokens) == ("hosted", 128_000, 16_384)
    assert row.endpoint is not None
    assert (row.endpoint.model, row.endpoint.markup_kind) == (model, "margin")
    assert in_force(row.endpoint)["input"] == 2_500_000_000
    assert set(model.names.values_list("folded", flat=True)) == {slug, slug[6:]}
    sync(provider)
    assert not proposals(provider, state="open")


def test_a_model_known_by_its_id_gets_one_more_endpoint(provider: Provider, operator: User) -> None:
    elsewhere = sell(Provider.objects.create(slug=f"e-{uuid4().hex[:8]}", name="E", dialect="openai"))
    name = f"maker/{uuid4().hex}"
    ModelName.objects.create(folded=fold(name), name=name, model=elsewhere.model)
    tell(provider, routed(id=name, context_length=64_000))
    sync(provider)
    endpoint = accept(only(provider).pk, operator).endpoint
    assert endpoint is not None
    assert (endpoint.model, endpoint.priority, endpoint.context_window) == (elsewhere.model, 2, 64_000)


def test_a_new_model_without_a_price_is_sold_at_the_operators(provider: Provider, operator: User) -> None:
    slug = f"maker/{uuid4().hex}"
    tell(provider, routed(id=slug, name=slug, pricing={}))
    sync(provider)
    row = accept(only(provider).pk, operator, "by their page", {"input": 10**9, "output": 2 * 10**9})
    assert row.endpoint is not None and row.cost is not None
    assert in_force(row.endpoint) == {"input": 10**9, "output": 2 * 10**9}
    assert not row.cost.from_sync
    sync(provider)
    assert not proposals(provider, state="open")


def test_a_new_model_without_any_price_is_not_sold(provider: Provider, operator: User) -> None:
    tell(provider, routed(pricing={"prompt": "-1", "completion": "-1"}))
    sync(provider)
    with pytest.raises(ProposalRefused, match="no price"):
        accept(only(provider).pk, operator)
    reject(only(provider).pk, operator, "a router")
    sync(provider)
    assert only(provider).state == "rejected"


def test_a_model_is_retired_after_three_days_without_it(provider: Provider, operator: User) -> None:
    endpoint = sell(provider)
    other = {"other": Listed(id="other")}
    for day, rows in ((0, 0), (0, 0), (1, 0), (3, 1), (4, 1)):
        record(provider, other, frozenset({"chat"}), TODAY + timedelta(days=day))
        assert len(proposals(provider, kind="vanished")) == rows
    accept(only(provider, kind="vanished").pk, operator)
    endpoint.refresh_from_db()
    assert endpoint.retired_at is not None
    assert endpoint.model.retired_at is not None


def test_a_model_that_comes_back_was_never_gone(provider: Provider) -> None:
    endpoint = sell(provider)
    gone, there = {"other": Listed(id="other")}, {endpoint.upstream_name: Listed(id=endpoint.upstream_name)}
    for day, rows in enumerate((gone, gone, there, gone, gone)):
        record(provider, rows, frozenset(), TODAY + timedelta(days=day))
    assert not proposals(provider, kind="vanished")


def test_a_list_of_chat_models_says_nothing_of_others(provider: Provider) -> None:
    sell(provider, modality="embedding")
    for day in range(4):
        record(provider, {"other": Listed(id="other")}, frozenset({"chat"}), TODAY + timedelta(days=day))
    assert not proposals(provider, kind="vanished")


def test_other_windows_answers_and_abilities_are_proposed_and_applied(
    provider: Provider, operator: User
) -> None:
    endpoint = sell(provider, max_output_tokens=16_384, default_output_tokens=16_384)
    top = {"top_provider": {"max_completion_tokens": 8_192}}
    changed = routed(context_length=200_000, supported_parameters=["tools", "reasoning"], **top)
    tell(provider, changed)
    sync(provider)
    assert [row.kind for row in proposals(provider)] == ["context", "max_output", "capabilities"]
    for row in proposals(provider):
        accept(row.pk, operator)
    model = Model.objects.get(pk=endpoint.model_id)
    assert (model.context_window, model.max_output_tokens, model.default_output_tokens) == (
        200_000,
        8_192,
        8_192,
    )
    assert model.capabilities == ["pdf", "reasoning", "tools", "vision"]
    sync(provider)
    assert not proposals(provider, state="open")


def test_a_smaller_window_is_the_endpoints_own(provider: Provider, operator: User) -> None:
    endpoint = sell(provider)
    tell(provider, routed(context_length=64_000))
    sync(provider)
    accept(only(provider).pk, operator)
    endpoint.refresh_from_db()
    assert (endpoint.context_window, endpoint.model.context_window) == (64_000, 128_000)


def held(**more: Any) -> Held:
    plain: dict[str, Any] = {
        "endpoint": 1, "model": "v/m", "upstream_name": "m", "modality": "chat",
        "components": {"input": 1, "output": 1}, "tiers": False, "pinned": False,
        "context_window": 1_000, "model_window": 1_000, "max_output_tokens": 100,
        "capabilities": frozenset({"tools", "web_search"}), "alone": True, "ours": False, "hosted": False,
    }  # fmt: skip
    return Held(**plain | more)


def test_hosted_models_are_never_touched() -> None:
    told = Listed(id="m", prices={"input": 2, "output": 2}, context_window=9, told=frozenset({"tools"}))
    assert not differences([held(hosted=True, ours=True)], {"m": told})
    assert [row.kind for row in differences([held(ours=True)], {"m": told})] == ["price"]


def test_one_of_several_endpoints_can_only_narrow_its_model() -> None:
    more = Listed(
        id="m",
        context_window=2_000,
        max_output_tokens=200,
        capabilities=frozenset({"tools", "vision"}),
        told=frozenset({"tools", "vision"}),
    )
    less = Listed(id="m", context_window=500, max_output_tokens=50, told=frozenset({"tools"}))
    assert not differences([held(alone=False)], {"m": more})
    found = differences([held(alone=False)], {"m": less})
    assert [(row.kind, row.after) for row in found] == [
        ("context", 500),
        ("max_output", 50),
        ("capabilities", ["web_search"]),
    ]
