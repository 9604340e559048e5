"""Operators read the request log and the video jobs, and look after the endpoints."""

from collections import Counter
from datetime import UTC, datetime

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Permission
from django.test import Client

from accounts.models import User
from proxy import glance, trial
from proxy.admin import health
from proxy.checkup import Checkup
from proxy.probe import Finding
from routing.health import Tally, bucket, middle
from routing.models import Endpoint
from tests.dashboard.conftest import catalog  # noqa: F401

pytestmark = pytest.mark.django_db


@pytest.fixture
def operator():
    client = Client()
    user = User.objects.create(email="operator@test.invalid", is_staff=True, is_superuser=True)
    client.force_login(user)
    return client


@pytest.mark.parametrize("page", ["request", "videojob"])
@pytest.mark.parametrize("term", ["", "1", "01a1fdfb-2b62-7794-bb25-397e4bc0ce00", "nonsense"])
def test_the_log_is_listed_and_searched(operator, page, term):
    assert operator.get(f"/admin/proxy/{page}/", {"q": term}).status_code == 200


@pytest.mark.parametrize("page", ["request", "videojob"])
def test_nobody_adds_to_the_log_by_hand(operator, page):
    assert operator.get(f"/admin/proxy/{page}/add/").status_code == 403


@pytest.fixture
def here(catalog):  # noqa: F811
    """The small catalog; its models at gamma are available."""
    return {(e.model.slug, e.provider.slug): e for e in Endpoint.objects.select_related("model", "provider")}


HEALTH = "/admin/proxy/endpointhealth/"


def test_the_glance_tells_each_state(operator, here, monkeypatch):
    gamma, alpha = here["test/three", "gamma"], here["test/three", "alpha"]
    drain, closed = here["test/drain", "drain"], here["test/closed", "closed"]
    day = Tally(calls=10, errors=1, ttft=Counter({bucket(400): 10}), rate=Counter({bucket(500): 10}))
    seen = {
        gamma.pk: Checkup(lately=day, hour=day, day=day, answered_at=datetime(2026, 1, 1, tzinfo=UTC)),
        drain.pk: Checkup(resting="timeout", until=datetime(2026, 1, 1, 7, 30, tzinfo=UTC)),
    }
    monkeypatch.setattr(glance, "read", lambda ids: {pk: seen.get(pk, Checkup()) for pk in ids})
    closed_page = f"/admin/routing/endpoint/switch/?to=off&id={closed.pk}"
    operator.post(closed_page, {"reason": "they are moving house"})
    text = operator.get(HEALTH + "?q=test/").content.decode()
    assert "rests until" in text and "12:30" in text and "timeout" in text
    assert "they are moving house" in text
    assert "90.0\xa0%" in text and "serving" in text
    rate = f"{middle(bucket(500)) / 10:.0f}"
    assert text.count(f"{rate}<br>{rate}<br>{rate}") == 1
    assert "no credential or address" in text
    for state, row, other in (
        ("serving", gamma, drain),
        ("resting", drain, gamma),
        ("off", closed, gamma),
        ("unavailable", alpha, gamma),
    ):
        text = operator.get(f"{HEALTH}?state={state}").content.decode()
        assert f"endpoint/{row.pk}/change" in text
        assert f"endpoint/{other.pk}/change" not in text


def test_the_glance_sorts_by_figures(operator, here, monkeypatch):
    slow, quick = here["test/three", "alpha"], here["test/three", "gamma"]

    def tally(ms):
        return Tally(calls=9, ttft=Counter({bucket(ms): 9}))

    seen = {slow.pk: Checkup(hour=tally(900)), quick.pk: Checkup(hour=tally(90))}
    monkeypatch.setattr(glance, "read", lambda ids: {pk: seen.get(pk, Checkup()) for pk in ids})
    text = operator.get(HEALTH + "?q=test/three&o=-6").content.decode()
    places = [text.index(f"endpoint/{row.pk}/change") for row in (slow, quick)]
    assert places == sorted(places)
    text = operator.get(HEALTH + "?q=test/three&o=6").content.decode()
    assert text.index(f"endpoint/{quick.pk}/change") < text.index(f"endpoint/{slow.pk}/change")


def test_the_glance_asks_redis_once_and_the_database_as_often_for_many_as_for_few(
    operator, here, monkeypatch, django_assert_max_num_queries
):
    asked = []
    monkeypatch.setattr(glance, "read", lambda ids: asked.append(1) or {})
    operator.get(HEALTH)
    assert len(asked) == 1
    with django_assert_max_num_queries(20):
        assert operator.get(HEALTH).status_code == 200


def test_without_redis_the_glance_says_so(operator, here, monkeypatch):
    def away(_):
        raise ConnectionRefusedError

    monkeypatch.setattr(glance, "read", away)
    assert "Redis is away" in operator.get(HEALTH).content.decode()


def test_a_test_call_asks_first_shows_what_came_and_is_logged(operator, here, monkeypatch):
    gamma = here["test/three", "gamma"]
    finding = Finding(200, True, latency_ms=512, ttft_ms=93, call="x", answer="one, <two>")
    monkeypatch.setattr(trial, "ask", lambda model, endpoint, key: finding)
    page = f"{HEALTH}test/?endpoint={gamma.pk}"
    assert "512" not in operator.get(page).content.decode()
    assert not LogEntry.objects.filter(object_id=str(gamma.pk)).exists()
    text = operator.post(page, {"endpoint": gamma.pk}).content.decode()
    assert "512 ms" in text and "93 ms" in text and "one, &lt;two&gt;" in text
    entry = LogEntry.objects.get(object_id=str(gamma.pk))
    assert "test call: 200, 512 ms" in entry.get_change_message()
    assert "two" not in entry.get_change_message()


def test_a_provider_is_tested_at_one_of_its_endpoints(operator, here):
    gamma = here["test/three", "gamma"]
    page = f"{HEALTH}test/?provider={gamma.provider.pk}"
    text = operator.get(page).content.decode()
    assert "gamma-three" in text and "alpha-three" not in text
    link = f"test/?provider={gamma.provider.pk}"
    assert link in operator.get(f"/admin/routing/provider/{gamma.provider.pk}/change/").content.decode()
    assert (
        "Choose an endpoint"
        in operator.post(page, {"endpoint": here["test/three", "alpha"].pk}).content.decode()
    )


def test_what_has_no_price_is_not_called(operator, here, monkeypatch):
    monkeypatch.setattr(trial, "ask", lambda *_: pytest.fail("nobody should be asked"))
    row = Endpoint.objects.create(
        model=here["test/one", "alpha"].model,
        provider=here["test/three", "gamma"].provider,
        upstream_name="unpriced",
        markup_kind="margin",
    )
    page = f"{HEALTH}test/?endpoint={row.pk}"
    assert "it has no price" in operator.post(page, {"endpoint": row.pk}).content.decode()


@pytest.mark.parametrize("what", ["endpoint", "provider"])
def test_what_is_switched_off_is_tested_before_it_is_on_and_the_page_says_so(
    operator, here, monkeypatch, what
):
    asked = []
    monkeypatch.setattr(trial, "ask", lambda *of: asked.append(of) or Finding(200, True, call="x"))
    closed = here["test/closed", "closed"]
    pk = closed.pk if what == "endpoint" else closed.provider.pk
    operator.post(f"/admin/routing/{what}/switch/?to=off&id={pk}", {"reason": "not ready yet"})
    page = f"{HEALTH}test/?endpoint={closed.pk}"
    assert "It is switched off" in operator.get(page).content.decode()
    assert "answered" in operator.post(page, {"endpoint": closed.pk}).content.decode()
    [(model, endpoint, _key)] = asked
    assert (model.slug, endpoint.id, endpoint.provider.available) == ("test/closed", closed.pk, True)
    assert LogEntry.objects.filter(
        object_id=str(closed.pk), change_message__contains="test call: 200"
    ).exists()


def test_a_test_call_of_a_film_is_shown_on_a_page_of_its_own_and_logged_with_its_job(
    operator, here, monkeypatch
):
    film = here["test/video", "alpha"]
    finding = Finding(200, True, latency_ms=40, call="x", film="video_" + "0" * 32)
    monkeypatch.setattr(trial, "ask", lambda *_: finding)
    page = f"{HEALTH}test/?endpoint={film.pk}"
    reply = operator.post(page, {"endpoint": film.pk})
    assert (reply.status_code, reply["location"]) == (302, f"{page}&film={finding.film}")
    entry = LogEntry.objects.get(object_id=str(film.pk))
    assert f"test call: 200, 40 ms, {finding.film}" in entry.get_change_message()
    assert operator.get(reply["location"]).status_code == 200  # nobody knows the job: the page is as before


def test_our_own_gateway_is_told_apart(operator, here, settings):
    settings.GATEWAY_URL = "http://127.0.0.1:1"
    gamma = here["test/three", "gamma"]
    text = operator.post(f"{HEALTH}test/?endpoint={gamma.pk}", {"endpoint": gamma.pk}).content.decode()
    assert "gateway can" in text and "was not asked" in text


def test_ending_a_rest_is_logged(operator, here, monkeypatch):
    gamma, ended = here["test/three", "gamma"], []
    monkeypatch.setattr(health, "bring_back", ended.append)
    operator.post(HEALTH, {"action": "wake", "_selected_action": [gamma.pk]})
    assert ended == [gamma.pk]
    assert "rest ended" in LogEntry.objects.get(object_id=str(gamma.pk)).change_message


def test_a_test_call_needs_the_right_to_change_endpoints(here, client):
    gamma = here["test/three", "gamma"]
    reader = User.objects.create(email="reader@test.invalid", is_staff=True)
    reader.user_permissions.add(Permission.objects.get(codename="view_endpointhealth"))
    client.force_login(reader)
    assert client.post(f"{HEALTH}test/?endpoint={gamma.pk}", {"endpoint": gamma.pk}).status_code == 403
    client.force_login(User.objects.create(email="customer@test.invalid"))
    assert client.post(f"{HEALTH}test/?endpoint={gamma.pk}", {"endpoint": gamma.pk}).status_code == 302
