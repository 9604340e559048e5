"""Accounts: who is calling."""

from allauth.account.signals import email_confirmed, password_changed, password_reset, password_set
from django.apps import AppConfig
from django.contrib.auth.signals import user_logged_out
from django.utils.module_loading import import_string
from django.utils.translation import gettext_lazy as _


class AccountsConfig(AppConfig):
    name = "accounts"
    verbose_name = _("Accounts")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        # By name: models can't be imported before the registry is ready.
        email_confirmed.connect(import_string("accounts.signup.on_email_confirmed"))
        user_logged_out.connect(import_string("accounts.studio.end_session"))
        user_logged_out.connect(import_string("accounts.sessions.on_log_out"))
        for signal in (password_changed, password_set, password_reset):
            signal.connect(import_string("accounts.studio.end_person"))
            signal.connect(import_string("accounts.sessions.on_new_password"))
