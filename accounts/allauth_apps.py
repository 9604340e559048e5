"""allauth's apps under names of their own in the admin, where ours is called Accounts already."""

from allauth.account.apps import AccountConfig
from allauth.mfa.apps import MFAConfig
from django.utils.translation import gettext_lazy as _

_FIELDS = {
    "user": _("user"),
    "type": _("kind"),
    "data": _("data"),
    "created_at": _("created"),
    "last_used_at": _("last used"),
}


class AddressesConfig(AccountConfig):  # type: ignore[misc]
    verbose_name = _("E-mail addresses")


class SecondFactorConfig(MFAConfig):  # type: ignore[misc]
    verbose_name = _("Two-factor authentication")

    def ready(self) -> None:
        """Its model says nothing of names. These are what pages show; migrations don't see them."""
        super().ready()
        meta = self.get_model("authenticator")._meta
        meta.verbose_name, meta.verbose_name_plural = _("second factor"), _("second factors")
        for name, words in _FIELDS.items():
            meta.get_field(name).verbose_name = words
