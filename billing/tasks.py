"""Money's jobs, on the queue `money`. Each runs twice harmlessly and beside itself."""

import logging

from celery import shared_task
from django.conf import settings
from django.db import connection

from billing import partitions, sweeper
from billing.builtin import fund
from billing.invariants import broken, check

log = logging.getLogger(__name__)


@shared_task
def sweep() -> None:
    """Every 2 s: release what dead workers hold."""
    swept = sweeper.sweep()
    if swept.fenced or swept.released:
        log.warning("swept %d holds; workers taken for dead: %s", swept.released, list(swept.fenced))


@shared_task
def check_invariants() -> None:
    """Each minute: those of the ledger's laws that don't need its whole history."""
    for finding in broken(check(quick=True)):
        log.error("ledger: %s", finding)


@shared_task
def ensure_partitions() -> None:
    """Daily: the coming months of the partitioned tables."""
    made = partitions.ensure_partitions()
    if made:
        log.info("partitions made: %s", ", ".join(made))


@shared_task
def advance_checkpoints() -> None:
    """Hourly: sums of all accounts up to the oldest transaction under way."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT advance_checkpoints()")


@shared_task
def fund_builtin() -> None:
    """Each minute: what callers without a key and probes may use today, there when the day begins."""
    given = fund(anonymous_uzs=settings.ANONYMOUS_DAILY_UZS, probes_uzs=settings.PROBE_DAILY_UZS)
    if given:
        log.info("the built-in organizations were given %d micros", given)
