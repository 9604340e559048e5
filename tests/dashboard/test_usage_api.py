"""`/api/usage`: calls and their sums, exact, page by page, and nothing of anybody else's."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from accounts.keys import create_key
from accounts.models import Project
from dashboard.moments import midnight, today
from tests.dashboard.calls import browser, log_call, viewer
from tests.energy import make_model, make_site
from tests.factories import Caller, make_caller
from tests.proxy.usage import id_of

pytestmark = pytest.mark.django_db


def by_key(caller: Caller) -> Client:
    return Client(headers=caller.headers)


def ask(client: Client, **query: Any) -> Any:
    answer = client.get("/api/usage", query)
    assert answer.status_code == 200, answer.content
    return answer.json()


def test_calls_are_listed_newest_first_page_by_page() -> None:
    caller = make_caller(scopes=("manage",))
    calls = sorted((str(log_call(caller, cost_micros=n)) for n in range(5)), reverse=True)
    seen: list[str] = []
    cursor: dict[str, str] = {}
    while True:
        page = ask(by_key(caller), limit=2, **cursor)
        seen += [row["id"] for row in page["data"]]
        if not page["has_more"]:
            break
        cursor = {"cursor": page["next_cursor"]}
    assert seen == calls
    assert page["data"][0]["key"] == caller.api_key.api_id
    assert page["totals"] is None


def test_sums_are_exact_and_split_as_asked() -> None:
    caller = make_caller()
    for cost in (1_000_001, 2_000_002):
        log_call(caller, cost_micros=cost, model="a/one", stream=True)
    log_call(caller, cost_micros=5, model="b/two", status="error", http_status=502)
    yesterday = midnight(today()) - timedelta(hours=1)
    log_call(caller, id=id_of(yesterday), at=yesterday.isoformat(), cost_micros=7, model="a/one")
    found = ask(browser(caller), group_by="day,model")
    days = [today() - timedelta(days=1), today(), today()]
    assert [(row["day"], row["model"], row["calls"], row["cost_micros"]) for row in found["data"]] == [
        (days[0].isoformat(), "a/one", 1, 7),
        (days[1].isoformat(), "a/one", 2, 3_000_003),
        (days[2].isoformat(), "b/two", 1, 5),
    ]
    assert (found["totals"]["calls"], found["totals"]["cost_uzs"]) == (4, "3.000015")
    assert found["data"][1]["tokens_per_second"] == 249.3
    by_hour = ask(browser(caller), group_by="hour", since=today().isoformat())
    assert sum(row["cost_micros"] for row in by_hour["data"]) == 3_000_008
    by_status = ask(browser(caller), group_by="status", model="b/two")["data"]
    assert [(row["status"], row["calls"]) for row in by_status] == [("error", 1)]


def test_sums_are_paged_without_gap_or_repeat() -> None:
    caller = make_caller()
    for number in range(7):
        at = midnight(today()) - timedelta(days=number % 3, hours=-1)
        log_call(caller, id=id_of(at), at=at.isoformat(), model=f"m/{number}")
    client, rows, cursor = browser(caller), [], {}
    whole = ask(client, group_by="day,model,key,endpoint")["data"]
    while True:
        page = ask(client, group_by="day,model,key,endpoint", limit=2, **cursor)
        rows += page["data"]
        if not page["has_more"]:
            break
        cursor = {"cursor": page["next_cursor"]}
    assert rows == whole
    assert len(rows) == 7


def test_projects_keys_and_endpoints_are_named() -> None:
    caller = make_caller()
    site = make_site("north", make_model("x/llama", "Llama"))
    log_call(caller, endpoint_id=site.endpoint.pk, provider="north")
    log_call(caller, endpoint_id=None, provider="", status="error")
    found = ask(browser(caller), group_by="project,key,endpoint")["data"]
    assert {row["project"] for row in found} == {caller.project.api_id}
    assert {row["key"] for row in found} == {caller.api_key.api_id}
    named = {(row["endpoint"], row["provider"]) for row in found}
    assert named == {(site.endpoint.pk, "north"), (None, None)}
    assert ask(browser(caller), group_by="day", provider="north")["totals"]["calls"] == 1
    assert ask(browser(caller), group_by="day", endpoint=site.endpoint.pk)["totals"]["calls"] == 1
    assert len(ask(browser(caller), provider="nobody")["data"]) == 0


@pytest.mark.parametrize(
    ("query", "param"),
    [
        ({"group_by": "colour"}, "group_by"),
        ({"group_by": "day,hour"}, "group_by"),
        ({"group_by": "day", "id": "01a2b3"}, "id"),
        ({"limit": "0"}, "limit"),
        ({"limit": "²"}, "limit"),
        ({"since": "yesterday"}, "since"),
        ({"since": "2026-02-30"}, "since"),
        ({"since": "99999999999999"}, "since"),
        ({"since": "2026-01-02", "until": "2026-01-01"}, "until"),
        ({"since": "2024-01-02", "group_by": "hour"}, "since"),
        ({"kind": "psychic"}, "kind"),
        ({"status": "fine"}, "status"),
        ({"endpoint": "x"}, "endpoint"),
        ({"cursor": "x"}, "cursor"),
        ({"group_by": "model", "cursor": "WzEsMl0"}, "cursor"),
        ({"group_by": "day", "cursor": "W251bGxd"}, "cursor"),
        ({"group_by": "day", "cursor": "Wzk5OTk5OTk5OTk5OTk5OTk5OTlb"}, "cursor"),
    ],
)
def test_what_can_not_be_is_refused_by_name(query: dict[str, str], param: str) -> None:
    answer = browser(make_caller()).get("/api/usage", query)
    assert (answer.status_code, answer.json()["error"]["param"]) == (400, param)


def test_who_may_ask() -> None:
    caller = make_caller(scopes=("inference",))
    log_call(caller)
    assert by_key(caller).get("/api/usage").json()["error"]["code"] == "scope_missing"
    assert Client().get("/api/usage").status_code == 401
    assert len(ask(viewer(caller))["data"]) == 1


@pytest.mark.parametrize("group_by", ["", "project", "day,key"])
def test_nothing_of_others_is_reached(group_by: str) -> None:
    alice, bob = make_caller(scopes=("manage",)), make_caller()
    call = log_call(bob, model="bobs/model")
    query = {"group_by": group_by} if group_by else {}
    for client in (browser(alice), by_key(alice)):
        assert ask(client, **query)["data"] == []
        assert ask(client, model="bobs/model", **query)["data"] == []
        for name, value in (("project_id", bob.project.api_id), ("key_id", bob.api_key.api_id)):
            assert client.get("/api/usage", {name: value, **query}).status_code == 404
    assert ask(browser(alice), id=str(call))["data"] == []
    assert ask(browser(alice), cursor=str(call))["data"] == []


def test_a_key_reads_its_own_project_and_a_person_all() -> None:
    caller = make_caller(scopes=("manage",))
    other = Project.objects.create(organization=caller.organization, name="Other")
    log_call(caller, project_id=other.pk)
    mine = str(log_call(caller))
    assert [row["id"] for row in ask(by_key(caller))["data"]] == [mine]
    assert by_key(caller).get("/api/usage", {"project_id": other.api_id}).status_code == 404
    assert ask(by_key(caller), group_by="day")["totals"]["calls"] == 1
    assert ask(browser(caller), group_by="day")["totals"]["calls"] == 2
    assert ask(browser(caller), group_by="day", project_id=other.api_id)["totals"]["calls"] == 1


def test_calls_of_a_key_stay_with_the_project_in_which_they_were_made() -> None:
    caller = make_caller()
    old, client = caller.project, browser(caller)
    new = Project.objects.create(organization=caller.organization, name="New")
    log_call(caller)
    caller.api_key.project = new
    caller.api_key.save()
    log_call(caller, project_id=new.pk)
    found = ask(client, group_by="project,key")["data"]
    assert {(row["project"], row["key"], row["calls"]) for row in found} == {
        (old.api_id, caller.api_key.api_id, 1),
        (new.api_id, caller.api_key.api_id, 1),
    }
    manager, plain = create_key(project=old, name="manager", scopes=("manage",))
    old_only = Client(headers={"authorization": f"Bearer {plain}"})
    assert ask(old_only, key_id=caller.api_key.api_id, group_by="key")["totals"]["calls"] == 1
    assert manager.project == old
