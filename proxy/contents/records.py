"""Sealed records as they are handed out: of one call, or all of a project as lines of JSON.

What a project keeps no longer is out of sight here before the round has removed it.
"""

from base64 import b64encode
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

import orjson
from django.db import connection
from django.utils import timezone

from accounts.models import Project
from proxy.contents.sealing import FORMAT, unix_ms

PAGE: Final = 40  # records at once in memory; each is half a megabyte at most
_COLUMNS: Final = """
SELECT c.id, c.at, l.public_id, c.request_bytes, c.response_bytes, c.truncated, c.lost, c.sealed
  FROM proxy_content c JOIN accounts_logkey l ON l.id = c.log_key_id
 WHERE c.project_id = %s
"""
_LAST: Final = UUID(int=2**128 - 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """One call's sealed content, or why there is none (`lost`)."""

    project: str
    call: UUID
    at: datetime
    key: str
    request_bytes: int
    response_bytes: int
    truncated: bool
    lost: str
    sealed: bytes | None

    def shown(self) -> dict[str, Any]:
        """As docs/log-encryption.md writes it."""
        return {
            "v": FORMAT,
            "project": self.project,
            "request_id": str(self.call),
            "time": unix_ms(self.at),
            "key_id": self.key,
            "request_bytes": self.request_bytes,
            "response_bytes": self.response_bytes,
            "truncated": self.truncated,
            "lost": self.lost or None,
            "sealed": None if self.sealed is None else b64encode(self.sealed).decode(),
        }


def first_kept(project: Project, now: datetime | None = None) -> UUID:
    """The smallest id of a call whose content the project keeps still."""
    oldest = (now or timezone.now()) - timedelta(days=project.content_days)
    since = project.content_since
    return id_at(oldest if since is None else max(since, oldest))


def id_at(moment: datetime) -> UUID:
    """The smallest id that a call of this millisecond can have."""
    return UUID(int=max(0, unix_ms(moment)) << 80)


def of_call(project: Project, call: UUID) -> Record | None:
    """None where nothing is kept: the project didn't log, its days are over, or it was deleted."""
    if call < first_kept(project):
        return None
    found = _fetch(project, " AND c.id = %s", [call])
    return found[0] if found else None


def known(project: Project, call: UUID) -> str | None:
    """Whether the call's content is kept: "" if so, else why it was lost; None where nothing is known."""
    if call < first_kept(project):
        return None
    with connection.cursor() as cursor:
        query = "SELECT lost FROM proxy_content WHERE project_id = %s AND id = %s"
        cursor.execute(query, [project.pk, call])
        found = cursor.fetchone()
    return found and str(found[0])


def all_of(
    project: Project, since: datetime | None = None, until: datetime | None = None
) -> Iterator[Record]:
    """Oldest first, of calls that began in [since, until); at constant memory."""
    bound = first_kept(project)
    last = UUID(int=max(bound, id_at(since) if since else bound).int - 1)
    end = id_at(until) if until else _LAST
    while page := _fetch(project, f" AND c.id > %s AND c.id < %s ORDER BY c.id LIMIT {PAGE}", [last, end]):
        yield from page
        last = page[-1].call


def lines(records: Iterator[Record]) -> Iterator[bytes]:
    """One JSON object a line."""
    return (orjson.dumps(record.shown()) + b"\n" for record in records)


def _fetch(project: Project, condition: str, parameters: list[Any]) -> list[Record]:
    with connection.cursor() as cursor:
        cursor.execute(_COLUMNS + condition, [project.pk, *parameters])
        return [_record(project, *row) for row in cursor.fetchall()]


def _record(project: Project, call: UUID, at: datetime, key: UUID, *rest: Any) -> Record:
    request_bytes, response_bytes, truncated, lost, sealed = rest
    return Record(
        project=project.api_id,
        call=call,
        at=at,
        key=f"lk_{key.hex}",
        request_bytes=request_bytes,
        response_bytes=response_bytes,
        truncated=truncated,
        lost=lost,
        sealed=None if sealed is None else bytes(sealed),
    )
