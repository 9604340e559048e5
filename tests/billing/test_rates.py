"""The rate of the dollar and the markups."""

from datetime import date

import psycopg
import pytest
from django.conf import settings

from billing import rates
from billing.errors import RateJump, RateRefused
from billing.rates import current_rates, set_manual_rate, set_markup
from tests.billing.books import set_clock

pytestmark = pytest.mark.django_db


def test_the_newest_rate_whose_date_has_come_is_in_force() -> None:
    set_clock("2026-11-21 12:00+05")
    old = set_manual_rate(11_700_000_000, date(2026, 11, 20), "ann", "")
    new = set_manual_rate(11_794_880_000, date(2026, 11, 21), "ann", "")
    tomorrow = set_manual_rate(11_800_000_000, date(2026, 11, 22), "ann", "")

    snap = current_rates()
    set_clock("2026-11-22 00:00+05")

    assert (snap.fx_id, snap.micros_per_usd, snap.fx_date) == (new, 11_794_880_000, date(2026, 11, 21))
    assert old < new < tomorrow == current_rates().fx_id


def test_the_version_changes_with_each_row_and_at_midnight() -> None:
    set_clock("2026-11-21 23:59+05")
    set_manual_rate(11_700_000_000, date(2026, 11, 20), "ann", "", confirmed=True)
    versions = [current_rates().version]
    set_markup("margin", 3100, "ann", "")
    versions.append(current_rates().version)
    set_clock("2026-11-22 00:00+05")
    versions.append(current_rates().version)

    assert len(set(versions)) == 3


def test_the_newest_markup_of_each_kind_counts() -> None:
    set_manual_rate(11_700_000_000, date(2026, 11, 20), "ann", "", confirmed=True)
    before = current_rates().markups
    id = set_markup("routing_fee", 450, "ann", "sale")

    after = current_rates().markups

    assert {"routing_fee", "margin", "hosted"} <= set(before)
    assert (after["routing_fee"].id, after["routing_fee"].bps) == (id, 450)
    assert after["margin"] == before["margin"]


def test_a_step_over_five_percent_asks_for_confirmation() -> None:
    today = date(2026, 11, 21)
    set_manual_rate(10_000_000_000, today, "ann", "", confirmed=True)

    set_manual_rate(10_500_000_000, today, "ann", "")
    with pytest.raises(RateJump):
        set_manual_rate(11_025_000_001, today, "ann", "")
    with pytest.raises(RateJump):
        set_manual_rate(1_050_000_000, today, "ann", "")
    set_manual_rate(11_100_000_000, today, "ann", "", confirmed=True)


@pytest.mark.parametrize("wrong", [0, -1])
def test_a_rate_is_positive(wrong: int) -> None:
    with pytest.raises(RateRefused):
        set_manual_rate(wrong, date(2026, 11, 21), "ann", "")


def test_a_markup_is_between_nothing_and_tenfold() -> None:
    for kind, bps in (("margin", -1), ("margin", 100_001), ("", 5)):
        with pytest.raises(RateRefused):
            set_markup(kind, bps, "ann", "")


@pytest.mark.django_db(transaction=True)
async def test_the_gateway_reads_the_same_under_its_own_role() -> None:
    async with await psycopg.AsyncConnection.connect(settings.GATEWAY_DATABASE_URL, autocommit=True) as conn:
        assert isinstance(await rates.rates_version(conn), int)
        found = await (await conn.execute("SELECT current_user")).fetchone()
        assert found == ("cloudapi_gateway",)
