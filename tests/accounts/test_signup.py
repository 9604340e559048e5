"""From the form to a verified organization, without telling who has an account."""

import re

import pytest
from allauth.account.models import EmailAddress
from django.core import mail
from django.core.cache import cache
from django.test import Client

from accounts.models import Membership, Organization, Project, Role, User
from accounts.signup import open_account, open_personal_organization

from .people import PASSWORD, home

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def fresh_limits(settings):
    settings.ACCOUNT_RATE_LIMITS = False
    cache_backend = "django.core.cache.backends.locmem.LocMemCache"
    settings.CACHES = {"default": {"BACKEND": cache_backend}}
    cache.clear()


def sign_up(client: Client, email: str = "dilnoza@accounts.example", **extra):
    return client.post("/accounts/signup/", {"email": email, "password1": PASSWORD, **extra}, follow=True)


def confirm(client: Client):
    link = re.search(r"https?://[^/]+(/accounts/confirm-email/\S+)", mail.outbox[-1].body)
    assert link is not None
    page = client.get(link[1])
    assert page.status_code == 200
    return client.post(link[1], follow=False)


def without_tokens(answer) -> bytes:
    return re.sub(rb'(csrfmiddlewaretoken" value|nonce)="[^"]*"', b"", answer.content)


def test_a_sign_up_makes_user_organization_membership_and_project(client):
    answer = sign_up(client)
    assert answer.redirect_chain[-1][0] == "/accounts/confirm-email/"
    user = User.objects.get(email="dilnoza@accounts.example")
    organization = home(user)
    assert (organization.is_personal, organization.verified_at) == (True, None)
    assert Membership.objects.get(organization=organization, user=user).role == Role.OWNER
    assert Project.objects.get(organization=organization).is_default


def test_a_confirmed_address_verifies_the_organization_and_signs_in(client):
    sign_up(client)
    answer = confirm(client)
    user = User.objects.get(email="dilnoza@accounts.example")
    assert home(user).verified_at is not None
    assert EmailAddress.objects.get(user=user).verified
    assert (answer.status_code, answer.url) == (302, "/dashboard")
    assert int(client.session["_auth_user_id"]) == user.pk


def test_confirming_again_does_not_move_the_date(client):
    sign_up(client)
    confirm(client)
    before = Organization.objects.get(owner__email="dilnoza@accounts.example").verified_at
    confirm(Client())
    assert Organization.objects.get(owner__email="dilnoza@accounts.example").verified_at == before


def test_the_mail_is_confirmed_by_a_click_not_by_a_scanner(client):
    sign_up(client)
    link = re.search(r"(/accounts/confirm-email/\S+)", mail.outbox[-1].body)
    Client().get(link[1])
    assert home(User.objects.get(email="dilnoza@accounts.example")).verified_at is None


def test_nobody_signs_in_before_the_address_is_confirmed(client):
    sign_up(client)
    other = Client()
    other.post("/accounts/login/", {"login": "dilnoza@accounts.example", "password": PASSWORD})
    assert "_auth_user_id" not in other.session


def test_the_demo_shows_the_link_to_the_browser_that_signed_up(client, settings):
    settings.DEMO = True
    page = sign_up(client).content.decode()
    link = re.search(r"http://testserver(/accounts/confirm-email/\S+)", mail.outbox[-1].body)
    assert link[1] in page
    assert b"demo-confirmation" not in Client().get("/accounts/confirm-email/").content
    client.post(link[1])
    assert home(User.objects.get(email="dilnoza@accounts.example")).verified_at is not None


def test_outside_of_the_demo_no_page_shows_the_link(client, settings):
    settings.DEMO = True
    sign_up(client)
    settings.DEMO = False
    assert b"demo-confirmation" not in client.get("/accounts/confirm-email/").content
    assert b"demo-confirmation" not in sign_up(Client(), "other@accounts.example").content


def test_a_known_address_in_the_same_session_does_not_show_anybodys_link(client, settings, alice):
    settings.DEMO = True
    assert b"demo-confirmation" in sign_up(client).content
    assert b"demo-confirmation" not in sign_up(client, "alice@accounts.example").content


@pytest.mark.parametrize("spelling", ["alice@accounts.example", "ALICE@Accounts.EXAMPLE"])
def test_a_known_address_gets_the_same_answer_as_a_new_one(alice, settings, spelling):
    settings.DEMO = False
    known, new = Client(), Client()
    answers = sign_up(known, spelling), sign_up(new, "zilola@accounts.example")
    assert answers[0].redirect_chain == answers[1].redirect_chain
    bodies = [without_tokens(answer) for answer in answers]
    assert bodies[0].replace(spelling.lower().encode(), b"?") == bodies[1].replace(
        b"zilola@accounts.example", b"?"
    )
    assert User.objects.filter(email="alice@accounts.example").count() == 1
    assert [message.to for message in mail.outbox] == [
        ["alice@accounts.example"],
        ["zilola@accounts.example"],
    ]


def test_a_known_address_costs_a_password_hash_too(alice, monkeypatch, client):
    hashed = []
    monkeypatch.setattr("accounts.forms.make_password", hashed.append)
    sign_up(client, "alice@accounts.example")
    assert hashed == [PASSWORD]


def test_a_reset_does_not_tell_who_has_an_account(alice):
    answers = [
        Client().post("/accounts/password/reset/", {"email": email}, follow=True)
        for email in ("alice@accounts.example", "nobody@accounts.example")
    ]
    assert answers[0].redirect_chain == answers[1].redirect_chain
    assert without_tokens(answers[0]) == without_tokens(answers[1])


def test_the_form_sets_nothing_but_address_and_password(client):
    sign_up(client, is_staff="1", is_superuser="1", is_active="0", name="x")
    user = User.objects.get(email="dilnoza@accounts.example")
    assert (user.is_staff, user.is_superuser, user.is_active) == (False, False, True)


def test_addresses_have_no_case(db):
    open_account(email="Umid@Accounts.EXAMPLE", password=PASSWORD)
    assert User.objects.get(email="UMID@accounts.example").email == "umid@accounts.example"
    assert User.objects.get_by_natural_key("umid@ACCOUNTS.example").check_password(PASSWORD)


def test_a_person_has_one_personal_organization(alice):
    assert open_personal_organization(alice) == home(alice)
    assert Organization.objects.filter(owner=alice).count() == 1


def test_the_language_of_the_visitor_becomes_the_users(client):
    client.post(
        "/accounts/signup/",
        {"email": "oleg@accounts.example", "password1": PASSWORD},
        headers={"accept-language": "ru"},
    )
    assert User.objects.get(email="oleg@accounts.example").language == "ru"


def test_the_built_in_organizations_exist_with_their_projects():
    slugs = Organization.objects.exclude(slug=None).order_by("slug").values_list("slug", flat=True)
    assert list(slugs) == ["anonymous", "platform"]
    assert Project.objects.filter(organization__slug__in=slugs, is_default=True).count() == 2
