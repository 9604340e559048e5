"""Feeds in catalog files: what they may say, what a load changes, and what is the operators' alone."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from django.core.management import call_command
from django.utils import timezone

from routing.catalog.grid import find_node
from routing.catalog.load import load
from routing.catalog.parse import parse
from routing.energy.markets import Feed, GridNode, GridPrice
from routing.errors import CatalogError

FEEDS = """\
feeds:
  - slug: ieso
    name: Ontario
    poll_s: 240
    nodes: [{code: "TORONTO:HUB", currency: CAD}]
  - {slug: pjm, name: PJM, needs_terms: true, needs_key: true, nodes: [{code: "51288"}]}
  - {slug: static, name: Contract, nodes: [{code: contract, usd_per_mwh: "65.00"}]}
  - {slug: replay, name: Ours, simulated: true, nodes: [{code: "TORONTO:HUB", series: HB_NORTH}]}
"""
AT = datetime(2026, 11, 16, tzinfo=UTC)


def loaded(text: str, *, prune: bool = False) -> str:
    return str(load(parse([("f.yaml", text)]), {}, prune=prune))


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ("{slug: nowhere}", "f.yaml:2: feed 'nowhere': there is no adapter 'nowhere'"),
        ("{slug: ieso, nodes: [{code: x, currency: EUR}]}", "currency must be one of USD, CAD"),
        ("{slug: ieso, nodes: [{code: x}, {code: x}]}", "two nodes have the same code"),
        ("{slug: static, nodes: [{code: x, usd_per_mwh: 65.5}]}", "usd_per_mwh must be a number"),
        ('{slug: static, nodes: [{code: x, usd_per_mwh: "-1"}]}', "usd_per_mwh must be a number"),
        ("{slug: ieso, poll_s: 0}", "poll_s must be a whole number"),
        ("{slug: ieso, price: 1}", "unknown key 'price'"),
    ],
)
def test_mistakes_are_named_with_their_line(wrong: str, said: str):
    (problem,) = parse([("f.yaml", f"feeds:\n  - {wrong}\n")]).problems
    assert said in problem


def test_a_feed_is_stated_once():
    problems = parse([("f.yaml", "feeds:\n  - {slug: ieso}\n  - {slug: ieso}\n")]).problems
    assert len(problems) == 1
    assert "ieso" in problems[0]


@pytest.mark.django_db
def test_a_second_load_changes_nothing_and_an_export_loads_back(tmp_path: Path):
    assert loaded(FEEDS) == "4 feeds added, 4 nodes added"
    assert loaded(FEEDS) == "nothing changed"
    file = tmp_path / "out.yaml"
    call_command("catalog", "export", str(file))
    assert load(parse([("out.yaml", file.read_text())]), {}).counts == {}
    assert 'usd_per_mwh: "65.00"' in file.read_text() or "usd_per_mwh: '65.00'" in file.read_text()


@pytest.mark.django_db
def test_what_operators_decided_survives_every_load():
    loaded(FEEDS)
    said = {"paused_at": timezone.now(), "paused_reason": "broken", "terms_accepted_at": timezone.now()}
    Feed.objects.filter(slug="pjm").update(**said, sealed_key=b"x")
    loaded(FEEDS.replace("name: PJM", "name: Mid-Atlantic"))
    feed = Feed.objects.get(slug="pjm")
    assert (feed.name, feed.is_on, feed.lacks) == ("Mid-Atlantic", False, [])


@pytest.mark.django_db
def test_prune_switches_off_what_the_file_does_not_state_and_keeps_its_prices():
    loaded(FEEDS)
    loaded("feeds:\n  - {slug: ieso, name: Ontario}\n", prune=True)
    assert list(Feed.objects.filter(active=True).values_list("slug", flat=True)) == ["ieso"]
    assert GridNode.objects.count() == 4


@pytest.mark.django_db
def test_a_node_with_prices_keeps_its_currency():
    loaded(FEEDS)
    node = GridNode.objects.get(feed__slug="ieso")
    GridPrice.objects.create(node=node, start=AT, end=AT + timedelta(minutes=5), price=1, usd=1)
    with pytest.raises(CatalogError, match=r"f\.yaml:2: feed 'ieso': node 'TORONTO:HUB' has prices in CAD"):
        loaded(FEEDS.replace("currency: CAD", "currency: USD"))


@pytest.mark.django_db
def test_sites_of_the_demo_live_on_our_own_week(settings):
    loaded(FEEDS)
    settings.DEMO = False
    assert str(find_node("ieso", "TORONTO:HUB")) == "ieso TORONTO:HUB"
    settings.DEMO = True
    assert str(find_node("ieso", "TORONTO:HUB")) == "replay TORONTO:HUB"
    assert str(find_node("pjm", "51288")) == "pjm 51288"
    assert find_node("pjm", "nowhere") is None
