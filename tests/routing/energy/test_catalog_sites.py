"""Sites in catalog files: what they may say, what a load makes of them, and the first prices there."""

from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.utils import timezone

from routing.catalog.load import load
from routing.catalog.parse import parse
from routing.energy.models import DataCentre, Hosting
from routing.errors import CatalogError
from routing.models import CatalogVersion, CostVersion, Endpoint

FEEDS = """\
feeds:
  - {slug: ercot, name: Texas, nodes: [{code: HB_NORTH}]}
  - {slug: replay, name: Ours, simulated: true, nodes: [{code: HB_NORTH}]}
"""
SITES = """\
sites:
  - provider: north
    place: Dallas, Texas
    country: US
    feed: ercot
    node: HB_NORTH
    adder_usd: "20"
"""
RUN = 'hosting: {gpus: 4, joules_per_token: "0.648", tokens_per_s: 3244, source: measured}'
REST = f"""\
providers:
  - {{slug: north, name: North, dialect: openai, base_url: "env:SITE_NORTH_URL", hosted: true}}
  - {{slug: shop, name: Shop, dialect: openai, base_url: "https://x.test/v1"}}
models:
  - id: x/llama
    name: Llama
    category: hosted
    context_window: 8192
    endpoints:
      - provider: north
        upstream_name: llama
        {RUN}
      - {{provider: shop, upstream_name: llama, price_usd: {{input: "0.40", output: "0.40"}}, priority: 2}}
"""
GOOD = FEEDS + SITES + REST


def loaded(text: str, *, prune: bool = False) -> str:
    return str(load(parse([("f.yaml", text)]), {}, prune=prune))


def refused(text: str, *, prune: bool = False) -> str:
    with pytest.raises(CatalogError) as error:
        loaded(text, prune=prune)
    return str(error.value)


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ("country: US", "country: usa", "f.yaml:7: site 'north': country must be a code"),
        ('adder_usd: "20"', "adder_usd: 20.5", "f.yaml:10: site 'north': adder_usd must be a decimal"),
        ('adder_usd: "20"', 'pue: "0.9"', "f.yaml:10: site 'north': pue must be a decimal from 1 to 5"),
        ('adder_usd: "20"', 'pue: "1.2345"', "to 3 places"),
        ('adder_usd: "20"', 'floor_usd: "301"', "floor_usd is above ceiling_usd"),
        ('adder_usd: "20"', "metrics_url: file:///etc/passwd", "metrics_url is not an http(s) address"),
        ("    node: HB_NORTH\n", "", "f.yaml:5: site 'north': node is missing"),
        ("gpus: 4, ", "", "gpus is missing"),
        ('"0.648"', '"0"', "joules_per_token must be a decimal from 0.0001"),
        ("source: measured}", 'source: m, price_usd: "1"}', "unknown key 'price_usd'"),
        (
            "        upstream_name: llama\n",
            '        upstream_name: llama\n        price_usd: {input: "1", output: "1"}\n',
            "price_usd and hosting exclude each other",
        ),
    ],
)
def test_mistakes_are_named_with_their_line(before: str, after: str, said: str):
    problems = parse([("f.yaml", GOOD.replace(before, after, 1))]).problems
    assert any(said in problem for problem in problems), problems


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        (", hosted: true", "", "there is no provider 'north' with hosted: true"),
        ("feed: ercot", "feed: caiso", "f.yaml:5: site 'north': the feed 'caiso' has no node 'HB_NORTH'"),
        ("provider: north\n        up", "provider: shop\n        up", "hosting needs a site; 'shop' is none"),
    ],
)
def test_what_leads_nowhere_is_refused_as_a_whole(before: str, after: str, said: str):
    assert said in refused(GOOD.replace(before, after))
    assert not DataCentre.objects.exists()


@pytest.mark.django_db
def test_a_hosted_endpoint_has_the_contracts_price_at_once():
    """65 USD at the meter: 0.0219 of electricity and 1.0275 of machines (energy.md 3.4)."""
    loaded(GOOD)
    endpoint = Endpoint.objects.get(provider__slug="north")
    assert endpoint.markup_kind == "hosted"
    cost = CostVersion.objects.get(endpoint=endpoint)
    assert cost.components == {"input": 209_900_000, "cached_input": 52_500_000, "output": 1_049_500_000}
    assert (cost.energy["energy_nano"], cost.energy["fixed_nano"]) == (22_000_000, 1_027_500_000)
    assert (cost.energy["site"], cost.energy["state"], cost.energy["delivered"]) == ("north", "tariff", "65")


@pytest.mark.django_db
def test_a_second_load_changes_nothing_and_an_export_loads_back(tmp_path: Path):
    assert "hostings added, " in loaded(GOOD)
    before = CatalogVersion.objects.get(pk=1).version
    assert loaded(GOOD) == "nothing changed"
    assert CatalogVersion.objects.get(pk=1).version == before
    file = tmp_path / "out.yaml"
    call_command("catalog", "export", str(file))
    assert load(parse([("out.yaml", file.read_text())]), {}, prune=True).counts == {}


@pytest.mark.django_db
def test_a_load_keeps_prices_that_ticks_have_made_and_overrides_that_operators_set():
    loaded(GOOD)
    endpoint = Endpoint.objects.get(provider__slug="north")
    CostVersion.objects.create(endpoint=endpoint, components={"output": 1}, energy={"site": "north"})
    until = timezone.now() + timedelta(hours=1)
    DataCentre.objects.update(override_usd=40, override_until=until, override_reason="works")
    assert loaded(GOOD.replace('"0.648"', '"0.7"')) == "1 hostings changed"
    assert CostVersion.objects.filter(endpoint=endpoint).count() == 2
    assert Hosting.objects.get().joules_per_token == Decimal("0.7")
    assert DataCentre.objects.get().override_usd == Decimal(40)


@pytest.mark.django_db
def test_who_is_bought_in_again_has_a_price_of_its_own():
    loaded(GOOD)
    text = GOOD.replace(RUN, 'price_usd: {input: "1", output: "2"}')
    assert loaded(text) == "1 hostings removed, 1 prices added"
    assert loaded(GOOD) == "1 hostings added, 1 prices added"


@pytest.mark.django_db
def test_pruning_loses_no_site_by_mistake():
    """Neither is a site deleted nor does its provider go on without one."""
    loaded(GOOD)
    bought = FEEDS + REST.replace(RUN, 'price_usd: {input: "1", output: "2"}')
    assert "provider 'north' has a site, which this file leaves out" in refused(bought, prune=True)
    assert "sites" not in loaded(bought)


@pytest.mark.django_db
def test_in_the_demo_a_site_plays_the_week_of_our_own(settings: Any):
    settings.DEMO = True
    loaded(GOOD)
    assert DataCentre.objects.get().node.feed.slug == "replay"
    assert loaded(GOOD) == "nothing changed"
