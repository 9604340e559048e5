"""The composition root: imports all apps, imported by none."""

from django.apps import AppConfig

from cloudapi import checks  # noqa: F401  # registers the system checks
from cloudapi.celery import app as celery_app  # noqa: F401  # what `.delay()` of any task goes through


class CloudapiConfig(AppConfig):
    name = "cloudapi"
    verbose_name = "CloudAPI"
