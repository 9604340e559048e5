from typing import Any

from allauth.account.signals import user_signed_up
from django.apps import AppConfig
from django.utils.module_loading import import_string
from django.utils.translation import gettext_lazy as _


class DashboardConfig(AppConfig):
    name = "dashboard"
    verbose_name = _("Papers")

    def ready(self) -> None:
        user_signed_up.connect(_signed_up, dispatch_uid="accept_offer")


def _signed_up(user: Any, **kwargs: Any) -> None:
    """The form has said that who signs up accepts the offer. Models can't be imported up there yet."""
    import_string("dashboard.site.legal.accept_offer")(user)
