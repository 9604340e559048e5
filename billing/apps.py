"""Billing: money."""

from django.apps import AppConfig
from django.db.models.signals import post_migrate
from django.utils.module_loading import import_string
from django.utils.translation import gettext_lazy as _


class BillingConfig(AppConfig):
    name = "billing"
    verbose_name = _("Billing")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        # By name: models can't be imported before the registry is ready.
        post_migrate.connect(import_string("billing.partitions.after_migrate"), sender=self)
