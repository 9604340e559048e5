"""Projects into the archive and out of it, many at once: said beforehand, typed where keys are used."""

import pytest

from accounts.keys import create_key
from accounts.models import AuditEntry, Project
from tests.dashboard.calls import browser, log_call, viewer
from tests.dashboard.undoing import undone
from tests.factories import Caller, make_caller

pytestmark = pytest.mark.django_db

ARCHIVE, RESTORE = "/dashboard/projects/archive", "/dashboard/projects/restore"


def projects(caller: Caller, *names: str) -> list[Project]:
    return [Project.objects.create(organization=caller.organization, name=name) for name in names]


def archived(*found: Project) -> set[bool]:
    held = Project.objects.filter(pk__in=[one.pk for one in found])
    return {one.archived_at is not None for one in held}


def chosen(*found: Project, **more: str) -> dict[str, str | list[str]]:
    return {"project": [one.api_id for one in found], **more}


def test_many_projects_go_and_come_back_together() -> None:
    caller = make_caller()
    shop, bot = projects(caller, "Shop", "Bot")
    create_key(project=shop, name="Till")
    client = browser(caller)
    question = client.get(ARCHIVE, chosen(shop, bot)).text
    assert "Archive 2 projects?" in question
    assert "1 key stops working" in question and "Till" in question and "never used" in question
    assert 'name="typed"' not in question and archived(shop, bot) == {False}
    answer = client.post(ARCHIVE, chosen(shop, bot, back="q=o"), follow=True)
    assert answer.redirect_chain == [("/dashboard/projects?q=o", 302)]
    assert "2 projects are in the archive." in answer.text and archived(shop, bot) == {True}
    assert "2 projects work again" in undone(client, answer.text)
    assert archived(shop, bot) == {False}
    deeds = list(AuditEntry.objects.filter(subject=shop.api_id).values_list("deed", flat=True))
    assert sorted(deeds) == ["project.archive", "project.restore"]


def test_where_keys_are_in_use_the_number_or_the_name_is_typed() -> None:
    caller = make_caller()
    shop, bot = projects(caller, "Shop of  Samarkand", "Bot")
    log_call(caller, project_id=shop.pk, key_id=create_key(project=shop, name="Till")[0].pk)
    client = browser(caller)
    assert "To confirm, type: 2" in client.get(ARCHIVE, chosen(shop, bot)).text
    for wrong in ("", "1", "Shop"):
        assert "errorlist" in client.post(ARCHIVE, chosen(shop, bot, typed=wrong)).text
    assert archived(shop, bot) == {False}
    alone = f"/dashboard/projects/{shop.api_id}/archive"
    assert "Nothing was done" in client.post(alone, {"typed": "2"}).text
    client.post(alone, {"typed": " shop of samarkand "})
    assert archived(shop) == {True}
    client.post(ARCHIVE, chosen(bot))
    assert archived(bot) == {True}


def test_one_foreign_project_among_the_chosen_archives_none() -> None:
    alice, bob = make_caller(), make_caller()
    (shop,), (hers,) = projects(alice, "Shop"), projects(bob, "Shop")
    client = browser(alice)
    assert client.get(ARCHIVE, chosen(shop, hers)).status_code == 404
    assert client.post(ARCHIVE, chosen(shop, hers)).status_code == 404
    assert archived(shop, hers) == {False}
    browser(bob).post(ARCHIVE, chosen(hers))
    assert client.post(RESTORE, chosen(hers)).status_code == 404
    assert archived(hers) == {True}


def test_the_default_project_among_the_chosen_archives_none() -> None:
    caller = make_caller()
    (shop,) = projects(caller, "Shop")
    page = browser(caller).post(ARCHIVE, chosen(shop, caller.project, typed="2"), follow=True).text
    assert "The default project can&#x27;t be archived" in page
    assert archived(shop, caller.project) == {False}


def test_chosen_projects_leave_the_archive_together() -> None:
    caller = make_caller()
    shop, bot = projects(caller, "Shop", "Bot")
    client = browser(caller)
    client.post(ARCHIVE, chosen(shop, bot))
    assert RESTORE in client.get("/dashboard/projects?archived=1").text
    assert "2 projects work again" in client.post(RESTORE, chosen(shop, bot), follow=True).text
    assert archived(shop, bot) == {False}


def test_nothing_chosen_moves_nothing() -> None:
    client = browser(make_caller())
    for address in (ARCHIVE, RESTORE):
        assert "Choose projects in the list first." in client.post(address, follow=True).text


def test_who_only_looks_chooses_no_project() -> None:
    caller = make_caller()
    (shop,) = projects(caller, "Shop")
    client = viewer(caller)
    assert 'name="project"' not in client.get("/dashboard/projects").text
    assert client.post(ARCHIVE, chosen(shop)).status_code == 403
    assert client.post(RESTORE, chosen(shop)).status_code == 403
