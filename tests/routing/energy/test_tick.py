"""Ticks on a real database: what they write, when the catalog's version moves, and what operators hear."""

from datetime import datetime, timedelta
from decimal import Decimal as D

import pytest
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from accounts.models import Alert
from routing.energy.models import DataCentre, Hosting, Preference, SitePrice, SiteState
from routing.energy.tick import tick
from routing.models import CatalogVersion, CostVersion, Endpoint, Model
from tests.energy import Site, make_model
from tests.routing.energy.clock import at
from tests.routing.energy.grid import FIVE, costs, host, publish

pytestmark = pytest.mark.django_db


@pytest.fixture
def model() -> Model:
    return make_model()


@pytest.fixture
def site(model: Model) -> Site:
    return host("alpha", model)


def state(site: Site) -> SiteState:
    return SiteState.objects.get(site=site.centre)


def version() -> int:
    return CatalogVersion.objects.get(pk=1).version


def output_usd(endpoint: Endpoint) -> D:
    return D(costs(endpoint)[-1].components["output"]) / 10**9


def test_a_price_of_the_market_becomes_the_price_of_a_model(site: Site) -> None:
    publish(site, at("09:55"), ["40"])
    tick(at("10:01"))
    (cost,) = costs(site.endpoint)
    assert cost.components == {
        "input": 209_900_000,
        "cached_input": 52_500_000,
        "output": 1_049_500_000,
    }
    assert cost.valid_from == at("10:01")
    assert cost.energy == {
        "site": "alpha",
        "node": "replay ALPHA",
        "price_end": at("10:00").isoformat(),
        "lmp": "40",
        "smoothed": "40",
        "delivered": "65",
        "joules": "1.215",
        "energy_nano": 22_000_000,
        "fixed_nano": 1_027_500_000,
        "state": "fresh",
        "hash": cost.energy["hash"],
    }
    assert len(cost.energy["hash"]) == 32
    assert (state(site).delivered_usd, state(site).state) == (65, "fresh")
    assert Preference.objects.get().endpoint == site.endpoint


def test_a_tick_that_runs_twice_finds_nothing_new(site: Site) -> None:
    publish(site, at("09:50"), ["40", "48"])
    tick(at("10:01"))
    tick(at("10:06"))
    before = version()
    prices = SitePrice.objects.count(), CostVersion.objects.count()
    tick(at("10:06"))
    tick(at("10:07"))
    assert (SitePrice.objects.count(), CostVersion.objects.count()) == prices
    assert version() == before


def test_only_a_change_of_the_publishing_step_is_published_and_it_moves_the_catalog_once(
    model: Model, site: Site
) -> None:
    other = host("beta", model)
    for one in (site, other):
        publish(one, at("10:00"), ["40", "44", "400"])  # 44 moves the price by 0.0003 USD
    tick(at("10:01"))
    before = version()
    tick(at("10:06"))
    assert (len(costs(site.endpoint)), version()) == (1, before)
    tick(at("10:11"))
    assert len(costs(site.endpoint)) == len(costs(other.endpoint)) == 2
    assert state(site).drained  # which is another reason to move the catalog
    assert version() > before


def test_prices_of_several_models_move_the_catalog_by_one(model: Model, site: Site) -> None:
    publish(site, at("10:00"), ["40", "80"])
    host_another(site)
    tick(at("10:01"))
    before = drawn()
    tick(at("10:06"))
    assert drawn() == before + 1
    assert CostVersion.objects.count() == 4


def host_another(site: Site) -> None:
    """A second model at the same site."""
    other = make_model("qwen/qwen3-32b", "Qwen3 32B")
    provider = site.centre.provider
    endpoint = Endpoint.objects.create(
        model=other, provider=provider, upstream_name=other.slug, markup_kind="hosted"
    )
    Hosting.objects.create(endpoint=endpoint, gpus=2, joules_per_token="0.275", tokens_per_s=3905)


def drawn() -> int:
    """How many versions the catalog has had."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT last_value FROM routing_catalog_versions")
        return int(cursor.fetchone()[0])


def test_the_recorded_series_with_its_gap_is_what_ticks_store(site: Site) -> None:
    series = ["36.0854", None, "29.4415", "34.5103", "28.5127", "25.8087", "22.9526"]
    for count, price in enumerate(series):
        publish(site, at("08:35") + count * FIVE, [price])
        tick(at("08:41") + count * FIVE)
    stored = SitePrice.objects.filter(site=site.centre).order_by("at").values_list("smoothed_usd", flat=True)
    expected = ("36.0854", "36.0854", "33.6269", "33.8091", "32.7165", "31.2914", "29.5711")
    assert [abs(one - D(text)) <= D("0.0001") for one, text in zip(stored, expected, strict=True)] == [
        True
    ] * 7


def test_a_spike_drains_the_site_and_is_told_once(site: Site, model: Model) -> None:
    other = host("beta", model)
    publish(site, at("10:00"), ["20", "2271.7646", "2271.7646", "30"])
    publish(other, at("10:00"), ["60", "60", "60", "60"])
    tick(at("10:01"))
    assert Preference.objects.get().endpoint == site.endpoint
    before = version()
    tick(at("10:06"))
    assert state(site).drained
    assert Preference.objects.get().endpoint == other.endpoint
    assert version() > before
    tick(at("10:11"))
    assert Alert.objects.filter(dedupe_key=f"energy:drained:{site.centre.pk}").count() == 1
    tick(at("10:16"))
    assert not state(site).drained


def test_silence_takes_the_price_down_the_ladder_and_a_word_brings_it_back(site: Site) -> None:
    for week in range(1, 5):
        publish(site, at("10:55") - timedelta(weeks=week), [str(30 + week), str(40 + week)])
    publish(site, at("09:55"), ["10"])
    seen = {}
    for time in ("10:09", "10:11", "11:01"):
        tick(at(time))
        seen[time] = (state(site).state, state(site).delivered_usd)
    tick(at("11:00", days=1))
    assert seen == {
        "10:09": ("fresh", 35),
        "10:11": ("hold", 35),
        # The same hour of four Tuesdays: 41 … 44, as that of 10:55 belongs to the hour before.
        "11:01": ("estimated", D("67.5")),
    }
    assert (state(site).state, state(site).delivered_usd) == ("tariff", 65)
    publish(site, at("11:00", days=1), ["12"])
    tick(at("11:06", days=1))
    assert state(site).state == "fresh"
    assert D(35) < state(site).delivered_usd < D(38)


def test_operators_hear_of_silence_after_an_hour_and_then_every_day(site: Site) -> None:
    def told() -> list[str]:
        return list(Alert.objects.order_by("pk").values_list("subject", flat=True))

    publish(site, at("09:55"), ["40"])
    tick(at("10:01"))
    tick(at("10:59"))
    assert told() == []
    tick(at("11:01"))
    tick(at("11:06"))
    assert told() == ["alpha: its market is silent"]
    tick(at("09:00", days=1))
    tick(at("10:01", days=1))
    tick(at("10:06", days=1))
    assert told()[1:] == ["alpha: its market is silent for a day"]


def test_a_stale_site_never_becomes_preferred_though_it_is_the_cheapest(model: Model, site: Site) -> None:
    cheap = host("beta", model, tariff_usd="10", adder_usd="0")
    publish(site, at("09:55"), ["40"] * 12)
    publish(cheap, at("09:00"), ["10"])
    for count in range(10):
        tick(at("10:01") + count * FIVE)
    assert state(cheap).delivered_usd == 10
    assert Preference.objects.get().endpoint == site.endpoint


def test_a_site_is_left_after_two_clear_intervals_and_not_returned_to_at_once(
    model: Model, site: Site
) -> None:
    other = host("beta", model)
    publish(site, at("09:40"), ["40"] * 12)
    publish(other, at("09:40"), ["42", "42", "42", "35", *["-40"] * 8])
    preferred = []
    for count in range(8):
        tick(at("09:46") + count * FIVE)
        tick(at("09:47") + count * FIVE)  # the same interval again counts for nobody
        preferred.append(Preference.objects.get().endpoint.provider.slug)
    assert preferred == ["alpha"] * 4 + ["beta"] * 4
    assert output_usd(other.endpoint) < output_usd(site.endpoint)


def test_an_operators_price_is_in_force_until_its_end(site: Site) -> None:
    publish(site, at("09:55"), ["40", "40", "40"])
    DataCentre.objects.filter(pk=site.centre.pk).update(
        override_usd=120, override_until=at("10:08"), override_reason="the contract of June"
    )
    tick(at("10:01"))
    assert (state(site).state, state(site).delivered_usd) == ("override", 120)
    assert output_usd(site.endpoint) == D("1.0680")
    tick(at("10:11"))
    assert (state(site).state, state(site).delivered_usd) == ("fresh", 65)


def test_a_site_that_moves_to_another_node_begins_anew(site: Site, model: Model) -> None:
    other = host("beta", model)
    publish(site, at("09:55"), ["40"])
    publish(other, at("09:58"), ["250"])
    tick(at("10:01"))
    DataCentre.objects.filter(pk=site.centre.pk).update(node=other.centre.node)
    tick(at("10:06"))
    assert state(site).smoothed_usd == 250


def test_what_is_switched_off_is_priced_but_not_preferred(model: Model, site: Site) -> None:
    other = host("beta", model)
    publish(site, at("09:55"), ["20"])
    publish(other, at("09:55"), ["60"])
    Endpoint.objects.filter(pk=site.endpoint.pk).update(active=False)
    tick(at("10:01"))
    assert Preference.objects.get().endpoint == other.endpoint
    assert len(costs(site.endpoint)) == 1


def test_a_site_without_any_price_costs_its_tariff(site: Site) -> None:
    tick(at("10:01"))
    assert (state(site).state, state(site).delivered_usd, state(site).price_end) == ("tariff", 65, None)
    assert not Preference.objects.exists()


def test_an_interval_that_has_not_begun_is_not_used(site: Site) -> None:
    publish(site, at("09:55"), ["40", "40", "90"])
    tick(at("10:02"))
    assert state(site).price_end == at("10:05")


def test_a_price_typed_by_hand_lasts_until_the_next_tick(site: Site) -> None:
    publish(site, at("09:55"), ["40", "40"])
    tick(at("10:01"))
    CostVersion.objects.create(endpoint=site.endpoint, components={"input": 1, "output": 1})
    tick(at("10:06"))
    assert output_usd(site.endpoint) == D("1.0495")


@pytest.mark.parametrize(
    "wrong",
    [
        {"floor_usd": -1},
        {"ceiling_usd": 0},
        {"indexed_share": "1.5"},
        {"pue": "0.9"},
        {"override_usd": 50},
        {"override_usd": 50, "override_until": datetime.max.replace(tzinfo=timezone.now().tzinfo, year=2030)},
    ],
)
def test_terms_without_sense_are_refused_by_the_database(site: Site, wrong: dict[str, object]) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        DataCentre.objects.filter(pk=site.centre.pk).update(**wrong)
