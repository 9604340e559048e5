"""Content goes when its days are over or its owner says so; whole months as those of the request log do."""

from typing import Final
from uuid import UUID

from django.db import connection

from accounts.models import Project
from proxy.contents.records import first_kept

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


def _remove(project: Project) -> int:
    removed, bound = 0, first_kept(project)
    while True:
        with connection.cursor() as cursor:
            cursor.execute(_DELETE, [project.pk, project.pk, bound, BATCH])
            count: int = cursor.rowcount
        removed += count
        if count < BATCH:
            return removed
