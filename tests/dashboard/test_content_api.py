"""`/api/content`: what is sealed is read, exported and deleted by its own organization only."""

import json
from datetime import UTC, timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from accounts.logkeys import forget, keep_days
from accounts.models import Membership, Role
from proxy.contents import retention
from proxy.contents.records import all_of
from tests.content import keep, log_to
from tests.dashboard.calls import browser, viewer
from tests.factories import Caller, make_caller, rows

pytestmark = pytest.mark.django_db


@pytest.fixture
def caller() -> Caller:
    return make_caller(scopes=("manage",))


def exported(client: Client, caller: Caller, **query: str) -> list[dict[str, Any]]:
    answer = client.get(f"/api/projects/{caller.project.api_id}/content", query)
    assert answer["content-type"] == "application/x-ndjson"
    return [json.loads(line) for line in answer.getvalue().splitlines()]


def test_a_record_is_read_and_opens(caller: Caller) -> None:
    pair = log_to(caller.project)
    call = keep(caller, pair)
    for client in (browser(caller), viewer(caller), Client(headers=caller.headers)):
        record = client.get(f"/api/content/{call}").json()
        assert pair.read(record)["request"]["text"] == "ab"
        assert record["request_bytes"] == 2


def test_lost_content_says_why(caller: Caller) -> None:
    call = keep(caller, log_to(caller.project), lost="queue_full")
    record = browser(caller).get(f"/api/content/{call}").json()
    assert (record["lost"], record["sealed"]) == ("queue_full", None)


def test_an_export_has_all_oldest_first_and_between_two_moments(caller: Caller) -> None:
    pair = log_to(caller.project)
    now = timezone.now()
    calls = [keep(caller, pair, now - timedelta(hours=hours)) for hours in range(90, 0, -1)]
    found = exported(browser(caller), caller)
    assert [record["request_id"] for record in found] == [str(call) for call in calls]
    assert all(pair.read(record)["status"] == 200 for record in found)
    some = {
        "since": (now - timedelta(hours=50)).isoformat(),
        "until": (now - timedelta(hours=10)).isoformat(),
    }
    found = exported(Client(headers=caller.headers), caller, **some)
    assert [record["request_id"] for record in found] == [str(call) for call in calls[40:80]]


@pytest.mark.parametrize(
    "query", [{"since": "yesterday"}, {"since": "2026-02-01T00:00Z", "until": "2026-01-01"}]
)
def test_an_export_refuses_moments_that_are_none(caller: Caller, query: dict[str, str]) -> None:
    log_to(caller.project)
    answer = browser(caller).get(f"/api/projects/{caller.project.api_id}/content", query)
    assert answer.status_code == 400


def test_a_stranger_finds_nothing_and_deletes_nothing(caller: Caller) -> None:
    call = keep(caller, log_to(caller.project))
    stranger = make_caller(scopes=("manage",))
    log_to(stranger.project)
    paths = f"/api/content/{call}", f"/api/projects/{caller.project.api_id}/content"
    for client in (browser(stranger), Client(headers=stranger.headers)):
        for path in paths:
            assert client.get(path).status_code == 404
            assert client.delete(path).status_code == 404
        assert client.delete("/api/content").status_code == 200
    assert len(exported(browser(caller), caller)) == 1


def test_a_key_reaches_its_own_project_only(caller: Caller) -> None:
    other = caller.organization.projects.create(name="Other")
    pair = log_to(caller.project)
    log_to(other)
    call = keep(caller, pair)
    caller.project.keys.update(project=other)
    client = Client(headers=caller.headers)
    assert client.get(f"/api/content/{call}").status_code == 404
    assert client.delete("/api/content").status_code == 200
    assert len(list(all_of(caller.project))) == 1


def test_one_call_is_deleted_at_once(caller: Caller) -> None:
    pair = log_to(caller.project)
    first, second = keep(caller, pair), keep(caller, pair)
    assert browser(caller).delete(f"/api/content/{first}").status_code == 200
    assert browser(caller).delete(f"/api/content/{first}").status_code == 404
    assert [record.call for record in all_of(caller.project)] == [second]


@pytest.mark.parametrize("path", ["/api/projects/{}/content", "/api/content"])
def test_a_projects_content_is_out_of_sight_at_once_and_then_gone(caller: Caller, path: str) -> None:
    pair = log_to(caller.project)
    call = keep(caller, pair)
    assert browser(caller).delete(path.format(caller.project.api_id)).status_code == 200
    assert exported(browser(caller), caller) == []
    assert browser(caller).get(f"/api/content/{call}").status_code == 404
    late = keep(caller, pair, timezone.now() - timedelta(seconds=1))  # waited in a worker's queue
    assert browser(caller).get(f"/api/content/{late}").status_code == 404
    retention.remove_old()
    assert rows("SELECT id FROM proxy_content WHERE project_id = %s", caller.project.pk) == []


def test_viewers_delete_nothing_and_developers_no_whole_project(caller: Caller) -> None:
    call = keep(caller, log_to(caller.project))
    assert viewer(caller).delete(f"/api/content/{call}").status_code == 403
    Membership.objects.filter(user=caller.user).update(role=Role.DEVELOPER)
    client = browser(caller)
    assert client.delete(f"/api/projects/{caller.project.api_id}/content").status_code == 403
    assert client.delete("/api/content").status_code == 403
    assert client.delete(f"/api/content/{call}").status_code == 200


def test_content_is_kept_for_the_projects_days(caller: Caller) -> None:
    pair = log_to(caller.project)
    month = timezone.now().astimezone(UTC).replace(day=1, hour=0, minute=0) + timedelta(days=1)
    now = max(month, timezone.now())
    old, new = keep(caller, pair, now - timedelta(days=20)), keep(caller, pair, now - timedelta(days=5))
    assert retention.remove_old() == 0
    keep_days(caller.project, 7)
    assert [record.call for record in all_of(caller.project)] == [new]
    assert browser(caller).get(f"/api/content/{old}").status_code == 404
    assert retention.remove_old() == 1
    assert retention.remove_old() == 0


def test_what_was_deleted_comes_back_by_no_longer_days(caller: Caller) -> None:
    pair = log_to(caller.project)
    keep(caller, pair, timezone.now() - timedelta(days=2))
    forget(caller.project, timezone.now() - timedelta(days=1))
    keep_days(caller.project, 90)
    assert list(all_of(caller.project)) == []
