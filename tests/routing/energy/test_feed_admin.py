"""What operators see of feeds in admin, and do there."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.test import Client
from django.utils import timezone

from accounts.models import User
from accounts.seals import seal, unseal
from cloudapi.celery import app
from routing.energy import poll
from routing.energy.markets import Feed, FeedState, GridNode, GridPrice, GridRate

pytestmark = pytest.mark.django_db
LIST = "/admin/routing/feed/"
AT = datetime(2026, 11, 18, 12, tzinfo=UTC)
Make = Callable[..., Feed]


@pytest.fixture
def desk(client: Client, operator: User) -> Client:
    client.force_login(operator)
    return client


@pytest.fixture
def eager() -> Any:
    app.conf.task_always_eager = True
    yield
    app.conf.task_always_eager = False


def page(desk: Client, feed: Feed | None = None) -> str:
    return desk.get(f"{LIST}{feed.pk}/change/" if feed else LIST).content.decode()


def save(desk: Client, feed: Feed, **values: Any) -> str:
    """Saves the form with these values; the page after it."""
    said = {
        "name": feed.name,
        "poll_s": feed.poll_s,
        "terms_url": feed.terms_url,
        "attribution": "",
        **values,
    }
    nodes = feed.nodes.count()
    form = {"nodes-TOTAL_FORMS": nodes, "nodes-INITIAL_FORMS": nodes}
    form |= {f"nodes-{number}-id": node.pk for number, node in enumerate(feed.nodes.all())}
    answer = desk.post(f"{LIST}{feed.pk}/change/", said | form, follow=True)
    feed.refresh_from_db()
    return answer.content.decode()


def logged(feed: Feed) -> list[str]:
    rows = LogEntry.objects.filter(object_id=str(feed.pk), content_type__model="feed").order_by("pk")
    return [row.change_message for row in rows]


def test_the_list_shows_the_newest_price_its_age_the_state_the_error_and_the_next_try(
    feed: Make, desk: Client
):
    replay, spp = feed("replay", "HB_NORTH", simulated=True), feed("spp", "SPPNORTH_HUB")
    poll.poll_now(replay)
    FeedState.objects.update_or_create(
        feed=spp, defaults={"failures": 3, "error": "it answers 503", "next_at": timezone.now()}
    )
    FeedState.objects.filter(feed=spp).update(tried_at=timezone.now())
    newest = GridPrice.objects.filter(node__feed=replay).latest("start")
    html = page(desk)
    assert f"HB_NORTH: {newest.usd:.2f} USD/MWh" in html
    for told in ("minute", "failed 3 times in a row", "it answers 503", "well"):
        assert told in html


def test_where_no_market_is_asked_the_page_says_so(feed: Make, desk: Client, settings: Any):
    settings.ENERGY_FEEDS = False
    assert "ENERGY_FEEDS is off" in page(desk, feed("spp", "SPPNORTH_HUB"))
    assert "SIMULATED" in page(desk, feed("replay", "HB_NORTH", simulated=True)) + page(desk)


def test_only_what_there_is_to_decide_is_offered(feed: Make, desk: Client):
    open_to_all = page(desk, feed("spp", "SPPNORTH_HUB"))
    assert "accept_terms" not in open_to_all
    assert 'name="key"' not in open_to_all
    pjm = feed("pjm", "51288", needs_terms=True, needs_key=True)
    assert "accept_terms" in page(desk, pjm)
    save(desk, pjm, accept_terms="on")
    assert 'name="withdraw_terms"' in page(desk, pjm)
    assert 'name="accept_terms"' not in page(desk, pjm)


@pytest.mark.parametrize(
    ("values", "state", "told"),
    [
        ({}, {}, "not asked yet"),
        ({"active": False}, {}, "off by the catalog"),
        ({"needs_terms": True, "needs_key": True}, {}, "waits for its terms to be accepted, waits for a key"),
        (
            {},
            {"tried_at": timezone.now(), "failures": 6, "resting_until": timezone.now()},
            "rests after 6 failures",
        ),
        ({}, {"tried_at": timezone.now()}, "well"),
    ],
)
def test_a_feed_says_in_words_how_it_goes(
    feed: Make, desk: Client, values: dict[str, Any], state: dict[str, Any], told: str, settings: Any
):
    settings.ENERGY_FEEDS = True
    spp = feed("spp", "SPPNORTH_HUB", **values)
    FeedState.objects.create(feed=spp, **state)
    assert told in page(desk, spp)


def test_terms_are_accepted_and_withdrawn_by_name_and_date(feed: Make, desk: Client, operator: User):
    spp = feed("spp", "SPPNORTH_HUB", needs_terms=True, terms_url="https://www.spp.org/terms-conditions/")
    save(desk, spp, accept_terms="on")
    assert spp.terms_accepted_by == operator
    assert spp.terms_accepted_at is not None
    assert operator.email in page(desk, spp)
    save(desk, spp, withdraw_terms="on")
    assert (spp.terms_accepted_at, spp.lacks) == (None, ["terms"])
    first, second = logged(spp)
    assert first == "accepted the terms of https://www.spp.org/terms-conditions/"
    assert second.startswith(f"withdrew the acceptance of its terms (by {operator.email}, ")


def test_a_key_is_sealed_never_shown_and_can_be_forgotten(feed: Make, desk: Client):
    pjm = feed("pjm", "51288", needs_key=True)
    html = save(desk, pjm, key="very-secret-key-9876", _continue="1")
    assert unseal(bytes(pjm.sealed_key or b"")) == "very-secret-key-9876"
    assert "…9876" in html
    assert "very-secret" not in html + page(desk) + "".join(logged(pjm))
    save(desk, pjm, forget_key="on")
    assert (pjm.sealed_key, pjm.lacks) == (None, ["key"])
    assert logged(pjm) == ["key: none → …9876", "key: …9876 → none"]


def test_what_was_changed_is_logged_with_before_and_after(feed: Make, desk: Client):
    spp = feed("spp", "SPPNORTH_HUB")
    save(desk, spp, poll_s=300)
    assert logged(spp) == ["poll_s: 240 → 300"]


def test_nobody_can_set_a_pace_that_the_market_forbids(feed: Make, desk: Client):
    ercot = feed("ercot", "HB_NORTH", poll_s=300)
    assert "every 300 seconds at most" in save(desk, ercot, poll_s=60)
    assert ercot.poll_s == 300
    assert "not both" in save(desk, ercot, accept_terms="on", withdraw_terms="on")


def test_a_feed_is_asked_at_once_from_the_list_and_from_its_page(feed: Make, desk: Client, eager: None):
    replay = feed("replay", "HB_NORTH")
    asked = desk.post(LIST, {"action": "ask_now", "_selected_action": [replay.pk]}, follow=True)
    assert "Replay is being asked" in asked.content.decode()
    assert GridPrice.objects.filter(node__feed=replay).exists()
    assert "Replay is being asked" in save(desk, replay, _ask="1", name="A week of ours")
    assert replay.name == "A week of ours"
    assert logged(replay).count("asked by hand") == 2


def test_a_feed_that_may_not_be_asked_says_so(feed: Make, desk: Client, settings: Any, eager: None):
    settings.ENERGY_FEEDS = True
    spp = feed("spp", "SPPNORTH_HUB", needs_terms=True)
    asked = desk.post(LIST, {"action": "ask_now", "_selected_action": [spp.pk]}, follow=True)
    assert "Spp may not be asked" in asked.content.decode()
    assert logged(spp) == []


def test_a_feed_is_switched_off_with_a_reason_and_on_again(feed: Make, desk: Client, operator: User):
    replay = feed("replay", "HB_NORTH")
    question = desk.get(f"{LIST}switch/?to=off&id={replay.pk}").content.decode()
    assert "It is asked no more" in question
    desk.post(f"{LIST}switch/?to=off&id={replay.pk}", {"reason": "prices look wrong"})
    replay.refresh_from_db()
    assert (replay.paused_by, replay.paused_reason) == (operator, "prices look wrong")
    assert poll.poll_due(timezone.now() + timedelta(days=1)) == 0
    desk.post(f"{LIST}switch/?to=on&id={replay.pk}", {"reason": "mended"})
    assert poll.usable().count() == 1
    assert [text.split(" (")[0] for text in logged(replay)] == [
        "switched off: prices look wrong",
        "switched on: mended",
    ]


def test_prices_are_read_only_and_nodes_keep_their_currency(feed: Make, desk: Client):
    replay = feed("replay", "HB_NORTH")
    poll.poll_due()
    assert "HB_NORTH" in desk.get("/admin/routing/gridprice/").content.decode()
    assert desk.get("/admin/routing/gridprice/add/").status_code == 403
    node = GridNode.objects.get(feed=replay)
    desk.post(f"/admin/routing/gridnode/{node.pk}/change/", {"currency": "CAD", "code": "x", "params": "{}"})
    node.refresh_from_db()
    assert (node.currency, node.code) == ("USD", "HB_NORTH")
    assert "USD/MWh" in desk.get("/admin/routing/gridnode/").content.decode()


def test_an_operator_can_add_a_rate_where_the_bank_is_silent(desk: Client):
    desk.post("/admin/routing/gridrate/add/", {"currency": "CAD", "date": "2026-11-20", "per_usd": "1.4"})
    assert str(GridRate.objects.get()) == "1.400000 CAD for a dollar on 2026-11-20"
    assert "day" in desk.get("/admin/routing/gridrate/").content.decode()


def test_the_list_is_a_fixed_number_of_queries(feed: Make, desk: Client, django_assert_max_num_queries: Any):
    for slug in ("caiso", "ercot", "spp", "miso", "pjm"):
        one = feed(slug, "a", "b", sealed_key=seal("x"))
        FeedState.objects.create(feed=one)
    with django_assert_max_num_queries(12):
        page(desk)


def test_people_who_are_no_operators_see_none_of_it(client: Client, feed: Make):
    spp = feed("spp", "SPPNORTH_HUB")
    client.force_login(User.objects.create(email="customer@test.invalid"))
    for path in (LIST, f"{LIST}{spp.pk}/change/", f"{LIST}switch/?id={spp.pk}", "/admin/routing/gridprice/"):
        assert client.get(path).status_code in (302, 403)
