"""allauth's forms with the labels of our other pages: its own say "Email" and "New Password (again)".

Whether an address has an account stays unknown to whoever fills in the form of a sign-up.
"""

from collections.abc import Mapping
from typing import Any, ClassVar, Final

from allauth.account import forms as allauth
from django.contrib.auth.hashers import make_password
from django.db import IntegrityError
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from accounts.models import User

_ADDRESS: Final = _("E-mail address")
_NEW_PASSWORD: Final = {"password1": _("New password"), "password2": _("New password, again")}


class Labelled:
    """A form whose fields have these labels; allauth makes some of them as it makes the form."""

    labels: ClassVar[Mapping[str, Promise]] = {}
    fields: dict[str, Any]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, label in self.labels.items():
            self.fields[name].label = label


class LoginForm(Labelled, allauth.LoginForm):  # type: ignore[misc]
    labels: ClassVar = {"login": _ADDRESS}


class AddEmailForm(Labelled, allauth.AddEmailForm):  # type: ignore[misc]
    labels: ClassVar = {"email": _("New e-mail address")}


class ChangePasswordForm(Labelled, allauth.ChangePasswordForm):  # type: ignore[misc]
    labels: ClassVar = {"oldpassword": _("Current password")} | _NEW_PASSWORD


class SetPasswordForm(Labelled, allauth.SetPasswordForm):  # type: ignore[misc]
    labels: ClassVar = _NEW_PASSWORD


class ResetPasswordForm(Labelled, allauth.ResetPasswordForm):  # type: ignore[misc]
    labels: ClassVar = {"email": _ADDRESS}


class ResetPasswordKeyForm(Labelled, allauth.ResetPasswordKeyForm):  # type: ignore[misc]
    labels: ClassVar = _NEW_PASSWORD


class SignupForm(Labelled, allauth.SignupForm):  # type: ignore[misc]
    labels: ClassVar = {"email": _ADDRESS}
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
