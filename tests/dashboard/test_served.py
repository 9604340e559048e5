"""A model's public page: who serves it, and how well over 5 minutes, an hour and a day."""

from collections import Counter
from typing import Any

import pytest
from django.test import Client

from accounts.models import User
from dashboard import served
from proxy.checkup import Checkup
from routing.health import Tally, bucket
from routing.models import Endpoint, Provider
from routing.pause import pause

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("catalog")]


def tally(calls: int, ttft_ms: int, rate: int, errors: int = 0) -> Tally:
    return Tally(calls, errors, Counter({bucket(ttft_ms): calls}), Counter({bucket(rate * 10): calls}))


@pytest.fixture
def known(monkeypatch: pytest.MonkeyPatch) -> dict[int, Checkup]:
    found: dict[int, Checkup] = {}
    monkeypatch.setattr(served, "checkups", lambda ids: {pk: found.get(pk, Checkup()) for pk in ids})
    return found


def endpoint(provider: str) -> Endpoint:
    return Endpoint.objects.get(model__slug="test/three", provider__slug=provider)


def test_all_figures_stand_there_for_all_three_periods(client: Client, known: dict[int, Checkup]) -> None:
    known[endpoint("gamma").pk] = Checkup(
        lately=tally(5, 100, 50), hour=tally(10, 200, 60, errors=1), day=tally(100, 400, 70, errors=5)
    )
    text = client.get("/models/test/three").content.decode()
    for period in ("5 minutes", "1 hour", "24 hours"):
        assert period in text
    for figure in ("100.0%", "90.0%", "95.0%"):
        assert figure in text
    assert "real traffic and probes" in text


def test_who_has_no_calls_says_so(client: Client, known: dict[int, Checkup]) -> None:
    assert "no calls yet" in client.get("/models/test/three").content.decode()
    known[endpoint("gamma").pk] = Checkup(day=tally(9, 100, 50))
    text = client.get("/models/test/three").content.decode()
    assert text.count("no calls</td>") == 2


@pytest.mark.parametrize("of", ["endpoint", "provider"])
def test_a_paused_provider_is_shown_without_the_reason(client: Client, of: str) -> None:
    row: Any = endpoint("gamma")
    switched = row if of == "endpoint" else Provider.objects.get(pk=row.provider_id)
    pause(switched, "they owe us money", User.objects.create(email="op@test.invalid"))
    text = client.get("/models/test/three").content.decode()
    assert "paused" in text and "Gamma" in text
    assert "owe us" not in text
    assert text.count("Gamma</span>") == 1


def test_what_the_catalog_itself_switched_off_is_not_shown(client: Client) -> None:
    Endpoint.objects.filter(pk=endpoint("gamma").pk).update(active=False)
    assert "Gamma</span>" not in client.get("/models/test/three").content.decode()
