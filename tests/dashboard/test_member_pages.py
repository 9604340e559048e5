"""Members, invitations and organizations by their pages: letters, links, wrong accounts, switching."""

import re
from typing import Any

import pytest
from django.core import mail
from django.test import Client

from accounts.models import AuditEntry, Invitation, Membership, Organization, Role, User
from accounts.signup import open_account
from tests.accounts.people import PASSWORD, signed_in
from tests.dashboard.calls import browser
from tests.factories import Caller, make_caller

pytestmark = pytest.mark.django_db


def member(caller: Caller, role: Role) -> Client:
    user = User.objects.create(email=f"{role}-{caller.user.email}", password="!")
    Membership.objects.create(organization=caller.organization, user=user, role=role)
    return signed_in(user)


def invite(caller: Caller, email: str, **more: str) -> str:
    """The address of the letter's link."""
    said = {"email": email, "role": "developer", "language": "en"} | more
    answer = browser(caller).post("/dashboard/members", said)
    assert answer.status_code == 302, answer.content.decode()
    found = re.search(r"https?://[^/]+(/invitations/\S+)", str(mail.outbox[-1].body))
    assert found is not None
    return found[1]


def follow(client: Client, link: str) -> Any:
    assert client.get(link).headers["Location"] == "/invitations"
    return client.get("/invitations")


def membership(caller: Caller, email: str) -> Membership:
    return Membership.objects.get(organization=caller.organization, user__email=email)


@pytest.mark.parametrize(
    ("language", "subject"),
    [
        ("en", "You are invited to"),
        ("ru", "Вас приглашают в"),
        ("uz", "CloudAPIdagi"),
    ],
)
def test_the_letter_is_in_the_language_that_was_chosen(language: str, subject: str) -> None:
    caller = make_caller()
    invite(caller, "dora@members.example", language=language)
    letter = mail.outbox[-1]
    assert letter.to == ["dora@members.example"]
    assert letter.subject.startswith(subject)
    assert caller.user.email in str(letter.body)


def test_a_sign_up_by_the_link_joins_and_needs_no_confirmation() -> None:
    caller, client = make_caller(), Client()
    page = follow(client, invite(caller, "dora@members.example"))
    assert caller.organization.name in page.content.decode()
    assert 'value="dora@members.example"' in client.get("/accounts/signup/").content.decode()
    said = {"email": "dora@members.example", "password1": PASSWORD, "next": "/invitations"}
    assert client.post("/accounts/signup/", said).headers["Location"] == "/invitations"
    assert client.get("/invitations").headers["Location"] == "/dashboard"
    assert membership(caller, "dora@members.example").role == "developer"
    dora = User.objects.get(email="dora@members.example")
    assert Organization.objects.get(owner=dora, is_personal=True).verified_at is not None
    # The session works in the organization that has invited.
    assert caller.organization.name in client.get("/dashboard/organization").content.decode()
    assert client.get("/invitations").status_code == 404


def test_a_sign_up_with_another_address_joins_nothing() -> None:
    caller, client = make_caller(), Client()
    follow(client, invite(caller, "dora@members.example"))
    client.post("/accounts/signup/", {"email": "eve@members.example", "password1": PASSWORD})
    assert not Membership.objects.filter(
        organization=caller.organization, user__email="eve@members.example"
    ).exists()
    assert Invitation.objects.get(organization=caller.organization).state == "waiting"


def test_whoever_has_an_account_joins_by_a_button() -> None:
    caller = make_caller()
    client = signed_in(open_account(email="dora@members.example", password=PASSWORD, verified=True))
    page = follow(client, invite(caller, "dora@members.example"))
    assert page.status_code == 200
    assert not Membership.objects.filter(
        organization=caller.organization, user__email="dora@members.example"
    ).exists()
    assert client.post("/invitations", {"do": "accept"}).headers["Location"] == "/dashboard"
    assert membership(caller, "dora@members.example")


def test_the_wrong_account_is_told_and_can_log_out_without_losing_the_link() -> None:
    caller, other = make_caller(), make_caller()
    client = browser(other)
    page = follow(client, invite(caller, "dora@members.example"))
    text = page.content.decode()
    assert other.user.email in text and "dora@members.example" in text
    client.post("/invitations", {"do": "accept"})
    assert not Membership.objects.filter(organization=caller.organization, user=other.user).exists()
    client.post("/invitations", {"do": "logout"})
    assert "/accounts/signup/?next=/invitations" in client.get("/invitations").content.decode()


def test_a_used_an_old_and_an_unknown_link_do_nothing() -> None:
    caller = make_caller()
    link = invite(caller, "dora@members.example")
    found = Invitation.objects.get(organization=caller.organization)
    browser(caller).post(f"/dashboard/members/invitations/{found.api_id}/withdraw")
    assert follow(Client(), link).status_code == 410
    assert Client().get("/invitations/unknown").status_code == 404
    assert Client().get("/invitations").status_code == 404


def test_looking_at_the_link_changes_nothing() -> None:
    """Mail programs open links before their readers do."""
    caller = make_caller()
    link = invite(caller, "dora@members.example")
    for _ in range(2):
        assert follow(Client(), link).status_code == 200
    assert Invitation.objects.get(organization=caller.organization).state == "waiting"


def test_a_role_is_changed_and_its_person_is_told() -> None:
    caller = make_caller()
    member(caller, Role.VIEWER)
    held = Membership.objects.get(organization=caller.organization, role=Role.VIEWER)
    browser(caller).post(f"/dashboard/members/{held.api_id}/role", {"role": "admin"})
    held.refresh_from_db()
    assert held.role == "admin"
    assert mail.outbox[-1].to == [held.user.email]


def test_who_is_removed_hears_of_it_and_is_out() -> None:
    caller = make_caller()
    client = member(caller, Role.DEVELOPER)
    held = Membership.objects.get(organization=caller.organization, role=Role.DEVELOPER)
    question = browser(caller).get(f"/dashboard/members/{held.api_id}/remove").content.decode()
    assert held.user.email in question.replace("<wbr>", "")
    browser(caller).post(f"/dashboard/members/{held.api_id}/remove")
    assert mail.outbox[-1].to == [held.user.email]
    assert caller.organization.api_id not in client.get("/dashboard/organization").content.decode()


def test_handing_over_asks_for_the_password_and_tells_both() -> None:
    caller = make_caller()
    member(caller, Role.ADMIN)
    held = Membership.objects.get(organization=caller.organization, role=Role.ADMIN)
    address = f"/dashboard/members/{held.api_id}/owner"
    caller.user.set_password(PASSWORD)
    caller.user.save()
    client = browser(caller)
    assert "reauthenticate" in client.post(address).headers["Location"]
    client.post("/accounts/reauthenticate/", {"password": PASSWORD})
    assert held.user.email in client.get(address).content.decode()
    before = len(mail.outbox)
    for wrong in ("", caller.user.email):
        assert "errorlist" in client.post(address, {"typed": wrong}).content.decode()
    typed = {"typed": held.user.email.upper()}
    assert client.post(address, typed).headers["Location"] == "/dashboard/members"
    held.refresh_from_db()
    assert held.role == "owner"
    assert {letter.to[0] for letter in mail.outbox[before:]} == {caller.user.email, held.user.email}


def test_organizations_are_made_switched_renamed_and_left() -> None:
    caller = make_caller()
    client = browser(caller)
    client.post("/dashboard/organization", {"do": "create", "name": "Silk Road"})
    made = Organization.objects.get(name="Silk Road")
    assert made.api_id in client.get("/dashboard/organization").content.decode()
    client.post("/dashboard/organization", {"do": "rename", "name": "Tea House"})
    made.refresh_from_db()
    assert made.name == "Tea House"
    client.post("/dashboard/organization", {"do": "switch", "organization": caller.organization.api_id})
    # The next session begins where the last one chose to work.
    page = browser(caller).get("/dashboard/organization").content.decode()
    assert f'class="mono">{caller.organization.api_id}' in page
    client.post("/dashboard/organization/leave")
    assert Membership.objects.filter(organization=caller.organization, user=caller.user).exists()
    deeds = set(AuditEntry.objects.filter(organization=made).values_list("deed", flat=True))
    assert deeds == {"organization.create", "organization.name"}


def test_the_only_owner_reads_why_they_cannot_leave_and_has_no_button_for_it() -> None:
    caller = make_caller()
    admin, client = member(caller, Role.ADMIN), browser(caller)
    own = membership(caller, caller.user.email).api_id
    why, row = "You are the only owner.", f'action="/dashboard/members/{own}/role"'
    question = client.get("/dashboard/organization/leave").text
    assert why in question and "Leave it" not in question
    page = client.get("/dashboard/organization").text
    assert why in page and "/organization/leave" not in page
    assert row not in client.get("/dashboard/members").text
    assert "Leave it" in admin.get("/dashboard/organization/leave").text
    member(caller, Role.OWNER)
    assert "Leave it" in client.get("/dashboard/organization/leave").text
    assert row in client.get("/dashboard/members").text


def test_nobody_switches_to_a_strangers_organization() -> None:
    caller, other = make_caller(), make_caller()
    said = {"do": "switch", "organization": other.organization.api_id}
    assert browser(caller).post("/dashboard/organization", said).status_code == 404


@pytest.mark.parametrize("role", [Role.VIEWER, Role.DEVELOPER])
def test_who_may_not_invite_reads_why(role: Role) -> None:
    caller = make_caller()
    client = member(caller, role)
    text = client.get("/dashboard/members").content.decode()
    assert "Owner, Administrator" in text and 'name="email"' not in text
    said = {"email": "dora@members.example", "role": "viewer", "language": "en"}
    assert client.post("/dashboard/members", said).status_code == 403
    assert not Invitation.objects.filter(organization=caller.organization).exists()
