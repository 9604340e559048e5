"""The operators' view: rights, no digest, revocation and suspension as actions."""

import pytest
from django.urls import reverse

from accounts.errors import RevokedKey
from accounts.keys import create_key, find_key
from accounts.logkeys import turn_on
from accounts.models import ApiKey, Membership, Organization, User
from accounts.signup import open_account

from .people import PASSWORD, home, project, signed_in

MODELS = ["user", "organization", "project", "apikey", "logkey", "alert"]


@pytest.fixture
def operator(db):
    return signed_in(
        open_account(
            email="op@accounts.example", password=PASSWORD, verified=True, is_staff=True, is_superuser=True
        )
    )


def act(client, model, action, *objects):
    address = reverse(f"admin:accounts_{model}_changelist")
    return client.post(address, {"action": action, "_selected_action": [o.pk for o in objects]}, follow=True)


@pytest.mark.parametrize("model", MODELS)
def test_lists_and_searches_work(operator, alice, model):
    create_key(project=project(alice), name="x")
    address = reverse(f"admin:accounts_{model}_changelist")
    for query in ("", "?q=alice"):
        assert operator.get(address + query).status_code == 200


@pytest.mark.parametrize("model", MODELS)
def test_customers_and_strangers_stay_outside(client, alice, model):
    address = reverse(f"admin:accounts_{model}_changelist")
    assert client.get(address).status_code == 302
    assert signed_in(alice).get(address).status_code == 302


def test_a_key_is_shown_without_plain_text_and_digest(operator, alice):
    key, plain = create_key(project=project(alice), name="x")
    pages = [
        operator.get(reverse("admin:accounts_apikey_change", args=[key.pk])),
        operator.get(reverse("admin:accounts_apikey_changelist")),
    ]
    for page in pages:
        assert page.status_code == 200
        text = page.content.decode()
        assert key.prefix in text
        assert plain not in text
        assert bytes(key.digest).hex() not in text
        assert str(bytes(key.digest)) not in text


def test_a_key_is_neither_made_changed_nor_deleted_here(operator, alice):
    key, _ = create_key(project=project(alice), name="x")
    assert operator.get(reverse("admin:accounts_apikey_add")).status_code == 403
    change = reverse("admin:accounts_apikey_change", args=[key.pk])
    assert operator.post(change, {"name": "y", "rpm": "1000"}).status_code == 403
    assert (
        operator.post(reverse("admin:accounts_apikey_delete", args=[key.pk]), {"post": "yes"}).status_code
        == 403
    )
    assert ApiKey.objects.get(pk=key.pk).name == "x"


def test_keys_are_revoked_by_an_action(operator, alice):
    key, plain = create_key(project=project(alice), name="x")
    assert act(operator, "apikey", "revoke", key).status_code == 200
    with pytest.raises(RevokedKey):
        find_key(plain)


def test_organizations_are_suspended_and_resumed_but_not_the_built_in_ones(operator, alice):
    platform = Organization.objects.get(slug="platform")
    act(operator, "organization", "suspend", home(alice), platform)
    assert home(alice).suspended_at is not None
    platform.refresh_from_db()
    assert platform.suspended_at is None
    act(operator, "organization", "resume", home(alice))
    assert home(alice).suspended_at is None


def test_ceilings_are_edited_and_ownership_is_not(operator, alice, bob):
    organization = home(alice)
    address = reverse("admin:accounts_organization_change", args=[organization.pk])
    member = Membership.objects.get(organization=organization)
    data = {
        "name": "Alice Ltd",
        "rpm_max": "1000",
        "key_rpm_max": "100",
        "owner": bob.pk,
        "is_personal": "",
        "memberships-TOTAL_FORMS": "1",
        "memberships-INITIAL_FORMS": "1",
        "memberships-0-id": member.pk,
        "memberships-0-organization": organization.pk,
        "memberships-0-user": alice.pk,
        "memberships-0-role": "owner",
        "billing_details-TOTAL_FORMS": "0",
        "billing_details-INITIAL_FORMS": "0",
    }
    assert operator.post(address, data).status_code == 302
    organization.refresh_from_db()
    assert (organization.name, organization.rpm_max, organization.key_rpm_max) == ("Alice Ltd", 1000, 100)
    assert (organization.owner, organization.is_personal) == (alice, True)


def test_a_user_made_here_has_an_organization(operator):
    data = {
        "email": "New@Accounts.example",
        "usable_password": "true",
        "password1": PASSWORD,
        "password2": PASSWORD,
    }
    assert operator.post(reverse("admin:accounts_user_add"), data).status_code == 302
    assert home(User.objects.get(email="new@accounts.example")).is_personal


def test_people_and_organizations_are_not_deleted(operator, alice):
    for model, pk in (("user", alice.pk), ("organization", home(alice).pk), ("project", project(alice).pk)):
        answer = operator.post(reverse(f"admin:accounts_{model}_delete", args=[pk]), {"post": "yes"})
        assert answer.status_code == 403


def test_operators_sign_in_where_logins_are_throttled(db, client):
    open_account(email="root@accounts.example", password=PASSWORD, verified=True, is_staff=True)
    form = client.post(
        "/admin/login/?next=/admin/", {"username": "root@accounts.example", "password": PASSWORD}
    )
    assert form.status_code == 302
    assert form.url.startswith("/accounts/login/?next=")
    assert "_auth_user_id" not in client.session
    answer = client.post(form.url, {"login": "Root@accounts.example", "password": PASSWORD})
    assert answer.url.endswith("/admin/")
    assert client.get("/admin/").status_code == 200


def test_a_signed_in_customer_is_refused_by_the_admin(alice):
    assert signed_in(alice).get("/admin/", follow=True).status_code == 403


def test_operators_see_log_keys_and_have_no_say_in_them(operator, alice):
    """Who could add one would read along."""
    key = turn_on(project(alice), b"\x09" + bytes(31), alice)
    page = operator.get(reverse("admin:accounts_logkey_change", args=[key.pk])).content.decode()
    assert key.fingerprint in page
    assert operator.get(reverse("admin:accounts_logkey_add")).status_code == 403
    for verb in ("change", "delete"):
        assert operator.post(reverse(f"admin:accounts_logkey_{verb}", args=[key.pk])).status_code == 403
    form = {"name": "x", "content_log": "off", "content_days": "90", "allowed_models": ""}
    operator.post(reverse("admin:accounts_project_change", args=[key.project_id]), form)
    key.project.refresh_from_db()
    assert (key.project.content_log, key.project.content_days) == ("encrypted", 30)
