"""Texts that bind: versions are kept, drafts bind nobody, and a person's acceptance names the version."""

from datetime import date, timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client

from accounts.models import User
from dashboard.moments import today
from dashboard.site.legal import Acceptance, LegalText, in_force
from tests.dashboard.test_pages import strict

pytestmark = pytest.mark.django_db


def published(language: str, body: str, *, back: int = 0, page: str = "offer") -> LegalText:
    return LegalText.objects.create(
        page=page,
        language=language,
        title="Terms",
        body=body,
        state="published",
        effective_on=today() - timedelta(days=back),
    )


@pytest.mark.parametrize("page", ["offer", "privacy", "refund"])
@pytest.mark.parametrize("language", ["uz", "ru", "en"])
def test_shipped_drafts_are_there_in_each_language_and_say_that_they_are_drafts(
    client: Client, page: str, language: str
) -> None:
    text = strict(client.get(f"/legal/{page}", headers={"accept-language": language}))
    assert f'<div class="prose" lang="{language}">' in text and 'class="notice warning"' in text
    assert LegalText.objects.get(page=page, language=language).reviewed is False


def test_the_newest_version_whose_day_has_come_is_in_force(client: Client) -> None:
    published("en", "The first.", back=9)
    now = published("en", "The second.", back=1)
    published("en", "The third.", back=-3)
    assert in_force("offer", "en") == now
    text = client.get("/legal/offer").content.decode()
    assert "The second." in text and "notice warning" not in text


def test_a_missing_language_reads_what_is_in_force_in_another(client: Client) -> None:
    published("ru", "Текст.")
    text = client.get("/legal/offer", headers={"accept-language": "en"}).content.decode()
    assert "Текст." in text and '<div class="prose" lang="ru">' in text


def test_markup_in_a_text_is_shown_and_never_run(client: Client) -> None:
    published("en", "<script>alert(1)</script> [x](javascript:alert(1)) **bold**")
    text = client.get("/legal/offer").content.decode()
    assert "<script>alert" not in text and 'href="javascript' not in text and "<strong>bold</strong>" in text


def test_unknown_texts_are_not_found(client: Client) -> None:
    assert client.get("/legal/nothing").status_code == 404


def signed_up(client: Client) -> User:
    email = f"{uuid4().hex}@test.invalid"
    answer = client.post("/accounts/signup/", {"email": email, "password1": "Registan-1420-Ulugbek"})
    assert answer.status_code == 302
    return User.objects.get(email=email)


def test_who_signs_up_accepts_the_version_in_force(client: Client) -> None:
    assert "/legal/offer" not in client.get("/accounts/signup/").content.decode().split("</main>")[0]
    assert not Acceptance.objects.filter(user=signed_up(Client())).exists()
    text = published("en", "Terms.")
    assert "/legal/offer" in client.get("/accounts/signup/").content.decode().split("</main>")[0]
    assert Acceptance.objects.get(user=signed_up(Client())).text == text


def test_operators_change_drafts_alone(admin_client: Client) -> None:
    text = published("en", "Terms.")
    page = f"/admin/dashboard/legaltext/{text.pk}/"
    assert admin_client.post(f"{page}change/", {"body": "Other"}).status_code == 403
    assert admin_client.post(f"{page}delete/", {"post": "yes"}).status_code == 403
    form = admin_client.get(f"/admin/dashboard/legaltext/add/?from={text.pk}").content.decode()
    assert "Terms.</textarea>" in form
    draft = LegalText.objects.filter(page="offer", state="draft").latest("pk")
    shown = admin_client.get(f"/admin/dashboard/legaltext/{draft.pk}/change/").content.decode()
    assert "<h2>" in shown and "?from=" in shown


def test_contacts_are_only_those_that_are_set(client: Client, settings: Any) -> None:
    settings.CONTACT_TELEGRAM = "cloudapi_uz"
    answer = client.get("/contact")
    text = answer.content.decode()
    assert answer.status_code == 200
    assert "https://t.me/cloudapi_uz" in text and "mailto:" not in text and "24 hours" in text
    assert 'href="/contact"' in client.get("/legal/offer").content.decode()


def test_without_any_contact_the_page_says_so_and_leads_to_answers(
    client: Client, admin_client: Client
) -> None:
    text = strict(client.get("/contact"))
    assert 'class="notice warning"' in text and "24 hours" not in text and "CONTACT_EMAIL" not in text
    main = text.split("<main")[1].split("</main>")[0]
    for path in ("/docs/faq", "/docs/errors", "/status"):
        assert f'href="{path}"' in main and client.get(path).status_code == 200
    assert "CONTACT_EMAIL" in admin_client.get("/contact").content.decode()


@pytest.mark.parametrize(
    ("language", "day"),
    [("en", "from 9 March 2026."), ("ru", "с 9 марта 2026."), ("uz", "2026-yil 9-martdan")],
)
def test_days_are_written_as_the_language_does(client: Client, language: str, day: str) -> None:
    text = published(language, "Text.")
    LegalText.objects.filter(pk=text.pk).update(effective_on=date(2026, 3, 9))
    page = client.get("/legal/offer", headers={"accept-language": language}).content.decode()
    assert day in page.replace("\N{WORD JOINER}", "")
