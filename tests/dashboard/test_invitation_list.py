"""The list of invitations: found, ordered, as a file; several withdrawn at once; nobody else's."""

import csv
from datetime import timedelta
from io import StringIO

import pytest
from django.utils import timezone

from accounts.access import Caller as Acting
from accounts.invitations import invite
from accounts.models import Invitation, Membership, Role, User
from tests.accounts.people import signed_in
from tests.dashboard.calls import browser
from tests.factories import Caller, make_caller

pytestmark = pytest.mark.django_db

LIST, WITHDRAW = "/dashboard/members/invitations", "/dashboard/members/invitations/withdraw"


def asked(caller: Caller, *names: str, role: str = "developer") -> list[Invitation]:
    owner = Acting(organization=caller.organization, user=caller.user, role="owner")
    return [invite(owner, f"{name}@members.example", role)[0] for name in names]


def shown(caller: Caller, query: str = "") -> list[str]:
    """Who is on the page, before the @."""
    page = browser(caller).get(f"{LIST}?{query}")
    return [one.email.partition("@")[0] for one in page.context["listing"].rows]


def states(*found: Invitation) -> list[str]:
    return [Invitation.objects.get(pk=one.pk).state for one in found]


def test_invitations_are_found_by_address_role_and_state() -> None:
    caller = make_caller()
    (dora,) = asked(caller, "dora")
    asked(caller, "emil", role="viewer")
    Invitation.objects.filter(pk=dora.pk).update(expires_at=timezone.now() - timedelta(days=1))
    assert shown(caller) == ["emil", "dora"]
    assert shown(caller, "sort=email") == ["dora", "emil"]
    assert (
        shown(caller, "q=dor")
        == shown(caller, "state=expired")
        == shown(caller, "role=developer")
        == ["dora"]
    )
    assert shown(caller, "state=waiting") == ["emil"]
    assert "No invitation matches" in browser(caller).get(f"{LIST}?q=nobody").text


def test_nobody_invited_says_so_and_has_no_filter() -> None:
    page = browser(make_caller()).get(LIST).text
    assert "Nobody is invited" in page and "data-list" not in page


def test_a_file_holds_what_the_filter_lets_through_and_no_link() -> None:
    alice, bob = make_caller(), make_caller()
    asked(alice, "dora", "emil")
    asked(bob, "farid")
    answer = browser(alice).get(f"{LIST}?q=dora&file=csv")
    text = b"".join(answer.streaming_content).decode("utf-8-sig")  # type: ignore[attr-defined]
    (row,) = csv.DictReader(StringIO(text))
    assert (row["email"], row["role"], row["state"]) == ("dora@members.example", "developer", "waiting")
    assert row["invited_by"] == alice.user.email and "token" not in row


def test_chosen_invitations_are_named_and_withdrawn_together() -> None:
    caller = make_caller()
    dora, emil, farid = asked(caller, "dora", "emil", "farid")
    client, chosen = browser(caller), {"invitation": [dora.api_id, emil.api_id], "back": "sort=email"}
    question = client.get(WITHDRAW, chosen).text
    assert "Withdraw 2 invitations?" in question and "dora@" in question and "farid@" not in question
    answer = client.post(WITHDRAW, chosen, follow=True)
    assert answer.redirect_chain == [(f"{LIST}?sort=email", 302)]
    assert "2 links no longer work." in answer.text
    assert states(dora, emil, farid) == ["withdrawn", "withdrawn", "waiting"]


def test_one_foreign_invitation_among_the_chosen_withdraws_none() -> None:
    alice, bob = make_caller(), make_caller()
    (dora,), (emil,) = asked(alice, "dora"), asked(bob, "emil")
    chosen = {"invitation": [dora.api_id, emil.api_id]}
    assert browser(alice).get(WITHDRAW, chosen).status_code == 404
    assert browser(alice).post(WITHDRAW, chosen).status_code == 404
    assert states(dora, emil) == ["waiting", "waiting"]
    assert "Choose invitations in the list first." in browser(alice).post(WITHDRAW, follow=True).text


@pytest.mark.parametrize("role", [Role.VIEWER, Role.DEVELOPER])
def test_who_may_not_invite_sees_no_invitations(role: Role) -> None:
    caller = make_caller()
    (dora,) = asked(caller, "dora")
    user = User.objects.create(email=f"{role}-{caller.user.email}", password="!")
    Membership.objects.create(organization=caller.organization, user=user, role=role)
    client = signed_in(user)
    assert LIST not in client.get("/dashboard/members").text
    assert client.get(LIST).status_code == 403
    assert client.post(WITHDRAW, {"invitation": dora.api_id}).status_code == 403
    assert states(dora) == ["waiting"]
