"""Projects by their pages and by `/api/projects`: made, changed, archived; what a key may not."""

import json
from typing import Any

import pytest
from django.test import Client

from accounts.models import AuditEntry, Membership, Project, Role, User
from proxy.offers import catalog as held_catalog
from tests.accounts.asking import refused
from tests.accounts.people import signed_in
from tests.dashboard.calls import browser, log_call
from tests.factories import Caller, make_caller

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("catalog")]


def member(caller: Caller, role: Role) -> Client:
    user = User.objects.create(email=f"{role}-{caller.user.email}", password="!")
    Membership.objects.create(organization=caller.organization, user=user, role=role)
    return signed_in(user)


def by_key(caller: Caller) -> Client:
    return Client(headers={"authorization": f"Bearer {caller.key}"})


def send(client: Client, method: str, path: str = "", **body: Any) -> Any:
    ask = getattr(client, method)
    return ask(f"/api/projects{path}", json.dumps(body), content_type="application/json")


def made(caller: Caller, name: str = "Bot") -> Project:
    answer = send(browser(caller), "post", name=name)
    assert answer.status_code == 200, answer.content
    return Project.objects.get(organization=caller.organization, name=name)


def test_a_project_is_made_renamed_and_narrowed_on_its_page() -> None:
    caller, slug = make_caller(), sorted(held_catalog().models)[0]
    client = browser(caller)
    answer = client.post("/dashboard/projects", {"name": "Bot", "models": [slug]})
    project = Project.objects.get(organization=caller.organization, name="Bot")
    assert answer.headers["Location"] == f"/dashboard/projects/{project.api_id}"
    assert project.allowed_models == [slug]
    client.post(answer.headers["Location"], {"name": "Robot", "every": "on"})
    project.refresh_from_db()
    assert (project.name, project.allowed_models) == ("Robot", None)
    deeds = list(AuditEntry.objects.filter(subject=project.api_id).values_list("deed", flat=True))
    assert deeds == ["project.change", "project.create"]


def test_the_list_tells_spend_and_keys() -> None:
    caller = make_caller()
    log_call(caller)
    answer = browser(caller).get("/api/projects").json()["data"][0]
    assert answer["id"] == caller.project.api_id
    assert (answer["keys"], answer["default"]) == (1, True)
    assert answer["spent_today_uzs"] == answer["spent_month_uzs"] == "31.5"
    assert "31.5" in browser(caller).get("/dashboard/projects").content.decode().replace(",", ".")


def test_archiving_says_which_keys_stop_and_the_archive_gives_back() -> None:
    caller = make_caller(scopes=("inference", "manage"))
    other = made(caller)
    browser(caller).post(f"/dashboard/projects/{other.api_id}/default")
    question = browser(caller).get(f"/dashboard/projects/{caller.project.api_id}/archive").content.decode()
    assert caller.api_key.last4 in question
    browser(caller).post(f"/dashboard/projects/{caller.project.api_id}/archive")
    assert by_key(caller).get("/api/projects").status_code == 403
    assert caller.project.name in browser(caller).get("/dashboard/projects?archived=1").content.decode()
    browser(caller).post(f"/dashboard/projects/{caller.project.api_id}/restore")
    assert by_key(caller).get("/api/projects").status_code == 200


def test_the_default_project_stays() -> None:
    caller = make_caller()
    refused(send(browser(caller), "delete", f"/{caller.project.api_id}"), 400, "invalid_value", "project")
    caller.project.refresh_from_db()
    assert caller.project.archived_at is None


def test_a_change_that_is_refused_in_part_changes_nothing() -> None:
    caller = make_caller()
    project = made(caller)
    wished = {"default": True, "name": caller.project.name}
    answer = send(browser(caller), "patch", f"/{project.api_id}", **wished)
    assert (answer.status_code, answer.json()["error"]["param"]) == (400, "name")
    assert list(Project.objects.filter(organization=caller.organization, is_default=True)) == [caller.project]


def test_a_key_sees_and_narrows_its_own_project_and_no_more() -> None:
    caller = make_caller(scopes=("inference", "manage"))
    slugs = sorted(held_catalog().models)[:2]
    other = made(caller)
    client, own = by_key(caller), f"/{caller.project.api_id}"
    assert [one["id"] for one in client.get("/api/projects").json()["data"]] == [caller.project.api_id]
    assert send(client, "patch", own, allowed_models=slugs).status_code == 200
    assert send(client, "patch", own, allowed_models=slugs[:1]).json()["allowed_models"] == slugs[:1]
    refused(send(client, "patch", own, allowed_models=slugs), 403, "wider_than_parent", "allowed_models")
    refused(send(client, "patch", own, allowed_models=None), 403, "wider_than_parent", "allowed_models")
    refused(send(client, "patch", f"/{other.api_id}", name="Mine"), 404, "not_found")
    refused(send(client, "post", name="More"), 403, "person_needed")
    refused(send(client, "delete", own), 403, "person_needed")


@pytest.mark.parametrize(
    ("body", "code", "param"),
    [
        ({}, "missing_required_parameter", "name"),
        ({"name": "Bot", "models": []}, "unknown_parameter", "models"),
        ({"name": "two\nlines"}, "invalid_value", "name"),
        ({"name": "Default"}, "invalid_value", "name"),
        ({"name": "Bot", "allowed_models": ["no/such"]}, "invalid_value", "allowed_models"),
    ],
)
def test_nonsense_makes_no_project(body: dict[str, Any], code: str, param: str) -> None:
    caller = make_caller()
    refused(send(browser(caller), "post", **body), 400, code, param)
    assert Project.objects.filter(organization=caller.organization).count() == 1


@pytest.mark.parametrize("role", [Role.VIEWER, Role.DEVELOPER])
def test_who_may_not_change_projects_reads_why(role: Role) -> None:
    caller = make_caller()
    client = member(caller, role)
    assert "Owner, Administrator" in client.get("/dashboard/projects").content.decode()
    assert (
        "Owner, Administrator" in client.get(f"/dashboard/projects/{caller.project.api_id}").content.decode()
    )
    refused(send(client, "post", name="Mine"), 403, "role_not_allowed")


def test_members_are_listed_changed_and_removed_over_http() -> None:
    caller = make_caller(scopes=("manage",))
    member(caller, Role.VIEWER)
    client = browser(caller)
    listed = by_key(caller).get("/api/members").json()
    assert [one["role"] for one in listed["data"]] == ["owner", "viewer"]
    viewer = listed["data"][1]["id"]
    kind = {"content_type": "application/json"}
    invited = client.post(
        "/api/members", json.dumps({"email": "d@x.example", "role": "admin"}), **kind
    ).json()
    assert (invited["state"], invited["sent"]) == ("waiting", True)
    refused(by_key(caller).patch(f"/api/members/{viewer}", '{"role": "owner"}', **kind), 403, "person_needed")
    assert (
        client.patch(f"/api/members/{viewer}", '{"role": "developer"}', **kind).json()["role"] == "developer"
    )
    for one in (viewer, invited["id"]):
        assert client.delete(f"/api/members/{one}").json() == {"deleted": True, "id": one}
    left = client.get("/api/members").json()
    assert [one["role"] for one in left["data"]] == ["owner"] and left["invitations"] == []
