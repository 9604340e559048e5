"""A key moves between projects of its organization: by people, after a question, and it is written down."""

import json
from typing import Any

import pytest
from django.test import Client

from accounts.models import AuditEntry, Project, Role
from accounts.models import Membership as Member
from tests.dashboard.calls import browser, log_call, viewer
from tests.factories import Caller, make_caller

pytestmark = pytest.mark.django_db


def second(caller: Caller, **fields: Any) -> Project:
    return Project.objects.create(organization=caller.organization, name="Second", **fields)


def move(client: Client, caller: Caller, project: Project) -> Any:
    return client.post(f"/dashboard/keys/{caller.api_key.api_id}/move", {"project": project.pk})


def patch(client: Client, caller: Caller, project: str) -> Any:
    body = json.dumps({"project": project})
    return client.patch(f"/api/keys/{caller.api_key.api_id}", body, content_type="application/json")


def project_of(caller: Caller) -> Project:
    caller.api_key.refresh_from_db()
    return caller.api_key.project


def test_a_key_is_moved_after_a_question_and_it_is_written_down() -> None:
    caller = make_caller()
    client, new = browser(caller), second(caller, allowed_models=["a/one"])
    assert "Move" in client.get("/dashboard/keys").content.decode()
    question = client.get(f"/dashboard/keys/{caller.api_key.api_id}/move").content.decode()
    assert "stay in “Default”" in question and "Second" in question
    page = client.post(
        f"/dashboard/keys/{caller.api_key.api_id}/move", {"project": new.pk}, follow=True
    ).content.decode()
    assert "now belongs to “Second”" in page
    assert project_of(caller) == new
    entry = AuditEntry.objects.get(organization=caller.organization)
    assert (entry.deed, entry.subject, entry.user) == ("key.project", caller.api_key.api_id, caller.user)
    assert (entry.before, entry.after) == (
        {"project": caller.project.api_id},
        {"project": new.api_id},
    )


def test_calls_stay_where_they_were_made() -> None:
    caller = make_caller()
    call, new, client = log_call(caller), second(caller), browser(caller)
    move(client, caller, new)
    old = client.get("/dashboard/activity", {"project": caller.project.pk}).content.decode()
    assert str(call) in old
    assert str(call) not in client.get("/dashboard/activity", {"project": new.pk}).content.decode()
    assert str(call) in client.get("/dashboard/activity", {"key": caller.api_key.pk}).content.decode()
    assert "Default" in client.get(f"/dashboard/activity/{call}").content.decode()


def test_a_program_of_a_person_moves_it_too() -> None:
    caller = make_caller()
    new = second(caller)
    answer = patch(browser(caller), caller, new.api_id)
    assert (answer.status_code, answer.json()["project"]) == (200, new.api_id)
    assert project_of(caller) == new
    assert patch(browser(caller), caller, "proj_x").json()["error"]["param"] == "project"


def test_a_key_moves_no_key() -> None:
    caller = make_caller(scopes=("inference", "manage"))
    second(caller)
    answer = patch(Client(headers=caller.headers), caller, caller.project.api_id)
    assert answer.status_code == 403
    assert project_of(caller) == caller.project


@pytest.mark.parametrize(("role", "status"), [(Role.VIEWER, 403), (Role.DEVELOPER, 302), (Role.ADMIN, 302)])
def test_who_may_move_it(role: str, status: int) -> None:
    caller = make_caller()
    new, client = second(caller), viewer(caller)
    Member.objects.filter(organization=caller.organization, role=Role.VIEWER).update(role=role)
    assert move(client, caller, new).status_code == status
    assert (project_of(caller) == new) == (status == 302)
    assert patch(client, caller, new.api_id).status_code == (403 if status == 403 else 200)


def test_nothing_of_others_is_moved_or_moved_to() -> None:
    alice, bob = make_caller(), make_caller()
    assert move(browser(alice), bob, second(alice)).status_code == 404
    assert patch(browser(alice), bob, alice.project.api_id).status_code == 404
    assert move(browser(alice), alice, bob.project).status_code == 200  # the form again, with a complaint
    assert patch(browser(alice), alice, bob.project.api_id).status_code == 400
    assert (project_of(alice), project_of(bob)) == (alice.project, bob.project)


def test_a_revoked_key_and_an_archived_project_stay_out_of_it() -> None:
    caller = make_caller()
    gone = second(caller, archived_at="2026-01-01T00:00:00Z")
    assert patch(browser(caller), caller, gone.api_id).status_code == 400
    new = Project.objects.create(organization=caller.organization, name="Third")
    browser(caller).post(f"/dashboard/keys/{caller.api_key.api_id}/revoke")
    assert move(browser(caller), caller, new).status_code == 404
    assert patch(browser(caller), caller, new.api_id).status_code == 404
    assert project_of(caller) == caller.project
