"""The composition root: imports all apps, imported by none."""

from django.apps import AppConfig

from cloudapi import checks  # noqa: F401  # registers the system checks


class CloudapiConfig(AppConfig):
    name = "cloudapi"
    verbose_name = "CloudAPI"
