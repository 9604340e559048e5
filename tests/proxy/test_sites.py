"""Where calls to hosted models go and what they pay: the promise rule with the figures of energy.md."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.errors import ApiError
from proxy.meter import Usage, total
from proxy.sites import SitesFull
from tests.proxy.houses import (
    LONG,
    Known,
    answered,
    asked,
    at_site,
    call,
    market,
    paid,
    planned,
    rejected,
    shop,
    whys,
)

USAGE = Usage(input=1_000, output=2_000)
A, B = at_site(0, "1.0495", preferred=True), at_site(1, "1.0437")


def test_a_price_is_locked_at_admission():
    """energy.md's test 10: 0.0023089 USD whatever the price becomes meanwhile."""
    plan = planned(market(at_site(0, "1.0495", version=7)))
    market(at_site(0, "1.1500", version=8))
    job = answered(plan, USAGE)
    assert job.price_micros == 2_308_900
    assert job.row(job.price_micros)["cost_version"] == 7
    assert plan.quote()[0][1] == 7
    assert (b"x-cloudapi-datacenter", b"a") in job.headers()


def test_a_failover_charges_no_more_than_was_locked():
    """energy.md's test 11: 1.0495 where the next site is dearer, 1.0200 where it has become cheaper."""
    plan = planned(market(A, at_site(1, "1.1000")))
    second = plan.candidates[1]
    assert second.price.cost_version == 1
    dearer, cheaper = market(A, at_site(1, "1.1000")), market(A, at_site(1, "1.0200", version=9))
    assert total(USAGE, dearer.failed_over(second).price.sale) == total(USAGE, plan.candidates[0].price.sale)
    lowered = cheaper.failed_over(second)
    assert (lowered.price.cost_version, lowered.price.sale.components["output"]) == (9, 1_020_000_000)
    assert cheaper.failed_over(plan.candidates[0]).price.cost_version == 1


def test_the_lowest_price_of_the_open_sites_is_charged_wherever_the_call_goes():
    """energy.md's test 13: served at A, charged 1.0437."""
    plan = planned(market(A, B))
    assert asked(plan) == ["a", "b"]
    assert paid(plan) == {2}
    assert whys(plan) == {"a": "preferred", "b": "next"}
    assert [row["own"] for row in plan.reasons] == [1, 2]


def test_without_a_preferred_site_the_cheapest_is_asked_first():
    assert asked(planned(market(at_site(0, "1.2"), at_site(1, "1.1"), at_site(2, "1.0")))) == ["c", "b", "a"]


@pytest.mark.parametrize("why", ["site_full", "site_queue"])
def test_a_full_site_is_passed_over_and_sets_no_price(why: str):
    """energy.md's test 11: the cheapest one's queue is 2.4 s, so the next one serves at its own price."""
    plan = planned(market(A, B), Known(busy={"b": why}))
    assert (asked(plan), rejected(plan), paid(plan)) == (["a"], {"b": why}, {1})


def test_a_drained_site_is_passed_over_and_sets_no_price():
    plan = planned(market(A, at_site(1, "1.0437", drained=True)))
    assert (asked(plan), rejected(plan), paid(plan)) == (["a"], {"b": "site_drained"}, {1})


def test_a_resting_site_sets_no_price_unless_all_rest():
    here = market(A, B)
    plan = planned(here, Known(rests={2: "timeout"}, all_well=False))
    assert (asked(plan), rejected(plan), paid(plan)) == (["a"], {"b": "resting_timeout"}, {1})
    everybody = planned(here, Known(rests={1: "timeout", 2: "timeout"}, all_well=False))
    assert (asked(everybody), paid(everybody)) == (["a", "b"], {2})


def test_when_all_are_full_the_caller_is_told_to_come_again():
    with pytest.raises(SitesFull) as refusal:
        planned(market(A, B), Known(busy={"a": "site_full", "b": "site_queue"}))
    error = refusal.value
    assert (error.status, error.code, error.headers, error.budget_ms) == (
        *(429, "sites_full"),
        {"retry-after": "2"},
        1500,
    )


def test_when_all_are_full_nobody_is_sent_to_who_is_dearer():
    busy = Known(busy={"a": "site_full", "b": "site_full"})
    plan = planned(market(A, B, shop(8, "0.4"), shop(9, "3.0")), busy)
    assert asked(plan) == ["p8"]
    assert rejected(plan) == {"a": "site_full", "b": "site_full", "p9": "dearer_than_site"}
    with pytest.raises(SitesFull):
        planned(market(A, B, shop(9, "3.0")), busy)


def test_others_who_sell_the_model_stand_behind_the_sites_at_their_own_prices():
    plan = planned(market(A, shop(9, "3.0")))
    assert asked(plan) == ["a", "p9"]
    assert [c.price.cost_version for c in plan.candidates] == [1, 9]


def test_when_all_are_drained_nobody_is_charged_a_spike():
    with pytest.raises(ApiError) as refusal:
        planned(market(at_site(0, "9", drained=True)))
    assert (refusal.value.status, refusal.value.code) == (503, "sites_drained")


def test_a_prompt_that_was_read_goes_before_electricity_and_costs_the_same():
    plan = planned(market(A, B, at_site(2, "2")), Known(readers=3), call(LONG))
    assert (asked(plan), paid(plan)) == (["c", "a", "b"], {2})
    assert whys(plan)["c"] == "affinity"


def test_who_asks_for_the_price_is_sent_where_electricity_is_cheapest():
    plan = planned(market(A, B), Known(readers=2), call(LONG, model="x/llama@price"))
    assert (asked(plan), paid(plan)) == (["a", "b"], {2})
    assert whys(plan)["a"] == "preferred"


def test_a_pinned_call_pays_the_lowest_price_of_the_sites_that_it_allows():
    here = market(A, B, at_site(2, "1.01", country="CA"), shop(9, "0.1"))
    only = planned(here, asked=call(provider={"only": ["a"]}))
    assert (asked(only), paid(only), whys(only)) == (["a"], {1}, {"a": "pinned"})
    resident = planned(here, asked=call(provider={"data_residency": "ca"}))
    assert (asked(resident), paid(resident)) == (["c"], {3})
    assert rejected(resident) == dict.fromkeys(("a", "b", "p9"), "not_resident")
    with pytest.raises(ApiError) as refusal:
        planned(here, asked=call(provider={"data_residency": ["UZ"]}))
    assert refusal.value.code == "no_allowed_provider"


@pytest.mark.parametrize("wish", ["CANADA", ["C1"], [], 3, {"in": "CA"}])
def test_a_residency_is_countries(wish: object):
    with pytest.raises(ApiError) as refusal:
        call(provider={"data_residency": wish})
    assert (refusal.value.status, refusal.value.param) == (400, "provider.data_residency")


def test_a_price_that_a_caller_will_pay_is_held_against_the_locked_one():
    """USD per 10^6: A alone would be too dear."""
    plan = planned(market(A, B), asked=call(provider={"max_price": {"completion": "1.0440"}}))
    assert asked(plan) == ["a", "b"]
    with pytest.raises(ApiError):
        planned(market(A, B), asked=call(provider={"max_price": {"completion": "1.0430"}}))


def test_a_platforms_call_reaches_the_very_site_it_names():
    wished = call()
    rules = replace(wished.wishes.rules, endpoint=2)
    pinned = replace(wished, wishes=replace(wished.wishes, rules=rules))
    plan = planned(market(A, replace(B)), Known(busy={"b": "site_full"}), pinned)
    assert asked(plan) == ["b"]


PRICES = st.integers(10_000, 12_000).map(lambda tenths: str(tenths / 10_000))
SITE = st.tuples(PRICES, st.booleans(), st.sampled_from(["", "", "site_full", "site_queue"]), st.booleans())


@given(
    st.lists(SITE, min_size=1, max_size=4),
    st.integers(0, 4),
    st.integers(0, 4),
    st.sampled_from(["x/llama", "x/llama@price", "x/llama@latency"]),
)
def test_no_call_is_ever_charged_more_than_the_lowest_open_site_asks(sites, preferred, reader, name):
    """Over prices, drained, full and resting sites, whoever is preferred or has read the prompt."""
    endpoints = [
        at_site(place, price, drained=drained, preferred=place == preferred)
        for place, (price, drained, _, _) in enumerate(sites)
    ]
    busy = {"abcd"[place]: full for place, (_, _, full, _) in enumerate(sites) if full}
    rests = {place + 1: "timeout" for place, (*_, rests) in enumerate(sites) if rests}
    opened = [place for place, (_, drained, full, _) in enumerate(sites) if not drained and not full]
    known = Known(busy=busy, rests=rests, readers=reader, all_well=not rests)
    if not opened:
        with pytest.raises(ApiError) as refusal:
            planned(market(*endpoints), known, call(LONG, model=name))
        assert refusal.value.code in ("sites_full", "sites_drained")
        return
    plan = planned(market(*endpoints), known, call(LONG, model=name))
    awake = [place for place in opened if place + 1 not in rests] or opened
    least = min(endpoints[place].cost.components["output"] for place in awake)
    assert {c.price.sale.components["output"] for c in plan.candidates} == {least}
    assert {c.endpoint.id - 1 for c in plan.candidates} <= set(awake)
