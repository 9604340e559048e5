"""Lists of members and projects: found, ordered, as files; each organization its own."""

import csv
from io import StringIO

import pytest

from accounts.models import Membership, Project, Role, User
from tests.dashboard.calls import browser
from tests.factories import Caller, make_caller

pytestmark = pytest.mark.django_db


def member(caller: Caller, name: str, role: str) -> User:
    user = User.objects.create(email=f"{name}-{caller.user.email}", name=name.title(), password="!")
    Membership.objects.create(organization=caller.organization, user=user, role=role)
    return user


def shown(caller: Caller, query: str) -> list[str]:
    """The projects on the page."""
    page = browser(caller).get(f"/dashboard/projects?{query}")
    return [row.project.name for row in page.context["projects"]]


def downloaded(caller: Caller, path: str) -> list[dict[str, str]]:
    answer = browser(caller).get(f"/dashboard/{path}")
    text = b"".join(answer.streaming_content).decode("utf-8-sig")  # type: ignore[attr-defined]
    return list(csv.DictReader(StringIO(text)))


def test_members_are_found_by_name_and_role_and_taken_as_a_file() -> None:
    caller, stranger = make_caller(), make_caller()
    alisher, bobur = member(caller, "alisher", Role.VIEWER), member(caller, "bobur", Role.DEVELOPER)
    member(stranger, "alisher", Role.ADMIN)
    client = browser(caller)
    page = client.get("/dashboard/members?q=alish")
    assert [one.user for one, _ in page.context["members"]] == [alisher]
    page = client.get("/dashboard/members?role=developer")
    assert [one.user for one, _ in page.context["members"]] == [bobur]
    assert "No member matches" in client.get("/dashboard/members?q=nobody").content.decode()
    rows = downloaded(caller, "members?file=csv&sort=email")
    assert {row["email"] for row in rows} == {caller.user.email, alisher.email, bobur.email}
    assert [row["role"] for row in rows if row["name"] == "Alisher"] == ["viewer"]


def test_projects_are_found_and_a_search_stays_in_its_tab() -> None:
    caller, stranger = make_caller(), make_caller()
    for name in ("Shop", "Bot", "Shop of old"):
        Project.objects.create(organization=caller.organization, name=name)
    Project.objects.create(organization=stranger.organization, name="Shop")
    old = Project.objects.get(organization=caller.organization, name="Shop of old")
    old.archived_at = old.created_at
    old.save()
    assert shown(caller, "q=shop") == ["Shop"]
    assert shown(caller, "q=shop&archived=1") == ["Shop of old"]
    assert shown(caller, "sort=-name") == ["Shop", "Default", "Bot"]
    assert shown(caller, "") == ["Default", "Bot", "Shop"]
    assert [row["name"] for row in downloaded(caller, "projects?file=csv&q=o")] == ["Bot", "Shop"]
    assert "No project matches" in browser(caller).get("/dashboard/projects?q=none").content.decode()
