"""Probes through our own gateway: they find out about one endpoint, and nobody but the platform pays."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.db import connection

from accounts.models import PLATFORM, Organization
from billing.builtin import fund
from billing.caps import Scope, use
from billing.ledger import balance
from proxy import checkup
from proxy.checkup import read
from proxy.offers import _held, catalog
from proxy.probe import ask as ask_endpoint
from proxy.probe_key import probe_key
from proxy.probing import Target, probe
from proxy.trial import shooting, trial
from routing.models import Endpoint
from routing.pause import pause, resume
from tests.catalog import CREDENTIALS
from tests.factories import make_caller, rows
from tests.live.test_health import ask, route
from tests.processes import Gateway, until
from tests.stack import Stack


@pytest.fixture(scope="module")
def probing(_running_stack: Stack) -> Iterator[Gateway]:
    """A gateway whose endpoints rest."""
    with _running_stack.another_gateway("probing", ENDPOINT_REST_S="1") as gateway:
        yield gateway


@pytest.fixture
def gateway(stack: Stack, probing: Gateway, settings: Any) -> Iterator[Gateway]:
    """The same, asked by this process as a Celery worker would."""
    settings.REDIS_URL = stack.env["REDIS_URL"]
    settings.GATEWAY_URL = probing.url
    checkup.redis.cache_clear()
    _held.clear()
    fund(anonymous_uzs=0, probes_uzs=100_000)
    yield probing
    checkup.redis.cache_clear()
    _held.clear()


def target(name: str, provider: str) -> Target:
    model = catalog().models[f"test/frail-{name}"]
    found = Endpoint.objects.get(model__slug=model.slug, provider__slug=provider)
    [endpoint] = [one for one in model.endpoints if one.id == found.pk]
    return Target(model, endpoint, claim_s=50)


def platform() -> Organization:
    return Organization.objects.get(slug=PLATFORM)


def calls(pk: int) -> list[dict[str, Any]]:
    """The platform's calls of an endpoint."""
    query = "SELECT * FROM proxy_request WHERE org_id = %s AND endpoint_id = %s ORDER BY id"
    return rows(query, platform().pk, pk)


def test_a_probe_brings_a_rested_endpoint_back_and_the_platform_pays(stack: Stack, gateway: Gateway):
    caller = make_caller(balance_uzs=1_000, caps={"project_day": 10**12})
    wanted = target("asked", "alpha")
    for _ in range(3):
        assert ask(gateway, caller, "asked", fault="500").status == 200
    until(lambda: read([wanted.endpoint.id])[wanted.endpoint.id].half_open, "the end of the rest")
    charged, before = caller.charged(), balance(platform().pk).total
    spent = use(Scope.PLATFORM_DAY, 0).spent_micros
    assert probe([wanted]) == 1
    until(lambda: not read([wanted.endpoint.id])[wanted.endpoint.id].resting, "the others to hear")
    [row] = calls(wanted.endpoint.id)
    assert (row["status"], row["stream"], row["provider"]) == ("ok", True, "alpha")
    assert before - balance(platform().pk).total == row["cost_micros"] > 0
    assert use(Scope.PLATFORM_DAY, 0).spent_micros - spent == row["cost_micros"]
    assert caller.charged() == charged
    assert route(ask(gateway, caller, "asked")) == "alpha, beta"
    connection.close()
    assert stack.check_ledger()


def test_two_workers_probe_once(gateway: Gateway):
    wanted = target("twice", "beta")  # never the first to be asked, unless it is named
    probe_key()

    def worker(_: int) -> int:
        try:
            return probe([wanted])
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(worker, range(2))) == [0, 1]
    assert [row["provider"] for row in calls(wanted.endpoint.id)] == ["beta"]


def test_where_our_own_gateway_is_away_no_endpoint_is_blamed(gateway: Gateway, settings: Any):
    wanted = target("away", "alpha")
    settings.GATEWAY_URL = "http://127.0.0.1:1"
    found = ask_endpoint(wanted.model, wanted.endpoint, probe_key())
    assert (found.status, found.asked, found.is_ours) == (0, False, True)
    assert probe([wanted]) == 1
    assert read([wanted.endpoint.id])[wanted.endpoint.id].called_at is None
    assert calls(wanted.endpoint.id) == []


def test_an_operators_test_call_is_one_real_call_with_its_books(gateway: Gateway):
    row = Endpoint.objects.get(model__slug="test/frail-tested", provider__slug="beta")
    done = trial(row)
    assert done.finding.answered and done.finding.answer
    assert done.finding.ttft_ms is not None and done.finding.ttft_ms <= done.finding.latency_ms
    assert done.row is not None
    assert [one["provider"] for one in done.row.attempts] == ["beta"]
    assert (done.row.org_id, done.row.endpoint_id) == (platform().pk, row.pk)
    assert done.row.cost_micros > 0 and done.row.provider_cost_nano > 0 and done.row.output_tokens > 0


def test_a_transcription_is_tested_with_a_second_of_sound(gateway: Gateway):
    row = Endpoint.objects.get(model__slug="test/hear", provider__slug="beta")
    done = trial(row)
    assert done.finding.answered and "text" in done.finding.answer
    assert done.row is not None
    assert [one["provider"] for one in done.row.attempts] == ["beta"]
    assert (done.row.org_id, done.row.endpoint_id, done.row.seconds) == (platform().pk, row.pk, 1)
    assert done.row.cost_micros > 0 and done.row.provider_cost_nano > 0


@pytest.mark.parametrize(("model", "provider"), [("test/films", "beta"), ("test/reel", "pollen")])
def test_a_film_is_tested_as_a_job_whose_end_shows_its_books(
    stack: Stack, gateway: Gateway, settings: Any, monkeypatch: Any, model: str, provider: str
):
    settings.VIDEO_POLL_S = 0
    for name, value in CREDENTIALS.items():
        monkeypatch.setenv(name, value)
    row = Endpoint.objects.get(model__slug=model, provider__slug=provider)
    before = balance(platform().pk).total
    pause(row, "not on sale before it was seen to work", make_caller().user)
    try:
        until(lambda: catalog().dormant.get(row.pk), "the switch")
        found = until(lambda: trial(row).finding.film, "the gateway to hear")
    finally:
        resume(row)
    film = until(lambda: one if (one := shooting(found)) and one.is_over else None, "the film")
    assert film.job.status == "completed" and film.row is not None
    assert (film.row.org_id, film.row.seconds) == (platform().pk, 4)
    assert [one["provider"] for one in film.row.attempts] == [provider]
    assert before - balance(platform().pk).total == film.row.cost_micros > 0
    connection.close()
    assert stack.check_ledger()


def test_what_an_operator_pauses_serves_nobody_and_comes_back(gateway: Gateway):
    caller = make_caller(balance_uzs=1_000)
    row = Endpoint.objects.get(model__slug="test/frail-tested", provider__slug="alpha")
    assert ask(gateway, caller, "tested").headers["x-cloudapi-provider"] == "alpha"
    pause(row, "it answers nonsense", caller.user)
    try:
        until(lambda: route(ask(gateway, caller, "tested")) == "beta", "the gateway to hear")
        done = trial(row)
        assert done.finding.answered and done.row is not None
        assert (done.row.org_id, done.row.endpoint_id) == (platform().pk, row.pk)
        assert route(ask(gateway, caller, "tested")) == "beta"
        pinned = ask(gateway, caller, "tested", provider={"endpoint": row.pk})
        assert route(pinned) == "beta"
    finally:
        resume(row)
    until(lambda: route(ask(gateway, caller, "tested")) == "alpha, beta", "its return")
