"""Rows of proxy_content as PostgreSQL's binary COPY takes them.

It costs the server half of what a function with a list in JSON did (docs/performance.md). The format:
postgresql.org/docs/current/sql-copy.html, *Binary Format*.
"""

from collections.abc import Iterable
from struct import Struct
from typing import Final, NamedTuple

COPY: Final = (
    "COPY proxy_content"
    " (project_id, id, at, log_key_id, request_bytes, response_bytes, truncated, lost, sealed)"
    " FROM STDIN (FORMAT binary)"
)
_HEAD: Final = b"PGCOPY\n\xff\r\n\0" + bytes(8)
_TAIL: Final = b"\xff\xff"
_EPOCH_MS: Final = 946_684_800_000  # PostgreSQL's, 2000-01-01
_FIXED: Final = Struct(">hiqi16siqiqiqiqi?")  # nine fields, and each with its size before it
_SIZE: Final = Struct(">i")
_NULL: Final = _SIZE.pack(-1)


class Row(NamedTuple):
    """A call's content. lost: why there is none, else empty."""

    project: int
    call: str
    at_ms: int
    log_key: int
    request_bytes: int
    response_bytes: int
    truncated: bool
    lost: str
    sealed: bytes


def copied(rows: Iterable[Row]) -> bytes:
    """What is sent after COPY."""
    parts = [_HEAD]
    for row in rows:
        parts += (_fixed(row), _sized(row.lost.encode()), _NULL if row.lost else _sized(row.sealed))
    parts.append(_TAIL)
    return b"".join(parts)


def _fixed(row: Row) -> bytes:
    call = bytes.fromhex(row.call.replace("-", ""))
    at = (row.at_ms - _EPOCH_MS) * 1000
    sizes = (row.request_bytes, 8, row.response_bytes, 1, row.truncated)
    return _FIXED.pack(9, 8, row.project, 16, call, 8, at, 8, row.log_key, 8, *sizes)


def _sized(data: bytes) -> bytes:
    return _SIZE.pack(len(data)) + data
