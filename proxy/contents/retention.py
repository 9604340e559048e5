"""Content goes when its days are over or its owner says so; whole months when nobody's days reach there."""

import logging
from datetime import date, timedelta
from typing import Final
from uuid import UUID

from django.db import connection
from django.utils import timezone
from psycopg import sql

from accounts.models import Project
from accounts.models.project import DAYS_MAX
from billing.partitions import detach_oldest, months
from proxy.contents.records import first_kept

log = logging.getLogger(__name__)

TABLE: Final = "proxy_content"
BATCH: Final = 500  # rows of one commit
_DELETE: Final = """
DELETE FROM proxy_content WHERE project_id = %s AND id IN (
    SELECT id FROM proxy_content WHERE project_id = %s AND id < %s ORDER BY id LIMIT %s)
"""


def forget_call(project: Project, call: UUID) -> bool:
    """Deletes one call's content; False where there was none."""
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM proxy_content WHERE project_id = %s AND id = %s", [project.pk, call])
        return bool(cursor.rowcount)


def remove_old() -> int:
    """What projects keep no longer; how many records. Safe to repeat, and beside another one."""
    projects = Project.objects.filter(log_keys__isnull=False).distinct()
    return sum(_remove(project) for project in projects.iterator())


def drop_old_months() -> list[str]:
    """Drops the months in which no project keeps anything any more; the names of their tables."""
    dropped = []
    for month in _over():
        table = detach_oldest(TABLE)
        with connection.cursor() as cursor:
            cursor.execute(sql.SQL("DROP TABLE {}").format(sql.Identifier(table)))
        log.info("content of %s is dropped", month)
        dropped.append(table)
    return dropped


def _over() -> list[date]:
    """Months that ended more days ago than anybody may keep content."""
    first, until = next((first, until) for name, first, until in months() if name == TABLE)
    gone = (timezone.now() - timedelta(days=DAYS_MAX + 1)).date()
    found = []
    while first < until and (after := _next(first)) <= gone:
        found.append(first)
        first = after
    return found


def _next(month: date) -> date:
    return (month.replace(day=1) + timedelta(days=32)).replace(day=1)


def _remove(project: Project) -> int:
    removed, bound = 0, first_kept(project)
    while True:
        with connection.cursor() as cursor:
            cursor.execute(_DELETE, [project.pk, project.pk, bound, BATCH])
            count: int = cursor.rowcount
        removed += count
        if count < BATCH:
            return removed
