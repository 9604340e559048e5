"""Letters about accounts: an HTML part beside the text, in the reader's language, with the same one link."""

import re
from types import SimpleNamespace

import pytest
from allauth.account.adapter import get_adapter
from django.core.mail import EmailMultiAlternatives
from django.test import RequestFactory
from django.utils import translation

LINK = "https://cloudapi.uz/accounts/x/abc-123/"
LETTERS = {
    "email_confirmation": "activate_url",
    "email_confirmation_signup": "activate_url",
    "password_reset_key": "password_reset_url",
    "account_already_exists": "password_reset_url",
    "unknown_account": "signup_url",
}


@pytest.mark.django_db
@pytest.mark.parametrize("language", ["uz", "ru", "en"])
@pytest.mark.parametrize("name", LETTERS)
def test_a_letter_says_the_same_in_html(name: str, language: str) -> None:
    context = {
        LETTERS[name]: LINK,
        "email": "<b>zuhra</b>@people.invalid",
        "current_site": SimpleNamespace(domain="cloudapi.uz", name="CloudAPI"),
    }
    with translation.override(language):
        adapter = get_adapter(RequestFactory().get("/"))
        letter = adapter.render_mail(f"account/email/{name}", "zuhra@people.invalid", context)
    assert isinstance(letter, EmailMultiAlternatives)
    assert LINK in str(letter.body)
    html = str(letter.alternatives[0].content)
    assert f'<html lang="{language}"' in html
    assert set(re.findall(r'href="([^"]+)"', html)) == {LINK}
    assert letter.subject in html
    assert "<b>zuhra" not in html
