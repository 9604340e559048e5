"""The list of keys: what is found, in which order, on which page, as a file; and many revoked at once."""

import csv
from datetime import timedelta
from io import StringIO

import pytest
from django.utils import timezone

from accounts.keys import create_key, revoke_key
from accounts.models import ApiKey, Project
from dashboard.lists import PAGE
from tests.dashboard.calls import browser, viewer
from tests.factories import Caller, make_caller

pytestmark = pytest.mark.django_db


def named(caller: Caller, *names: str, project: Project | None = None) -> list[ApiKey]:
    """Keys of these names."""
    return [create_key(project=project or caller.project, name=name)[0] for name in names]


def shown(caller: Caller, query: str = "") -> list[str]:
    """The names on the page, in order."""
    return [key.name for key, _caps in browser(caller).get(f"/dashboard/keys?{query}").context["keys"]]


def downloaded(caller: Caller, query: str = "") -> list[dict[str, str]]:
    answer = browser(caller).get(f"/dashboard/keys.csv?{query}")
    text = b"".join(answer.streaming_content).decode("utf-8-sig")  # type: ignore[attr-defined]
    return list(csv.DictReader(StringIO(text)))


def test_a_key_is_found_by_name_project_and_what_is_shown_of_it() -> None:
    caller = make_caller()
    shop = Project.objects.create(organization=caller.organization, name="Shop")
    (bot,), (till,) = named(caller, "Bot"), named(caller, "Till", project=shop)
    assert shown(caller, "q=bo") == ["Bot"]
    assert shown(caller, "q=shop") == ["Till"]
    assert shown(caller, f"q={bot.prefix}") == ["Bot"]
    assert shown(caller, f"q={till.prefix}…{till.last4}") == ["Till"]
    assert shown(caller, f"project={shop.public_id}") == ["Till"]
    assert shown(caller, "q=nothing-like-it") == []


def test_keys_are_narrowed_by_their_state() -> None:
    caller = make_caller()
    old, gone = named(caller, "Old", "Gone")
    ApiKey.objects.filter(pk=old.pk).update(expires_at=timezone.now() - timedelta(days=1))
    revoke_key(gone)
    assert shown(caller, "state=active") == ["test"]
    assert shown(caller, "state=expired") == ["Old"]
    assert shown(caller, "state=revoked") == ["Gone"]
    assert shown(caller) == ["Old", "test", "Gone"]


def test_the_order_is_the_one_asked_for_and_nonsense_is_the_first_one() -> None:
    caller = make_caller()
    named(caller, "beta", "Alpha")
    assert shown(caller, "sort=name") == ["Alpha", "beta", "test"]
    assert shown(caller, "sort=-name") == ["test", "beta", "Alpha"]
    assert shown(caller, "sort=created") == ["test", "beta", "Alpha"]
    assert shown(caller, "sort=nonsense&state=what&project=1") == ["Alpha", "beta", "test"]


def test_a_heading_tells_its_order_and_leads_to_the_other_one() -> None:
    page = browser(make_caller()).get("/dashboard/keys?q=te&sort=name").content.decode()
    assert 'aria-sort="ascending"><a class="sorter" href="?q=te&amp;sort=-name"' in page


def test_pages_follow_each_other_with_the_filter_kept() -> None:
    caller = make_caller()
    named(caller, *(f"key {number:03}" for number in range(PAGE + 1)))
    first = browser(caller).get("/dashboard/keys?q=key&sort=name")
    assert [key.name for key, _ in first.context["keys"]][0] == "key 000"
    assert 'href="?q=key&amp;sort=name&amp;page=2"' in first.content.decode()
    assert shown(caller, "q=key&sort=name&page=2") == [f"key {PAGE:03}"]
    assert shown(caller, "q=key&sort=name&page=99") == [f"key {PAGE:03}"]


def test_a_file_holds_what_the_filter_lets_through_and_nobody_elses() -> None:
    alice, bob = make_caller(), make_caller(rpm=30, allowed_ips=["203.0.113.0/24"])
    named(bob, "=1+1")
    (row,) = downloaded(bob, "q=test")
    assert (row["id"], row["rpm"]) == (bob.api_key.api_id, "30")
    assert (row["allowed_ips"], row["state"]) == ("203.0.113.0/24", "active")
    assert [row["name"] for row in downloaded(bob, "sort=name")] == ["'=1+1", "test"]
    assert [row["id"] for row in downloaded(alice)] == [alice.api_key.api_id]
    assert bob.key not in str(downloaded(bob))


def test_chosen_keys_are_named_before_they_are_revoked() -> None:
    caller = make_caller()
    first, second = named(caller, "First", "Second")
    client = browser(caller)
    chosen = {"key": [first.api_id, second.api_id], "back": "q=ir"}
    asked = client.get("/dashboard/keys/revoke", chosen).content.decode()
    assert "Revoke 2 keys?" in asked and "First" in asked and "Second" in asked
    assert set(ApiKey.objects.filter(pk__in=[first.pk, second.pk]).values_list("revoked_at", flat=True)) == {
        None
    }
    for wrong in ({}, {"typed": "3"}):
        assert "errorlist" in client.post("/dashboard/keys/revoke", chosen | wrong).content.decode()
    answer = client.post("/dashboard/keys/revoke", chosen | {"typed": "2"}, follow=True)
    assert answer.redirect_chain == [("/dashboard/keys?q=ir", 302)]
    assert "2 keys are revoked." in answer.content.decode()
    assert not ApiKey.objects.filter(pk__in=[first.pk, second.pk], revoked_at=None).exists()


def test_a_single_chosen_key_needs_nothing_typed() -> None:
    caller = make_caller()
    assert (
        'name="typed"' not in browser(caller).get(f"/dashboard/keys/revoke?key={caller.api_key.api_id}").text
    )
    browser(caller).post("/dashboard/keys/revoke", {"key": caller.api_key.api_id})
    caller.api_key.refresh_from_db()
    assert caller.api_key.revoked_at is not None


def test_nothing_chosen_revokes_nothing() -> None:
    caller = make_caller()
    answer = browser(caller).post("/dashboard/keys/revoke", {}, follow=True)
    assert "Choose keys in the list first." in answer.content.decode()
    caller.api_key.refresh_from_db()
    assert caller.api_key.revoked_at is None


def test_one_foreign_key_among_the_chosen_revokes_none() -> None:
    alice, bob = make_caller(), make_caller()
    chosen = {"key": [alice.api_key.api_id, bob.api_key.api_id]}
    assert browser(alice).get("/dashboard/keys/revoke", chosen).status_code == 404
    assert browser(alice).post("/dashboard/keys/revoke", chosen).status_code == 404
    alice.api_key.refresh_from_db()
    assert alice.api_key.revoked_at is None


def test_who_only_looks_chooses_nothing() -> None:
    caller = make_caller()
    client = viewer(caller)
    assert 'name="key"' not in client.get("/dashboard/keys").content.decode()
    assert client.post("/dashboard/keys/revoke", {"key": caller.api_key.api_id}).status_code == 403


def test_one_may_not_filter_by_anothers_project() -> None:
    alice, bob = make_caller(), make_caller()
    assert shown(alice, f"project={bob.project.public_id}") == ["test"]
    assert bob.project.name == alice.project.name  # nothing of his is offered either:
    page = browser(alice).get("/dashboard/keys").content.decode()
    assert str(bob.project.public_id) not in page
