"""Our wishes to allauth: what a sign-up creates, and the confirmation link on the demo's screen."""

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.mfa.adapter import DefaultMFAAdapter
from django.conf import settings
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.utils.translation import get_language

from accounts.errors import NotFound, RoleNotAllowed
from accounts.invitations import SESSION, accept, find
from accounts.language import keep_language
from accounts.models import Language, User
from accounts.seals import seal, unseal
from accounts.signup import mark_verified, open_personal_organization

_SEALED = "gAAAA"  # how Fernet begins, and neither a TOTP key (capitals) nor a seed (hexadecimal)
DEMO_CONFIRMATION = "demo_confirmation_url"  # session key


class AccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]
    def save_user(self, request: HttpRequest, user: User, form: Any, commit: bool = True) -> User:
        """User, organization and project are one transaction."""
        user.language = _language()
        with transaction.atomic():
            saved: User = super().save_user(request, user, form, commit)
            if commit:
                open_personal_organization(saved)
                _join(request, saved)
        return saved

    def post_login(self, request: HttpRequest, user: User, **told: Any) -> HttpResponse:
        """A browser that knows no language yet gets the person's own."""
        response: HttpResponse = super().post_login(request, user, **told)
        if user.language and settings.LANGUAGE_COOKIE_NAME not in request.COOKIES:
            keep_language(response, user.language)
        return response

    def send_confirmation_mail(self, request: HttpRequest, emailconfirmation: Any, signup: bool) -> None:
        """In the demo nobody reads mail: the link is also kept for the browser that has just signed up."""
        if settings.DEMO and signup:
            url = self.get_email_confirmation_url(request, emailconfirmation)
            request.session[DEMO_CONFIRMATION] = url
        super().send_confirmation_mail(request, emailconfirmation, signup)

    def send_account_already_exists_mail(self, email: str) -> None:
        """A known address gets a mail but no link on the screen, whoever's link this session holds."""
        self.request.session.pop(DEMO_CONFIRMATION, None)
        super().send_account_already_exists_mail(email)


class MfaAdapter(DefaultMFAAdapter):  # type: ignore[misc]
    """Keys of authenticator apps and seeds of recovery codes are sealed as all our secrets are."""

    def encrypt(self, text: str) -> str:
        return seal(text).decode()

    def decrypt(self, encrypted_text: str) -> str:
        """What was stored before they were sealed still opens."""
        return unseal(encrypted_text.encode()) if encrypted_text.startswith(_SEALED) else encrypted_text


def _join(request: HttpRequest, user: User) -> None:
    """A sign-up on the way from an invitation's link, by the address that it was sent to, joins at once."""
    try:
        invitation = find(request.session.get(SESSION, ""))
        accept(user, invitation)
    except (NotFound, RoleNotAllowed):
        return  # none, an old one, or somebody else's: the page of the link says so
    mark_verified(user)


def _language() -> str:
    language = (get_language() or "").partition("-")[0]
    return language if language in Language.values else ""
