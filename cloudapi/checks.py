"""System checks: what settings alone can't refuse, told with an id and a hint."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from cryptography.fernet import Fernet
from django.apps import AppConfig
from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, Warning, register

from cloudapi.env import INSECURE


@register(Tags.security)
def credential_keys(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """E001: provider credentials can't be sealed with what CREDENTIAL_KEYS holds."""
    try:
        for key in settings.CREDENTIAL_KEYS:
            Fernet(key)
    except ValueError as error:
        return [
            Error(
                f"CREDENTIAL_KEYS: {error}",
                hint="Make one with Fernet.generate_key(); the first one seals, all unseal.",
                id="cloudapi.E001",
            )
        ]
    return []


@register(Tags.security, deploy=True)
def published_secrets(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """W001: a secret is the one that the repository publishes."""
    used = {"SECRET_KEY": settings.SECRET_KEY, "CREDENTIAL_KEYS": ",".join(settings.CREDENTIAL_KEYS)}
    return [
        Warning(f"{name} is the published development value", hint=f"Set {name}.", id="cloudapi.W001")
        for name, value in used.items()
        if value == INSECURE[name]
    ]


@register
def catalog_file(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """W002: the catalog that `catalog load` takes by default isn't there."""
    if Path(settings.MODEL_CATALOG).is_file():
        return []
    return [Warning(f"No catalog at {settings.MODEL_CATALOG}", hint="Set MODEL_CATALOG.", id="cloudapi.W002")]


@register(Tags.compatibility, deploy=True)
def company_details(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """W003: receipts name nobody who could be taxed, and there are no acts of services."""
    if settings.COMPANY["stir"]:
        return []
    hint = "Set COMPANY_NAME, COMPANY_STIR, COMPANY_ADDRESS and the bank details (docs/operations.md)."
    return [Warning("COMPANY_STIR is not set", hint=hint, id="cloudapi.W003")]
