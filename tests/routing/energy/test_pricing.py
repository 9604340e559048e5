"""The formula of hosted prices, with the numbers of its specification."""

from decimal import Decimal as D

import pytest
from hypothesis import given
from hypothesis import strategies as st

from routing.energy.guards import refusal
from routing.energy.pricing import (
    HostingTerms,
    SiteTerms,
    capital_part,
    delivered,
    digest,
    energy_part,
    is_worth_publishing,
    joules,
    published,
    quote,
    shown,
    to_nano,
    written,
)
from tests.routing.energy.clock import at

SITE = SiteTerms(pue=D("1.25"), host_factor=D("1.5"), adder_usd=D(25))
LLAMA_70B = HostingTerms(
    gpus=4,
    gpu_hour_usd=D("1.50"),
    joules_per_token=D("0.648"),
    tokens_per_s=3244,
    planned_use=D("0.5"),
)
prices = st.decimals(-500, 5000, places=4)


def output(lmp: str, adder: str = "25", margin: str = "0") -> D:
    """USD per 10^6 output tokens of Llama 3.1 70B at a market's price."""
    site = SiteTerms(pue=D("1.25"), host_factor=D("1.5"), adder_usd=D(adder))
    energy = energy_part(joules(site, LLAMA_70B), delivered(site, D(lmp)).usd)
    return shown(quote(LLAMA_70B, energy, capital_part(LLAMA_70B), D(margin)).output)


def test_the_worked_example_comes_out_to_the_digit() -> None:
    spent = joules(SITE, LLAMA_70B)
    capital = capital_part(LLAMA_70B)
    assert (spent, round(capital, 7)) == (D("1.215"), D("1.0275380"))
    energy = energy_part(spent, D(65))
    assert energy == D("0.0219375")
    plain = quote(LLAMA_70B, energy, capital)
    assert shown(plain.output) == D("1.0495")
    assert shown(quote(LLAMA_70B, energy, capital, D("0.10")).output) == D("1.1544")
    assert shown(plain.input) == D("0.2099")


@pytest.mark.parametrize(
    ("lmp", "adder", "without_margin", "with_ten_percent"),
    [
        ("22.95", "25", "1.0437", "1.1481"),
        ("40", "25", "1.0495", "1.1544"),
        ("142.73", "20", "1.0825", "1.1907"),
        ("-21.85", "25", "1.0286", "1.1315"),
        ("809.79", "20", "1.1288", "1.2417"),
    ],
)
def test_recorded_prices_of_markets_give_the_prices_of_the_table(
    lmp: str, adder: str, without_margin: str, with_ten_percent: str
) -> None:
    assert output(lmp, adder) == D(without_margin)
    assert output(lmp, adder, "0.10") == D(with_ten_percent)


def test_a_negative_price_makes_energy_free_and_never_pays_anybody() -> None:
    assert delivered(SITE, D(-80)).usd == 0
    assert energy_part(joules(SITE, LLAMA_70B), D(0)) == 0
    assert output("-80") == D("1.0275")


def test_a_price_above_the_ceiling_is_clamped_and_drains_the_site() -> None:
    spike = delivered(SITE, D("2271.7646"))
    assert (spike.usd, spike.above) == (300, True)
    assert shown(energy_part(joules(SITE, LLAMA_70B), spike.usd)) == D("0.1013")
    assert output("2271.7646") == D("1.1288")
    assert not delivered(SITE, D(275)).above


@pytest.mark.parametrize("usd", ["9000", "-501", "NaN", "Infinity"])
def test_a_price_that_no_market_has_is_refused(usd: str) -> None:
    assert "outside" in refusal(D(usd), at("10:00"), at("10:01"))


def test_points_of_tomorrow_of_yesterday_and_in_other_money_are_refused() -> None:
    now = at("10:00")
    assert refusal(D(30), at("10:15"), now) == ""
    assert "too far ahead" in refusal(D(30), at("10:16"), now)
    assert "older" in refusal(D(30), at("09:50"), now, newest_end=at("09:55"))
    assert "currency" in refusal(D(30), at("09:55"), now, same_unit=False)


def test_a_hedged_site_feels_only_its_share_of_the_market() -> None:
    site = SiteTerms(
        pue=D("1.25"), host_factor=D("1.5"), indexed_share=D("0.4"), hedge_usd=D(50), adder_usd=D(10)
    )
    assert delivered(site, D(100)).usd == D("0.4") * 100 + D("0.6") * 50 + 10


def test_a_standby_that_runs_on_is_shared_by_the_tokens() -> None:
    idle = HostingTerms(
        gpus=4,
        gpu_hour_usd=D("1.50"),
        joules_per_token=D("0.648"),
        tokens_per_s=1000,
        planned_use=D("0.5"),
        idle_kw=D(1),
    )
    assert joules(SITE, idle) - joules(SITE, LLAMA_70B) == D("1.25")  # 1,250 W over 1,000 tokens a second


def test_a_floor_holds_and_the_parts_still_add_up() -> None:
    dear = HostingTerms(
        gpus=1,
        gpu_hour_usd=D(1),
        joules_per_token=D("0.1"),
        tokens_per_s=10_000,
        planned_use=D("0.5"),
        floor_usd=D("0.5"),
    )
    result = published(quote(dear, D("0.01"), capital_part(dear)))
    assert (result.output, result.energy + result.fixed) == (500_000_000, 500_000_000)


def test_rounding_is_half_up_to_a_hundredth_of_a_cent() -> None:
    assert [to_nano(D(text)) for text in ("1.04945", "1.04944999", "0.00005")] == [
        1_049_500_000,
        1_049_400_000,
        100_000,
    ]


def test_only_a_change_of_the_publishing_step_is_worth_a_version() -> None:
    result = published(quote(LLAMA_70B, D("0.0219375"), capital_part(LLAMA_70B)))
    assert not is_worth_publishing(result.components, result)
    assert not is_worth_publishing(result.components | {"output": result.output - 499_999}, result)
    assert is_worth_publishing(result.components | {"output": result.output + 500_000}, result)
    assert is_worth_publishing({}, result)


def test_the_digest_is_of_numbers_not_of_how_they_are_written() -> None:
    again = SiteTerms(pue=D("1.250"), host_factor=D("1.500"), adder_usd=D("25.000000"))
    assert written(SITE, LLAMA_70B) == written(again, LLAMA_70B)
    assert digest("terms", D(65)) == digest("terms", D("65.000000"))
    assert digest("terms", D(65)) != digest("terms", D("65.000001"))


@given(lmp=prices, dearer=prices)
def test_dearer_electricity_never_makes_tokens_cheaper(lmp: D, dearer: D) -> None:
    low, high = sorted((lmp, dearer))
    assert output(str(low)) <= output(str(high))


@given(lmp=prices, share=st.decimals(0, 1, places=3), adder=st.decimals(0, 100, places=2))
def test_whatever_the_market_says_the_price_is_within_its_bounds(lmp: D, share: D, adder: D) -> None:
    site = SiteTerms(pue=D("1.25"), host_factor=D("1.5"), indexed_share=share, adder_usd=adder)
    price = delivered(site, lmp)
    assert 0 <= price.usd <= 300
    parts = published(
        quote(LLAMA_70B, energy_part(joules(site, LLAMA_70B), price.usd), capital_part(LLAMA_70B))
    )
    assert parts.energy + parts.fixed == parts.output
    assert parts.energy >= 0
    assert all(value % 100_000 == 0 for value in parts.components.values())
