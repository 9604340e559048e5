"""Prices that a provider's list says otherwise, and an operator's word on them."""

from datetime import date, timedelta
from typing import Any

import pytest

from accounts.models import User
from routing.errors import ProposalRefused
from routing.models import CostVersion, Endpoint, Provider
from routing.sync import drift
from routing.sync.decide import accept, reject
from routing.sync.drift import drift_bps
from routing.sync.listing import Listed
from routing.sync.record import record
from tests.routing.lists import in_force, only, price, proposals, routed, sell, sync, tell

pytestmark = pytest.mark.django_db


def test_a_small_step_of_a_price_is_followed_at_once(provider: Provider) -> None:
    endpoint = sell(provider)
    tell(provider, routed("0.000003"))
    assert sync(provider) == {"listed": 1, "unclear": 0, "applied": 1}
    assert in_force(endpoint)["input"] == 3_000_000_000
    assert in_force(endpoint)["output"] == 10_000_000_000
    row = only(provider)
    assert (row.state, row.decided_by, row.change_bps) == ("applied", None, 2_000)
    assert row.cost is not None
    assert row.cost.from_sync
    assert sync(provider) == {"listed": 1, "unclear": 0, "applied": 0}
    assert endpoint.costs.count() == 2


@pytest.mark.parametrize("prompt", ["0.000003000000001", "0.0000019", "0", "0.00025"])
def test_a_jump_waits_and_is_one_row_however_often_it_is_seen(provider: Provider, prompt: str) -> None:
    endpoint = sell(provider)
    tell(provider, routed(prompt))
    for _ in range(3):
        sync(provider)
    assert only(provider).state == "open"
    assert endpoint.costs.count() == 1


def test_small_steps_are_followed_no_further_than_a_large_one_would_be(
    provider: Provider, operator: User
) -> None:
    endpoint = sell(provider)
    for prompt in ("0.0000027", "0.0000029", "0.0000031"):
        tell(provider, routed(prompt))
        sync(provider)
    assert [row.state for row in proposals(provider)] == ["applied", "applied", "open"]
    waiting = only(provider, state="open")
    assert (waiting.change_bps, waiting.drift_bps) == (690, 2_400)
    assert in_force(endpoint)["input"] == 2_900_000_000
    tell(provider, routed("0.0000022"))  # down again: 12 % under where it began, but a jump of 24 %
    sync(provider)
    assert only(provider, state="open").drift_bps == -1_200
    tell(provider, routed("0.0000025"))
    sync(provider)
    assert in_force(endpoint)["input"] == 2_500_000_000


def test_what_an_operator_accepts_is_a_new_beginning(provider: Provider, operator: User) -> None:
    endpoint = sell(provider)
    for prompt in ("0.0000029", "0.0000034"):
        tell(provider, routed(prompt))
        sync(provider)
    accept(only(provider, state="open").pk, operator)
    tell(provider, routed("0.000004"))
    sync(provider)
    assert not proposals(provider, state="open")
    assert in_force(endpoint)["input"] == 4_000_000_000


def test_after_thirty_days_the_price_of_then_is_the_beginning(provider: Provider, monkeypatch: Any) -> None:
    endpoint = sell(provider)
    tell(provider, routed("0.000003"))
    sync(provider)
    tell(provider, routed("0.0000033"))
    sync(provider)
    assert in_force(endpoint)["input"] == 3_000_000_000
    assert drift_bps(endpoint.pk, {"input": 3_300_000_000}) == 3_200
    monkeypatch.setattr(drift, "WINDOW", timedelta(0))
    assert drift_bps(endpoint.pk, {"input": 3_300_000_000}) == 1_000


@pytest.mark.parametrize("percent", [19, -19])
def test_a_list_that_moves_a_little_each_day_is_not_followed_for_ever(
    provider: Provider, percent: int
) -> None:
    endpoint = sell(provider)
    began = listed = in_force(endpoint)["input"]
    for day in range(10):
        listed = listed * (100 + percent) // 100
        told = {"openai/gpt-4o": Listed(id="openai/gpt-4o", prices={"input": listed})}
        record(provider, told, frozenset(), date(2026, 11, 1) + timedelta(days=day))
    assert 0 < abs(in_force(endpoint)["input"] - began) * 100 <= 20 * began
    assert only(provider, state="open").after["input"] == listed


def test_a_price_from_nothing_waits(provider: Provider) -> None:
    endpoint = sell(provider)
    price(endpoint, input=0, output=10_000_000_000, cached_input=1_250_000_000)
    tell(provider, routed())
    sync(provider)
    assert (only(provider).state, only(provider).change_bps) == ("open", None)


def test_a_component_that_was_not_priced_before_waits(provider: Provider) -> None:
    endpoint = sell(provider)
    price(endpoint, input=2_500_000_000, output=10_000_000_000)
    tell(provider, routed())
    sync(provider)
    assert only(provider).state == "open"


def test_a_price_with_dearer_tiers_waits(provider: Provider) -> None:
    endpoint = sell(provider)
    tiers = [{"over": 200_000, "components": {"input": 5_000_000_000}}]
    CostVersion.objects.create(endpoint=endpoint, components=in_force(endpoint), above_input=tiers)
    tell(provider, routed("0.0000026"))
    sync(provider)
    assert only(provider).state == "open"


def test_the_operators_limit_decides_and_zero_lets_nothing_by(provider: Provider, settings: Any) -> None:
    sell(provider)
    settings.CATALOG_SYNC_AUTO_PERCENT = 0
    tell(provider, routed("0.00000251"))
    sync(provider)
    assert only(provider).state == "open"


def test_a_pinned_price_is_left_alone(provider: Provider) -> None:
    endpoint = sell(provider)
    Endpoint.objects.filter(pk=endpoint.pk).update(price_pinned=True)
    tell(provider, routed("0.0000026"))
    sync(provider)
    assert not proposals(provider)


def test_the_resellers_fee_is_part_of_the_price(provider: Provider) -> None:
    endpoint = sell(provider)
    Provider.objects.filter(pk=provider.pk).update(list_fee_bps=550)
    tell(provider, routed())
    sync(provider)
    assert in_force(endpoint)["input"] == 2_637_500_000


def test_a_later_list_supersedes_and_an_agreeing_one_withdraws(provider: Provider) -> None:
    sell(provider)
    for prompt in ("0.000005", "0.000006", "0.0000025"):
        tell(provider, routed(prompt))
        sync(provider)
    assert [row.state for row in proposals(provider)] == ["superseded", "superseded"]
    assert proposals(provider)[0].decided_at is not None


# decisions


def test_accepting_puts_the_price_in_force_and_twice_is_once(provider: Provider, operator: User) -> None:
    endpoint = sell(provider)
    tell(provider, routed("0.000005"))
    sync(provider)
    row = accept(only(provider).pk, operator)
    assert (row.state, row.decided_by) == ("accepted", operator)
    assert in_force(endpoint)["input"] == 5_000_000_000
    with pytest.raises(ProposalRefused, match="decided before"):
        accept(row.pk, operator)
    assert endpoint.costs.count() == 2


def test_a_stale_proposal_is_refused(provider: Provider, operator: User) -> None:
    endpoint = sell(provider)
    tell(provider, routed("0.000005"))
    sync(provider)
    price(endpoint, input=4_000_000_000, output=10_000_000_000)
    with pytest.raises(ProposalRefused, match="has changed since"):
        accept(only(provider).pk, operator)
    assert in_force(endpoint)["input"] == 4_000_000_000


def test_a_price_that_was_pinned_since_is_refused(provider: Provider, operator: User) -> None:
    endpoint = sell(provider)
    tell(provider, routed("0.000005"))
    sync(provider)
    Endpoint.objects.filter(pk=endpoint.pk).update(price_pinned=True)
    with pytest.raises(ProposalRefused, match="pinned"):
        accept(only(provider).pk, operator)


def test_what_was_rejected_is_not_proposed_again_until_it_differs(provider: Provider, operator: User) -> None:
    sell(provider)
    tell(provider, routed("0.000005"))
    sync(provider)
    with pytest.raises(ProposalRefused, match="reason"):
        reject(only(provider).pk, operator, "  ")
    reject(only(provider).pk, operator, "a mistake of theirs")
    sync(provider)
    assert only(provider).state == "rejected"
    tell(provider, routed("0.000006"))
    sync(provider)
    assert [row.state for row in proposals(provider)] == ["rejected", "open"]
