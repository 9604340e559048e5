"""Reading providers' lists: who is due, and what becomes of one reading."""

import logging
from typing import Final

from django.conf import settings
from django.utils import timezone

from accounts.alerts import alert
from accounts.models import Alert
from routing.errors import ListRefused
from routing.models import Provider
from routing.sync.access import needs_secret, secret_of
from routing.sync.record import record, record_failure
from routing.sync.shapes import listing, shape_of

log = logging.getLogger(__name__)

FAILURES_TOLD: Final = 3


def is_read(provider: Provider) -> bool:
    """Whether this provider has a list that we could read now."""
    usable = provider.active and provider.base_url and shape_of(provider) is not None
    return bool(usable and (secret_of(provider) or not needs_secret(provider)))


def due() -> list[Provider]:
    """Those whose list wasn't read yet on this day of Tashkent; one that fails is due again."""
    today = timezone.localdate()
    rows = Provider.objects.filter(active=True).select_related("sync")
    return [row for row in rows if is_read(row) and _read_on(row) != today]


def _read_on(provider: Provider) -> object:
    sync = getattr(provider, "sync", None)
    return timezone.localdate(sync.ok_at) if sync is not None and sync.ok_at else None


def sync(provider: int) -> dict[str, int] | None:
    """Reads the list and records what it says; None if it could not be used, which is recorded too."""
    row = Provider.objects.get(pk=provider)
    shape = shape_of(row)
    if shape is None or not is_read(row):
        return None
    try:
        listed = listing(row, shape, private=settings.CATALOG_SYNC_PRIVATE)
    except ListRefused as error:
        _failed(row, str(error))
        return None
    counts = record(row, listed, shape.modalities, timezone.localdate())
    log.info("catalog sync of %s: %s", row.slug, counts)
    return counts


def _failed(provider: Provider, error: str) -> None:
    failures = record_failure(provider, error)
    log.warning("catalog sync of %s failed for the %d. time: %s", provider.slug, failures, error)
    if failures == FAILURES_TOLD:
        alert(
            Alert.Kind.CATALOG_SYNC,
            f"The list of {provider.slug} can't be read",
            f"Its models and prices were asked for {failures} times in vain. The last time: {error}.",
            f"catalog_sync:{provider.slug}",
        )
