"""A Studio token: who gets one, for what, and everything that ends it. Live, as the gateway has to agree."""

from datetime import timedelta

import httpx
import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import ApiKey, Membership, Organization, Project, Role, StudioToken, User
from accounts.studio import TOKENS_MAX, sweep
from dashboard.account.closing import close
from tests.dashboard.calls import browser
from tests.factories import Caller, make_caller, set_cap
from tests.stack import Stack

PASSWORD = "Registan-1420-Ulugbek"


def mint(client: Client, project: Project) -> str:
    answer = client.post("/dashboard/studio/token", {"project": project.api_id})
    assert answer.status_code == 200, answer.content
    assert answer["Cache-Control"].startswith("max-age=0")
    return str(answer.json()["token"])


def refused(client: Client, project: Project) -> tuple[int, str]:
    answer = client.post("/dashboard/studio/token", {"project": project.api_id})
    return answer.status_code, answer.json()["error"]["code"]


def ask(stack: Stack, token: str) -> httpx.Response:
    body = {"model": "test/one", "messages": [{"role": "user", "content": "Salom"}], "max_tokens": 16}
    headers = {"authorization": f"Bearer {token}"}
    return httpx.post(f"{stack.url}/v1/chat/completions", json=body, headers=headers, timeout=30)


def code(answer: httpx.Response) -> str:
    return str(answer.json()["error"]["code"])


def wait_until_refused(stack: Stack, token: str) -> httpx.Response:
    """What the gateway says once its memory of the token (4 s) has aged; a notice makes it faster."""
    deadline = timezone.now() + timedelta(seconds=15)
    answer = ask(stack, token)
    while answer.status_code == 200 and timezone.now() < deadline:
        answer = ask(stack, token)
    return answer


def member(owner: Caller, role: Role) -> tuple[User, Client]:
    """Somebody else who works in the owner's organization."""
    user = make_caller().user
    Membership.objects.filter(user=user).delete()
    Membership.objects.create(organization=owner.organization, user=user, role=role)
    client = Client()
    client.force_login(user)
    return user, client


@pytest.mark.django_db
def test_it_is_kept_as_a_digest_and_in_no_list_of_keys() -> None:
    alice = make_caller()
    client = browser(alice)
    plain = mint(client, alice.project)
    row = StudioToken.objects.get(key__project=alice.project)
    assert len(bytes(row.digest)) == 32 and plain not in str(row.__dict__)
    assert row.expires_at <= timezone.now() + timedelta(minutes=15)
    assert row.session != client.session.session_key
    assert row.key.studio and row.key.created_by == alice.user and row.key.scopes == ["inference"]
    assert "Studio ·" not in client.get("/dashboard/keys").content.decode()
    assert [key["id"] for key in client.get("/api/keys").json()["data"]] == [alice.api_key.api_id]
    assert client.post(f"/dashboard/keys/{row.key.api_id}/revoke").status_code == 404


@pytest.mark.django_db
def test_one_person_has_one_key_in_a_project_and_as_many_tokens_as_tabs() -> None:
    alice = make_caller()
    client = browser(alice)
    for _ in range(TOKENS_MAX + 2):
        mint(client, alice.project)
    key = ApiKey.objects.get(project=alice.project, studio=True)
    assert key.studio_tokens.count() == TOKENS_MAX


@pytest.mark.django_db
def test_it_needs_a_session_a_role_and_the_forgery_check() -> None:
    alice = make_caller()
    assert refused(Client(), alice.project) == (401, "signed_out")
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(alice.user)
    assert strict.post("/dashboard/studio/token", {"project": alice.project.api_id}).status_code == 403
    assert not StudioToken.objects.filter(key__project=alice.project).exists()
    for role in (Role.ADMIN, Role.DEVELOPER):
        mint(member(alice, role)[1], alice.project)
    assert refused(member(alice, Role.VIEWER)[1], alice.project) == (403, "role_not_allowed")
    assert browser(alice).get("/dashboard/studio/token").status_code == 405


@pytest.mark.django_db
def test_a_foreign_project_is_like_a_missing_one() -> None:
    alice, bob = make_caller(), make_caller()
    assert refused(browser(alice), bob.project) == (404, "not_found")
    bob.project.archived_at = timezone.now()
    bob.project.save()
    assert refused(browser(bob), bob.project) == (404, "not_found")
    assert not StudioToken.objects.filter(key__project=bob.project).exists()


@pytest.mark.django_db
def test_a_suspended_organization_gets_none() -> None:
    alice = make_caller()
    Organization.objects.filter(pk=alice.organization.pk).update(suspended_at=timezone.now())
    assert refused(browser(alice), alice.project) == (403, "account_suspended")


@pytest.mark.django_db
def test_the_sweep_forgets_expired_ones_alone() -> None:
    alice = make_caller()
    client = browser(alice)
    mint(client, alice.project)
    StudioToken.objects.filter(key__project=alice.project).update(expires_at=timezone.now())
    mint(client, alice.project)
    sweep()
    sweep()
    assert StudioToken.objects.filter(key__project=alice.project).count() == 1


@pytest.mark.django_db
def test_a_new_password_ends_every_token_of_the_person() -> None:
    alice = make_caller()
    alice.user.set_password(PASSWORD)
    alice.user.save()
    elsewhere, here = browser(alice), browser(alice)
    mint(elsewhere, alice.project)
    fields = {"oldpassword": PASSWORD, "password1": PASSWORD + "-2", "password2": PASSWORD + "-2"}
    assert here.post("/accounts/password/change/", fields).status_code == 302
    assert not StudioToken.objects.filter(key__project=alice.project).exists()


@pytest.mark.django_db
def test_a_deleted_account_leaves_no_address_in_it() -> None:
    alice = make_caller()
    user, client = member(alice, Role.DEVELOPER)
    mint(client, alice.project)
    close(user, waive=False)
    assert ApiKey.objects.get(project=alice.project, studio=True).name == "deleted"


def test_calls_are_the_projects_and_named_after_the_person(stack: Stack) -> None:
    alice = make_caller(balance_uzs=1000)
    client = browser(alice)
    token = mint(client, alice.project)
    assert ask(stack, token).status_code == 200
    row = alice.requests()[-1]
    key = ApiKey.objects.get(pk=row["key_id"])
    assert key.studio and row["project_id"] == alice.project.pk and alice.charged() > 0
    assert f"Studio · {alice.user.email}" in client.get("/dashboard/activity").content.decode()
    assert f"Studio · {alice.user.email}" in client.get(f"/dashboard/activity/{row['id']}").content.decode()
    headers = {"authorization": f"Bearer {token}"}
    credits = httpx.get(f"{stack.url}/v1/credits", headers=headers).json()
    assert credits["data"]["total_usage_micros"] == alice.charged()
    # It calls, and manages nothing.
    assert httpx.get(f"{stack.url}/api/keys", headers=headers).status_code == 403


def test_caps_and_an_empty_wallet_stop_it(stack: Stack) -> None:
    capped, poor = make_caller(balance_uzs=1000), make_caller()
    set_cap(capped, "project_day", 0)
    answer = ask(stack, mint(browser(capped), capped.project))
    assert (answer.status_code, code(answer)) == (402, "budget_exceeded")
    answer = ask(stack, mint(browser(poor), poor.project))
    assert (answer.status_code, code(answer)) == (402, "insufficient_balance")


def test_logging_out_ends_that_sessions_tokens(stack: Stack) -> None:
    alice = make_caller(balance_uzs=1000)
    here, elsewhere = browser(alice), browser(alice)
    ended, kept = mint(here, alice.project), mint(elsewhere, alice.project)
    assert ask(stack, ended).status_code == ask(stack, kept).status_code == 200
    here.post("/accounts/logout/")
    answer = wait_until_refused(stack, ended)
    assert (answer.status_code, code(answer)) == (401, "invalid_api_key")
    assert ask(stack, kept).status_code == 200


@pytest.mark.parametrize(
    ("what", "status", "said"),
    [
        ("expired", 401, "api_key_expired"),
        ("removed", 401, "invalid_api_key"),
        ("viewer", 401, "invalid_api_key"),
        ("inactive", 401, "invalid_api_key"),
        ("suspended", 403, "account_suspended"),
    ],
)
def test_it_ends_with_what_it_rests_on(stack: Stack, what: str, status: int, said: str) -> None:
    alice = make_caller(balance_uzs=1000)
    user, client = member(alice, Role.DEVELOPER)
    token = mint(client, alice.project)
    mine = Membership.objects.filter(organization=alice.organization, user=user)
    if what == "expired":
        StudioToken.objects.filter(key__created_by=user).update(expires_at=timezone.now())
    elif what == "removed":
        mine.delete()
    elif what == "viewer":
        mine.update(role=Role.VIEWER)
    elif what == "inactive":
        User.objects.filter(pk=user.pk).update(is_active=False)
    else:
        Organization.objects.filter(pk=alice.organization.pk).update(suspended_at=timezone.now())
    answer = ask(stack, token)
    assert (answer.status_code, code(answer)) == (status, said)
    headers = {"authorization": f"Bearer {token}"}
    read = httpx.get(f"{stack.url}/v1/credits", headers=headers)
    assert (read.status_code, code(read)) == (status, said)
