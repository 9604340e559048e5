"""Rests, probes and figures as several workers share them, on a real Redis-compatible server."""

import random
from collections.abc import AsyncIterator

import pytest
from django.conf import settings
from django.test import Client

from accounts.models import User
from proxy import vitals as module
from proxy.checkup import bring_back, checkups
from proxy.vitals import Vitals
from routing.health import LEAST_CALLS
from routing.models import Endpoint, Model, Provider


@pytest.fixture
def endpoint() -> int:
    """An id that no other test has."""
    return random.SystemRandom().randrange(10**9, 10**12)


@pytest.fixture
async def two() -> AsyncIterator[tuple[Vitals, Vitals]]:
    one, other = Vitals(settings.REDIS_URL, 5), Vitals(settings.REDIS_URL, 5)
    yield one, other
    one.close()
    other.close()


def fail(vitals: Vitals, endpoint: int, times: int = 3) -> None:
    for _ in range(times):
        vitals.began(endpoint)
        vitals.left(endpoint)
        vitals.failed(endpoint, "reset", None)


async def test_a_rest_is_everybodys(two: tuple[Vitals, Vitals], endpoint: int):
    one, other = two
    fail(one, endpoint)
    assert one.resting(endpoint) == "reset"
    assert other.resting(endpoint) == ""
    await one.beat()
    await other.beat()
    assert other.resting(endpoint) == "reset"
    assert not other.all_well
    assert checkups([endpoint])[endpoint].resting == "reset"


async def test_a_probe_is_one_workers_and_its_answer_ends_the_rest(
    two: tuple[Vitals, Vitals], endpoint: int, monkeypatch: pytest.MonkeyPatch
):
    one, other = two
    clock = [1000.0]
    monkeypatch.setattr(module.time, "monotonic", lambda: clock[0])
    fail(one, endpoint)
    await one.beat()
    await other.beat()
    clock[0] += 6  # the rest of 5 s is over for both
    await one.beat()
    await other.beat()
    permitted = [vitals for vitals in two if vitals.resting(endpoint) == ""]
    assert len(permitted) == 1
    (prober,) = permitted
    prober.began(endpoint)
    assert prober.resting(endpoint) == "reset"  # one call, no more
    prober.left(endpoint)
    prober.succeeded(endpoint, 120.0, None)
    assert prober.resting(endpoint) == ""
    await prober.beat()
    for vitals in two:
        await vitals.beat()
        assert vitals.resting(endpoint) == ""


async def test_a_probe_that_fails_doubles_the_rest(
    two: tuple[Vitals, Vitals], endpoint: int, monkeypatch: pytest.MonkeyPatch
):
    one, _ = two
    clock = [1000.0]
    monkeypatch.setattr(module.time, "monotonic", lambda: clock[0])
    fail(one, endpoint)
    await one.beat()
    clock[0] += 6
    await one.beat()
    fail(one, endpoint, times=1)
    clock[0] += 6  # 10 s this time
    await one.beat()
    assert one.resting(endpoint) == "reset"


async def test_figures_are_everybodys(two: tuple[Vitals, Vitals], endpoint: int):
    one, other = two
    for ttft in (100, 200, 300, 400, 900):
        one.began(endpoint)
        one.left(endpoint)
        one.succeeded(endpoint, ttft, 50.0)
    one.began(endpoint)
    assert one.figures(endpoint).load == 1
    await one.beat()
    await other.beat()
    found = other.figures(endpoint)
    assert found.ttft_ms == pytest.approx(300, rel=0.03)
    assert found.ttft_p95_ms == pytest.approx(900, rel=0.03)
    assert found.token_rate == pytest.approx(50, rel=0.03)
    assert found.load == 0
    seen = checkups([endpoint])[endpoint]
    assert (seen.lately.calls, seen.hour.calls, seen.day.calls, seen.day.success_percent) == (5, 5, 5, 100)


async def test_of_an_idle_endpoint_the_last_hour_counts(
    two: tuple[Vitals, Vitals], endpoint: int, monkeypatch: pytest.MonkeyPatch
):
    """Nothing is said of it after an hour."""
    one, other = two
    clock = [module.time.time()]
    monkeypatch.setattr(module.time, "time", lambda: clock[0])
    for _ in range(LEAST_CALLS):
        one.began(endpoint)
        one.left(endpoint)
        one.succeeded(endpoint, 300.0, 50.0)
    await one.beat()
    clock[0] += 40 * 60
    await other.beat()
    assert other.figures(endpoint).ttft_ms == pytest.approx(300, rel=0.03)
    clock[0] += 30 * 60
    await one.beat()
    monkeypatch.setattr(one, "_figures_due", 0.0)
    monkeypatch.setattr(one, "_hour_due", 0.0)
    await one.beat()
    assert one.figures(endpoint).ttft_ms is None


async def test_without_redis_a_worker_knows_what_it_has_seen_itself(
    endpoint: int, monkeypatch: pytest.MonkeyPatch
):
    clock = [1000.0]
    monkeypatch.setattr(module.time, "monotonic", lambda: clock[0])
    alone = Vitals("redis://127.0.0.1:1/0", 5)
    fail(alone, endpoint)
    with pytest.raises(OSError):
        await alone.beat()
    assert alone.resting(endpoint) == "reset"
    clock[0] += 6
    with pytest.raises(OSError):
        await alone.beat()
    assert alone.resting(endpoint) == ""  # it probes for itself


def test_nobody_rests_where_rests_are_turned_off(endpoint: int):
    vitals = Vitals(settings.REDIS_URL, 0)
    fail(vitals, endpoint, times=9)
    assert vitals.all_well


async def test_the_operator_brings_an_endpoint_back(two: tuple[Vitals, Vitals], endpoint: int):
    one, other = two
    fail(one, endpoint)
    await one.beat()
    bring_back(endpoint)
    await other.beat()
    assert other.resting(endpoint) == ""


@pytest.mark.django_db
def test_operators_see_all_endpoints_and_others_nothing(client: Client):
    provider = Provider.objects.create(slug="vital", name="Vital", base_url="https://v.test/v1")
    model = Model.objects.create(slug="vital/one", name="Vital", modality="chat", category="third_party")
    Endpoint.objects.create(model=model, provider=provider, upstream_name="one", markup_kind="margin")
    page = "/admin/proxy/endpointhealth/"
    assert client.get(page).status_code == 302
    client.force_login(
        User.objects.create(email="op@test.invalid", password="!", is_staff=True, is_superuser=True),
        "allauth.account.auth_backends.AuthenticationBackend",
    )
    text = client.get(page).content.decode()
    assert "vital/one at vital" in text
    assert "no calls lately" in text


async def test_a_call_sent_to_find_out_ends_a_rest_before_its_time(two: tuple[Vitals, Vitals], endpoint: int):
    one, other = two
    fail(one, endpoint)
    await one.beat()
    one.began(endpoint)  # nobody else was there to be asked: that decides nothing
    one.left(endpoint)
    one.succeeded(endpoint, 100.0, None)
    assert one.resting(endpoint) == "reset"
    one.began(endpoint, probe=True)
    one.left(endpoint)
    one.succeeded(endpoint, 100.0, None)
    assert one.resting(endpoint) == ""
    await one.beat()
    await other.beat()
    assert other.resting(endpoint) == ""


async def test_pages_hear_when_an_endpoint_was_called_and_when_it_answered(
    two: tuple[Vitals, Vitals], endpoint: int
):
    one, _ = two
    assert checkups([endpoint])[endpoint].called_at is None
    one.failed(endpoint, "reset", None)
    await one.beat()
    seen = checkups([endpoint])[endpoint]
    assert seen.called_at is not None and seen.answered_at is None
    one.succeeded(endpoint, 80.0, None)
    await one.beat()
    assert checkups([endpoint])[endpoint].answered_at is not None
    fail(one, endpoint)
    await one.beat()
    rests = checkups([endpoint])[endpoint]
    assert (rests.resting, rests.half_open) == ("reset", False)
    assert rests.until is not None and rests.called_at is not None and rests.until > rests.called_at
