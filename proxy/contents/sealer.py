"""Seals content and writes it, in a process beside a gateway worker: `python -m proxy.contents.sealer`.

A worker's loop and its interpreter belong to the calls; a thread would take turns with them. So the worker
starts this program (sealer_process.py), which knows neither Django nor HTTP: frames come in on stdin, one
answer each goes out on stdout, the first frame is the database's URL. It keeps nothing between two frames but
its connection and the envelopes of the second, and it ends with its stdin, that is, with its worker.
"""

import signal
import sys
import time
from typing import Any, BinaryIO, Final

import orjson
import psycopg

from proxy.contents.copying import COPY, Row, copied
from proxy.contents.frames import Answer, read_frame
from proxy.contents.reel import NOT_WRITTEN
from proxy.contents.sealing import Envelope, SealKey

ENVELOPE_S: Final = 1.0
STUCK_S: Final = 20  # longer than the statement's own limit: nobody waits for a server that says nothing
_OPTIONS: Final = "-c lock_timeout=1000 -c statement_timeout=10000 -c synchronous_commit=off"
AWAY: Final = (psycopg.OperationalError, psycopg.InterfaceError, OSError)


def main(inbound: BinaryIO, outbound: BinaryIO) -> None:
    """Answer frames until there are no more."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)  # a worker that was killed takes no answer
    head, _ = read_frame(inbound) or (b"", b"")
    sealer = Sealer(head.decode())
    while (frame := read_frame(inbound)) is not None:
        signal.alarm(STUCK_S)
        outbound.write(orjson.dumps(sealer.keep(*frame)) + b"\n")
        outbound.flush()
        signal.alarm(0)


class Sealer:
    """Makes rows of frames, and one commit of a frame's rows."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._connection: psycopg.Connection[tuple[object, ...]] | None = None
        self._envelopes: dict[int, Envelope | None] = {}
        self._old_at = 0.0
        self._answer = Answer(kept=0, lost=0, troubles=[], away="")

    def keep(self, head: bytes, data: bytes) -> Answer:
        """The contents of some calls. `away`: nothing was refused; the same frame may come again."""
        self._answer = Answer(kept=0, lost=0, troubles=[], away="")
        said = orjson.loads(head)
        rows = self._rows(said["items"], _keys(said["keys"]), data)
        try:
            self._insert_all(rows)
        except AWAY as error:
            self._disconnect()
            return Answer(kept=0, lost=0, troubles=[], away=type(error).__name__)
        return self._answer

    def _rows(self, items: list[dict[str, Any]], keys: dict[int, SealKey], data: bytes) -> list[Row]:
        rows, start = [], 0
        for item in items:
            end = start + item["size"]
            rows.append(self._row(item, keys[item["log_key"]], data[start:end]))
            start = end
        return rows

    def _row(self, item: dict[str, Any], key: SealKey, content: bytes) -> Row:
        lost, sealed = item["lost"], b""
        if not lost:
            envelope = self._envelope(key)
            if envelope is None:
                lost = NOT_WRITTEN
                self._answer["lost"] += 1
            else:
                sealed = envelope.seal(item["id"], item["at"], content)
        sizes = (item["request_bytes"], item["response_bytes"], item["truncated"])
        return Row(item["project"], item["id"], item["at"], key.id, *sizes, lost, sealed)

    def _envelope(self, key: SealKey) -> Envelope | None:
        """The same for all calls of a second; None where nothing can be sealed to the key."""
        now = time.monotonic()
        if now > self._old_at:
            self._envelopes, self._old_at = {}, now + ENVELOPE_S
        if key.id not in self._envelopes:
            self._envelopes[key.id] = self._new_envelope(key)
        return self._envelopes[key.id]

    def _new_envelope(self, key: SealKey) -> Envelope | None:
        try:
            return Envelope(key)
        except ValueError:
            self._answer["troubles"].append(f"nothing can be sealed to log key {key.name}")
            return None

    def _insert_all(self, rows: list[Row]) -> None:
        """What the database refuses mustn't take the others along; what it has already, it has."""
        try:
            self._insert(rows)
        except AWAY:
            raise
        except psycopg.Error as error:
            if len(rows) > 1:
                for row in rows:
                    self._insert_all([row])
                return
            if isinstance(error, psycopg.errors.UniqueViolation):
                self._answer["kept"] += not rows[0].lost
                return
            self._answer["lost"] += 1
            trouble = f"content of call {rows[0].call} can't be kept: {type(error).__name__}"
            self._answer["troubles"].append(trouble)

    def _insert(self, rows: list[Row]) -> None:
        """One commit for all. Raises psycopg.Error or OSError."""
        if self._connection is None:
            self._connection = psycopg.connect(
                self._url, autocommit=True, options=_OPTIONS, connect_timeout=3
            )
        with self._connection.cursor() as cursor, cursor.copy(COPY) as copy:
            copy.write(copied(rows))
        self._answer["kept"] += sum(1 for row in rows if not row.lost)

    def _disconnect(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()


def _keys(said: dict[str, list[str]]) -> dict[int, SealKey]:
    return {
        int(number): SealKey(int(number), name, project, bytes.fromhex(public_key))
        for number, (name, project, public_key) in said.items()
    }


if __name__ == "__main__":
    main(sys.stdin.buffer, sys.stdout.buffer)
