"""Log keys of tests: the half that a browser would keep is here."""

import base64
import json
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from django.db import connection
from django.utils import timezone

from accounts.logkeys import turn_on
from accounts.models import LogKey, Project
from billing.ids import new_op_id
from cloudapi.decrypt import open_record, shown
from proxy.contents.copying import COPY, Row, copied
from proxy.contents.records import all_of, id_at, lines
from proxy.contents.sealing import Envelope, SealKey, unix_ms
from tests.factories import Caller, rows
from tests.processes import until

CONTENT = (
    b'{"status":200,"request":{"type":"","size":2,"kept":2},"response":{"type":"","size":1,"kept":1}}\nab!'
)


@dataclass(frozen=True, slots=True)
class Pair:
    """A project's log key with its private half."""

    private: X25519PrivateKey
    key: LogKey

    @property
    def keys(self) -> dict[str, X25519PrivateKey]:
        return {self.key.api_id: self.private}

    def file(self, folder: Path) -> Path:
        """As the browser writes it."""
        told = {"v": "cloudapi-log-key-v1", "key_id": self.key.api_id, "private_key": _text(self.private)}
        path = folder / f"{self.key.api_id}.json"
        path.write_text(json.dumps(told))
        return path

    def read(self, record: dict[str, Any]) -> dict[str, Any]:
        """A record in clear."""
        return shown(record, open_record(record, self.keys))


def log_to(project: Project) -> Pair:
    """Turns the project's content log on, with a new pair."""
    private = X25519PrivateKey.generate()
    return Pair(private, turn_on(project, private.public_key().public_bytes_raw()))


def keep(caller: Caller, pair: Pair, at: datetime | None = None, *, lost: str = "") -> UUID:
    """A call's content in the table, as the gateway writes it: the request `ab`, the answer `!`."""
    at = at or timezone.now()
    call = UUID(int=id_at(at).int | new_op_id().int & (1 << 80) - 1)
    key = SealKey(pair.key.pk, pair.key.api_id, caller.project.api_id, bytes(pair.key.public_key))
    at_ms, sealed = unix_ms(at), b""
    if not lost:
        sealed = Envelope(key).seal(str(call), at_ms, CONTENT)
    row = Row(caller.project.pk, str(call), at_ms, key.id, 2, 1, truncated=False, lost=lost, sealed=sealed)
    with connection.cursor() as cursor, cursor.copy(COPY) as copy:
        copy.write(copied([row]))
    return call


def kept(caller: Caller, count: int = 1) -> list[dict[str, Any]]:
    """The project's records as they are exported, when there are so many."""
    query = "SELECT id FROM proxy_content WHERE project_id = %s"
    until(lambda: len(rows(query, caller.project.pk)) >= count, f"content of {count} calls")
    found = [json.loads(line) for line in lines(all_of(caller.project))]
    assert len(found) == count
    return found


def _text(private: X25519PrivateKey) -> str:
    return base64.urlsafe_b64encode(private.private_bytes_raw()).decode().rstrip("=")
