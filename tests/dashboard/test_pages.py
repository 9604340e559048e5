"""Every page answers, in each language, under the strict policy and without inline code."""

import re
from typing import Any

import pytest
from django.template.loader import render_to_string
from django.test import Client

from billing.rates import set_markup
from tests.dashboard.calls import browser, log_call
from tests.factories import make_caller

pytestmark = pytest.mark.django_db

PUBLIC = [
    "/",
    "/models",
    "/models/test/one",
    "/pricing",
    "/docs",
    "/docs/energy",
    "/docs/search?q=key",
    "/nowhere",
]
PRIVATE = ["/dashboard", "/dashboard/keys", "/dashboard/activity", "/dashboard/billing", "/dashboard/account"]
INLINE = re.compile(
    r"<style|\sstyle=|\son[a-z]+=|javascript:|<script(?![^>]*(\ssrc=|application/ld\+json))", re.IGNORECASE
)


def strict(page: Any) -> str:
    """The page's text, after a look at its policy and its markup."""
    text: str = page.content.decode()
    policy = page.headers["Content-Security-Policy"]
    assert "unsafe" not in policy and "default-src 'self'" in policy
    assert not INLINE.search(text), INLINE.search(text)
    loaded = re.sub(r'<link rel="(canonical|alternate)"[^>]*>', "", text)
    assert not re.search(r"(src|href)=\"(https?:)?//", loaded)
    assert text.count("<main") == text.count("<h1") == 1 or "empty-title" in text
    return text


@pytest.mark.parametrize("language", ["uz", "ru", "en"])
@pytest.mark.parametrize("path", PUBLIC)
def test_a_public_page_is_strict(catalog: None, client: Client, path: str, language: str) -> None:
    text = strict(client.get(path, headers={"accept-language": language}))
    assert f'<html lang="{language}">' in text


@pytest.mark.parametrize("language", ["uz", "ru", "en"])
@pytest.mark.parametrize("path", PRIVATE)
def test_a_private_page_is_strict_and_never_stored(catalog: None, path: str, language: str) -> None:
    caller = make_caller(balance_uzs=1000)
    log_call(caller)
    page = browser(caller).get(path, headers={"accept-language": language})
    assert f'<html lang="{language}">' in strict(page)
    assert "no-store" in page.headers["Cache-Control"] and "private" in page.headers["Cache-Control"]


@pytest.mark.parametrize("path", [*PRIVATE, "/dashboard/keys/key_0/revoke"])
def test_a_stranger_is_sent_to_the_login(client: Client, path: str) -> None:
    page = client.get(path)
    assert page.status_code == 302
    assert page.headers["Location"].startswith("/accounts/login/?next=/dashboard")


@pytest.mark.parametrize("path", PRIVATE)
def test_a_key_in_a_header_opens_no_page(client: Client, path: str) -> None:
    caller = make_caller(scopes=("inference", "manage"))
    assert client.get(path, headers=caller.headers).status_code == 302


def test_a_new_account_sees_empty_states() -> None:
    client = browser(make_caller())
    assert "No calls yet" in client.get("/dashboard").content.decode()
    assert "No calls yet" in client.get("/dashboard/activity").content.decode()
    assert "No transfers yet" in client.get("/dashboard/billing").content.decode()


def test_the_overview_sums_up_today(catalog: None) -> None:
    caller = make_caller(balance_uzs=250_000, bonus_uzs=5_000, free=True)
    log_call(caller)
    log_call(caller, cost_micros=500_000)
    text = browser(caller).get("/dashboard").content.decode().replace("\u00a0", " ")
    assert "255,000.00 UZS" in text and "5,000.00 UZS" in text
    assert "32.00 UZS" in text
    assert "0 of 100 today" in text


def test_the_landing_page_tells_the_markups_in_force(client: Client) -> None:
    text = client.get("/").content.decode().replace("\u00a0", " ")
    assert "+5%" in text and "+30%" in text
    set_markup("margin", 2750, "test", "test")
    assert "+27.5%" in client.get("/").content.decode().replace("\u00a0", " ")


def test_both_base_urls_are_shown(settings: Any) -> None:
    settings.API_BASE_URL = "https://api.example.uz"
    text = browser(make_caller()).get("/dashboard").content.decode()
    assert ">https://api.example.uz/v1<" in text and ">https://api.example.uz<" in text


def test_the_demo_names_the_missing_variables(catalog: None, settings: Any) -> None:
    client = browser(make_caller())
    assert "TEST_ABSENT_KEY" not in client.get("/dashboard").content.decode()
    settings.DEMO = True
    assert "TEST_ABSENT_KEY" in client.get("/dashboard").content.decode()


def test_the_language_can_be_chosen(client: Client) -> None:
    answer = client.post("/i18n/setlang/", {"language": "uz", "next": "/models"})
    assert (answer.status_code, answer.headers["Location"]) == (302, "/models")
    assert '<html lang="uz">' in client.get("/").content.decode()


def test_foreign_pages_are_no_target_of_the_switcher(client: Client) -> None:
    answer = client.post("/i18n/setlang/", {"language": "uz", "next": "https://evil.example/"})
    assert answer.headers["Location"] == "/"


@pytest.mark.parametrize("template", ["400.html", "403_csrf.html", "500.html"])
def test_error_pages_need_no_request(template: str) -> None:
    text = render_to_string(template)
    assert "<h1>" in text and not INLINE.search(text)


def test_a_form_without_token_gets_our_page() -> None:
    caller = make_caller()
    client = Client(enforce_csrf_checks=True)
    client.force_login(caller.user)
    answer = client.post("/dashboard/billing", {"amount": "5000", "reference": "1"})
    assert answer.status_code == 403
    assert "The form has expired" in answer.content.decode()


@pytest.mark.parametrize("path", ["/", "/models", "/dashboard", "/dashboard/activity"])
def test_a_page_that_only_shows_refuses_posts(path: str) -> None:
    assert browser(make_caller()).post(path).status_code == 405
