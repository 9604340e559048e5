"""/status: shares of what was asked, day by day; silence is no uptime; incidents in the reader's language."""

import json
from datetime import timedelta
from typing import Any

import pytest
from django.core.cache import cache
from django.db import connection
from django.test import Client
from django.utils import timezone

from dashboard.moments import today
from dashboard.site import board
from dashboard.site.incidents import Incident
from dashboard.site.uptime import DAYS
from proxy.checkup import resting
from routing.models import Endpoint
from tests.dashboard.test_pages import strict

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("catalog")]


@pytest.fixture(autouse=True)
def rests(monkeypatch: pytest.MonkeyPatch) -> set[int]:
    """What is left alone; and nothing is remembered from another test."""
    found: set[int] = set()
    monkeypatch.setattr(board, "resting", lambda: frozenset(found))
    cache.clear()
    return found


def counted(
    model: str, provider: str, back: int, attempts: int, failures: int, *, cured: bool = False
) -> None:
    """What the roll-ups have of calls at one endpoint. cured: each failure was answered by another one."""
    own = Endpoint.objects.get(model__slug=model, provider__slug=provider).pk
    with connection.cursor() as cursor:
        for endpoint, failed in ((own, failures), (0, 0 if cured else failures)):  # 0: as callers saw it
            for name, count in (("n", attempts), ("e", failed), ("t20", attempts)):
                cursor.execute(
                    "INSERT INTO quality_day VALUES (usage_start(%s, 'day'), %s, %s, %s, %s)",
                    [timezone.now() - timedelta(days=back), model, endpoint, name, count],
                )


def told(client: Client) -> Any:
    return json.loads(client.get("/status.json").content)


def test_a_share_is_cut_and_a_silent_day_is_none(client: Client) -> None:
    counted("test/three", "alpha", 0, 10_000, 1)
    counted("test/three", "beta", 2, 4, 1)
    said = told(client)
    days = {row["id"]: row["days"] for row in said["providers"]}
    assert days["alpha"] == [None] * (DAYS - 1) + [99.99]
    assert days["beta"] == [None] * (DAYS - 3) + [75.0, None, None]
    [row] = said["models"]
    assert (row["id"], row["answered_percent"], row["days"][-3:]) == (
        "test/three",
        99.98,
        [75.0, None, 99.99],
    )
    assert said["first_day"] == (today() - timedelta(days=DAYS - 1)).isoformat()


def test_what_another_one_answered_is_its_providers_failure_alone(client: Client) -> None:
    counted("test/three", "alpha", 0, 10, 4, cured=True)
    said = told(client)
    assert {row["id"]: row["answered_percent"] for row in said["providers"]}["alpha"] == 60.0
    assert [row["answered_percent"] for row in said["models"]] == [100.0]


def test_what_was_never_asked_is_not_up_for_90_days(client: Client) -> None:
    said = told(client)
    assert all(row["answered_percent"] is None for row in said["providers"])
    assert said["models"] == []
    assert "no calls in 90 days" in client.get("/status").content.decode()


def test_what_rests_is_away_and_its_provider_partly(client: Client, rests: set[int]) -> None:
    counted("test/three", "gamma", 0, 10, 0)
    assert told(client)["status"] == "up"
    cache.clear()
    rests.add(Endpoint.objects.get(model__slug="test/three", provider__slug="gamma").pk)
    said = told(client)
    assert {row["id"]: row["status"] for row in said["providers"]}["gamma"] == "degraded"
    assert said["models"][0]["status"] == "down" and said["status"] == "degraded"
    cache.clear()
    rests |= set(Endpoint.objects.filter(provider__slug="gamma").values_list("pk", flat=True))
    assert {row["id"]: row["status"] for row in told(client)["providers"]}["gamma"] == "down"


def test_without_redis_nothing_is_claimed(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(board, "resting", lambda: None)
    assert {row["status"] for row in told(client)["providers"]} == {"unknown"}


def test_an_incident_is_told_in_the_readers_language(client: Client) -> None:
    one = Incident.objects.create(title="Slow answers", title_uz="Sekin javoblar", impact="down")
    one.updates.create(text="We look into it.", text_ru="Разбираемся.")
    said = client.get("/status", headers={"accept-language": "uz"}).content.decode()
    assert "Sekin javoblar" in said and "We look into it." in said and "overall down" in said
    assert "Разбираемся." in client.get("/status", headers={"accept-language": "ru"}).content.decode()
    one.ended_at = timezone.now()
    one.save()
    assert "Past incidents" in client.get("/status").content.decode()
    assert told(client)["status"] == "unknown"


def test_an_old_incident_is_gone(client: Client) -> None:
    then = timezone.now() - timedelta(days=91)
    Incident.objects.create(title="Long ago", started_at=then, ended_at=then)
    assert "Long ago" not in client.get("/status").content.decode()


@pytest.mark.parametrize("language", ["uz", "ru", "en"])
def test_the_page_is_strict(client: Client, language: str) -> None:
    counted("test/three", "alpha", 1, 10, 0)
    text = strict(client.get("/status", headers={"accept-language": language}))
    assert "<svg" in text


def test_a_second_look_asks_for_nothing_anew(client: Client, django_assert_max_num_queries: Any) -> None:
    client.get("/status.json")
    with django_assert_max_num_queries(3):
        client.get("/status.json")


def test_rests_are_read_where_the_gateway_writes_them() -> None:
    assert resting() is None or isinstance(resting(), frozenset)
