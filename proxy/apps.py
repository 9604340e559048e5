from django.apps import AppConfig
from django.db.models.signals import post_migrate
from django.utils.module_loading import import_string
from django.utils.translation import gettext_lazy as _


class ProxyConfig(AppConfig):
    name = "proxy"
    verbose_name = _("Request log")

    def ready(self) -> None:
        post_migrate.connect(import_string("proxy.schema.after_migrate"), sender=self)
