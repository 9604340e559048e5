"""The sign-up form. Whether an address has an account stays unknown to whoever fills it in."""

from typing import Any

from allauth.account.forms import SignupForm as AllauthSignupForm
from django.contrib.auth.hashers import make_password
from django.db import IntegrityError
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils.translation import gettext_lazy as _

from accounts.models import User


class SignupForm(AllauthSignupForm):  # type: ignore[misc]
    account_already_exists: bool

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["password1"].help_text = _("At least 8 characters, not only digits, nothing common.")

    def try_save(self, request: HttpRequest) -> tuple[User | None, HttpResponseBase | None]:
        """Same answer and same work for a new and for a known address."""
        if self.account_already_exists:
            # A new account costs one password hash: without this one, the clock would tell.
            make_password(self.cleaned_data["password1"])
        saved: tuple[User | None, HttpResponseBase | None]
        try:
            saved = super().try_save(request)
        except IntegrityError:
            # Two sign-ups of one address at the same time: the second one meets a known address.
            self.account_already_exists = True
            saved = super().try_save(request)
        return saved
