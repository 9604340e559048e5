from datetime import date, timedelta
from decimal import Decimal as D

from routing.energy.claim import Listed, energy_saving_percent, mix, saving_percent, up_to
from routing.energy.pricing import capital_part
from tests.routing.energy.test_pricing import LLAMA_70B

TODAY = date(2026, 11, 20)
CENT = 10_000_000  # nano-USD


def listed(*cents: int, age_days: int = 1) -> list[Listed]:
    seen = TODAY - timedelta(days=age_days)
    return [Listed(f"provider {n}", c * CENT, c * CENT, seen) for n, c in enumerate(cents)]


def saving(ours_usd: str, found: list[Listed]) -> int | None:
    nano = int(D(ours_usd) * 10**9)
    return saving_percent(mix(nano, nano), found, TODAY)


def test_a_saving_is_against_the_median_and_rounded_down() -> None:
    assert saving("0.36", listed(100, 90, 72)) == 60
    assert saving("0.3601", listed(100, 90, 72)) == 59


def test_two_providers_or_old_prices_give_no_claim() -> None:
    assert saving("0.36", listed(100, 90)) is None
    assert saving("0.36", listed(100, 90, 72, age_days=31)) is None
    assert saving("0.36", listed(100, 90, 72, age_days=30)) == 60


def test_a_provider_counts_once_with_its_newest_price() -> None:
    older = [Listed("Provider 0 ", CENT, CENT, TODAY - timedelta(days=9))]
    assert saving("0.36", listed(100, 90, 72) + older) == 60
    assert saving("0.36", listed(100, 90) + older) is None


def test_being_dearer_is_no_saving() -> None:
    assert saving("0.90", listed(100, 90, 72)) is None
    assert saving("2.00", listed(100, 90, 72)) is None


def test_three_parts_of_input_weigh_against_one_of_output() -> None:
    assert mix(1_000, 9_000) == 3_000


def test_up_to_is_the_largest_or_nothing() -> None:
    assert up_to([None, 12, 60]) == 60
    assert up_to([None, None]) is None


def test_what_electricity_alone_saves_is_said_apart() -> None:
    energy = D("0.0219375")
    assert energy_saving_percent(energy, energy + capital_part(LLAMA_70B)) == D("2.0")
