"""allauth's pages in our templates: each answers, under the strict policy and without inline code."""

import re

import pytest
from django.core import mail
from django.test import Client

from .people import PASSWORD, signed_in

pytestmark = pytest.mark.django_db

OPEN = [
    "/accounts/login/",
    "/accounts/signup/",
    "/accounts/confirm-email/",
    "/accounts/confirm-email/Mg:1xyz:nonsense/",
    "/accounts/password/reset/",
    "/accounts/password/reset/done/",
    "/accounts/password/reset/key/1-nonsense/",
    "/accounts/password/reset/key/done/",
    "/accounts/inactive/",
]
SIGNED_IN = [
    "/accounts/logout/",
    "/accounts/password/change/",
    "/accounts/email/",
    "/accounts/reauthenticate/",
]


@pytest.fixture(autouse=True)
def no_limits(settings):
    settings.ACCOUNT_RATE_LIMITS = False


def strict(page):
    """A finished page: our layout, a policy without unsafe-inline, nothing inline, nothing untranslated."""
    text = page.content.decode()
    policy = page.headers["Content-Security-Policy"]
    assert page.status_code == 200
    assert "unsafe-inline" not in policy
    assert "unsafe-eval" not in policy
    assert "frame-ancestors 'none'" in policy
    assert 'id="main"' in text
    assert re.search(r"<h1>[^<]+</h1>", text)
    assert not re.search(r"\sstyle=", text)
    assert not re.search(r"\son\w+=", text)
    assert "<style" not in text
    assert all("src=" in tag for tag in re.findall(r"<script[^>]*>", text))
    assert "javascript:" not in text
    return text


@pytest.mark.parametrize("address", OPEN)
@pytest.mark.parametrize("language", ["en", "ru", "uz"])
def test_open_pages_answer_under_the_strict_policy(client, address, language):
    strict(client.get(address, headers={"accept-language": language}))


@pytest.mark.parametrize("address", SIGNED_IN)
def test_pages_of_a_person_answer_under_the_strict_policy(alice, address):
    client = Client()
    client.post("/accounts/login/", {"login": "alice@accounts.example", "password": PASSWORD})
    strict(client.get(address))
    assert Client().get(address).status_code == 302


@pytest.mark.parametrize("address", ["/accounts/login/", "/accounts/signup/", "/accounts/password/reset/"])
def test_each_form_has_a_token_and_labels(client, address):
    text = strict(client.get(address))
    form = re.search(rf'<form method="post" action="{address}".*?</form>', text, re.DOTALL)
    assert form is not None
    assert "csrfmiddlewaretoken" in form[0]
    ids = re.findall(r'<input[^>]*type="(?:email|password|text)"[^>]*id="([^"]+)"', form[0])
    assert ids
    assert all(f'for="{name}"' in form[0] for name in ids)


@pytest.mark.parametrize(
    ("address", "labels"),
    [
        ("/accounts/login/", ["E-mail address"]),
        ("/accounts/signup/", ["E-mail address"]),
        ("/accounts/password/reset/", ["E-mail address"]),
        ("/accounts/email/", ["New e-mail address"]),
        ("/accounts/password/change/", ["Current password", "New password", "New password, again"]),
    ],
)
def test_labels_are_those_of_our_other_pages(alice, address, labels):
    client = signed_in(alice) if address in SIGNED_IN else Client()
    text = strict(client.get(address))
    assert [one for one in labels if f">{one}</label>" not in text] == []
    assert "placeholder" not in text.split("<main")[1].split("</main>")[0]


def test_a_wrong_password_and_an_unknown_address_look_the_same(alice):
    def answer(email):
        page = Client().post("/accounts/login/", {"login": email, "password": "wrong password 1"})
        return re.sub(r'(csrfmiddlewaretoken" value|nonce)="[^"]*"', "", strict(page)).replace(email, "?")

    assert answer("alice@accounts.example") == answer("nobody@accounts.example")


def test_a_new_session_begins_at_login_and_a_logout_ends_it(alice):
    client = Client()
    client.get("/accounts/login/")
    client.post("/accounts/login/", {"login": "Alice@Accounts.example", "password": PASSWORD})
    first = client.cookies["cloudapi_session"].value
    assert client.cookies["cloudapi_session"]["httponly"]
    assert client.cookies["cloudapi_session"]["samesite"] == "Lax"
    assert client.get("/accounts/logout/").status_code == 200
    assert "_auth_user_id" in client.session
    client.post("/accounts/logout/")
    assert "_auth_user_id" not in Client(headers={"cookie": f"cloudapi_session={first}"}).session


@pytest.mark.parametrize(
    "goal",
    [
        "//evil.example",
        "\\\\evil.example",
        "https:evil.example",
        "javascript:alert(1)",
        "/%0d%0aX: y",
        "https://evil.example/",
    ],
)
def test_login_redirects_to_our_own_host_only(alice, goal):
    answer = Client().post(
        "/accounts/login/", {"login": "alice@accounts.example", "password": PASSWORD, "next": goal}
    )
    assert answer.status_code == 302
    assert answer.url in {"/dashboard", "/%0d%0aX: y", "/%0d%0aX:%20y"}


def test_a_password_is_reset_once_by_the_mailed_link(alice):
    client = Client()
    client.post("/accounts/password/reset/", {"email": "alice@accounts.example"})
    link = re.search(r"https?://[^/]+(/accounts/password/reset/key/\S+)", mail.outbox[-1].body)[1]
    form = client.get(link, follow=True)
    strict(form)
    address = form.redirect_chain[-1][0]
    assert link.rpartition("-")[2].rstrip("/") not in address  # so that no Referer carries the token
    new = {"password1": "another horse battery", "password2": "another horse battery"}
    done = client.post(address, new, follow=True)
    strict(done)
    alice.refresh_from_db()
    assert alice.check_password("another horse battery")
    assert "csrfmiddlewaretoken" in strict(Client().get(link, follow=True))
    assert b'name="password1"' not in Client().get(link, follow=True).content


def test_a_changed_password_ends_the_other_sessions(alice):
    other = signed_in(alice)
    client = Client()
    client.post("/accounts/login/", {"login": "alice@accounts.example", "password": PASSWORD})
    new = {
        "oldpassword": PASSWORD,
        "password1": "another horse battery",
        "password2": "another horse battery",
    }
    assert client.post("/accounts/password/change/", new).status_code == 302
    assert client.get("/accounts/password/change/").status_code == 200
    assert other.get("/accounts/password/change/").status_code == 302


def test_the_sixth_wrong_password_is_refused_whatever_the_spelling(alice, settings):
    settings.ACCOUNT_RATE_LIMITS = {"login_failed": "10/m/ip,5/300s/key"}
    client = Client()
    names = [
        "alice@accounts.example",
        "ALICE@accounts.example",
        "Alice@Accounts.example",
        "aLice@accounts.example",
        "alicE@accounts.example",
    ]
    for name in names:
        client.post("/accounts/login/", {"login": name, "password": "wrong password 1"})
    client.post("/accounts/login/", {"login": "alice@accounts.example", "password": PASSWORD})
    assert "_auth_user_id" not in client.session
