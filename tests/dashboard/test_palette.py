"""What Ctrl+K finds: what the person may reach and do, and nothing of anybody else's."""

import pytest
from django.test import Client

from accounts.keys import create_key, revoke_key
from accounts.models import Membership, Project, Role
from tests.dashboard.calls import browser, viewer
from tests.factories import Caller, make_caller

pytestmark = pytest.mark.django_db


def found(caller: Caller, text: str = "") -> dict[str, list[str]]:
    """Labels by group."""
    groups = browser(caller).get("/dashboard/palette", {"q": text}).context["groups"]
    return {group.name: [one.label for one in group.found] for group in groups}


def test_without_a_word_all_pages_and_actions_are_there() -> None:
    all_of_them = found(make_caller())
    assert {"Actions", "Pages"} == set(all_of_them)
    assert "Create a key" in all_of_them["Actions"]
    assert {"Overview", "Keys", "Billing", "Sessions", "Papers"} <= set(all_of_them["Pages"])


def test_words_may_be_begun_and_written_in_any_way() -> None:
    caller = make_caller()
    assert found(caller, "CRE  ke")["Actions"] == ["Create a key"]
    assert found(caller, "notif")["Pages"] == ["Notifications"]


def test_a_key_is_found_by_name_and_leads_to_itself() -> None:
    caller = make_caller()
    key, _plain = create_key(project=caller.project, name="Nightly import")
    gone, _plain = create_key(project=caller.project, name="Nightly export")
    revoke_key(gone)
    client = browser(caller)
    groups = {g.name: g.found for g in client.get("/dashboard/palette?q=nightly").context["groups"]}
    (one,) = groups["Keys"]
    assert one.label == "Nightly import" and one.note == f"{key.prefix}…{key.last4} · Default"
    assert [row.pk for row, _caps in client.get(one.url).context["keys"]] == [key.pk]


def test_projects_and_documentation_are_found() -> None:
    caller = make_caller()
    Project.objects.create(organization=caller.organization, name="Telegram bot")
    assert found(caller, "telegram")["Projects"] == ["Telegram bot"]
    assert found(caller, "streaming")["Documentation"]


def test_a_model_is_found_by_what_it_is_called(catalog: None) -> None:
    assert "Test Three" in found(make_caller(), "test three")["Models"]


def test_nothing_of_another_organization_is_found() -> None:
    alice, bob = make_caller(), make_caller()
    create_key(project=bob.project, name="Zarafshon")
    Project.objects.create(organization=bob.organization, name="Zarafshon shop")
    assert found(alice, "zarafshon") == {}
    assert set(found(bob, "zarafshon")) == {"Projects", "Keys"}


def test_who_may_not_do_it_is_not_offered_it() -> None:
    caller = make_caller()
    groups = viewer(caller).get("/dashboard/palette").context["groups"]
    labels = [one.label for group in groups if group.name == "Actions" for one in group.found]
    assert "Log out" in labels and not {"Create a key", "Top up", "Change caps"} & set(labels)
    others = Membership.objects.filter(organization=caller.organization).exclude(user=caller.user)
    others.update(role=Role.DEVELOPER)
    client = Client()
    client.force_login(others.get().user)
    groups = client.get("/dashboard/palette").context["groups"]
    labels = [one.label for group in groups if group.name == "Actions" for one in group.found]
    assert {"Create a key", "Top up"} < set(labels) and "Change caps" not in labels


def test_the_dialog_gets_options_and_the_page_gets_links() -> None:
    client = browser(make_caller())
    part = client.get("/dashboard/palette?q=bill", headers={"HX-Request": "true"}).content.decode()
    assert 'role="listbox"' in part and 'role="option"' in part and "<html" not in part
    page = client.get("/dashboard/palette?q=bill").content.decode()
    assert 'role="option"' not in page.partition('<dialog class="palette"')[0]
    assert '<a href="/dashboard/billing"' in page


def test_nothing_found_is_said_and_markup_is_text() -> None:
    page = browser(make_caller()).get("/dashboard/palette", {"q": "<script>qqq\0"}).content.decode()
    assert "Nothing was found" in page and "<script>qqq" not in page
