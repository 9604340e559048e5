"""A caller's Idempotency-Key: the same key is never charged twice (reliability.md §2.3).

Answers aren't kept, so a repeat of a finished call is told its request id, not its content.
"""

import hmac
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from uuid import UUID

import psycopg

from proxy.connection import Connection
from proxy.errors import ApiError, invalid, unavailable
from proxy.exchange import Exchange
from proxy.keys import Caller
from proxy.worker import Worker

KEY_MAX = 255


@asynccontextmanager
async def claimed(
    worker: Worker, exchange: Exchange, caller: Caller, op: UUID, body: bytes
) -> AsyncIterator[None]:
    """Holds the caller's key for this call; gives it back if the call is not admitted. Raises ApiError."""
    if b"idempotency-key" not in exchange.inbound or caller.anonymous:  # whose key would be everybody's
        yield
        return
    key = exchange.header(b"idempotency-key")
    if not 0 < len(key) <= KEY_MAX or not key.isprintable():
        raise invalid(
            "invalid_idempotency_key", f"Idempotency-Key must have 1 to {KEY_MAX} printable characters."
        )
    connection = worker.control
    await _claim(connection, caller.project, key, hmac.digest(worker.config.pepper, body, "sha256"), op)
    try:
        yield
    except BaseException:
        with suppress(psycopg.Error, OSError, TimeoutError):
            await connection.fetch("SELECT drop_idempotency(%s, %s, %s)", (caller.project, key, op))
        raise


async def _claim(connection: Connection, project: int, key: str, print_: bytes, op: UUID) -> None:
    query = "SELECT verdict, op_id FROM claim_idempotency(%s, %s, %s, %s)"
    try:
        [(verdict, holder)] = await connection.fetch(query, (project, key, print_, op))
    except (psycopg.Error, OSError, TimeoutError):
        raise unavailable("ledger_unavailable", "Calls can't be charged at the moment; try again.") from None
    details = {"request_id_of_first": str(holder)}
    if verdict == "reused":
        raise ApiError(422, "idempotency_key_reused", "This Idempotency-Key came with another body before.")
    if verdict == "running":
        raise ApiError(409, "idempotency_in_progress", "This call is still running.", details=details)
    if verdict == "done":
        raise ApiError(
            409,
            "already_completed",
            f"This call was answered and charged already; see /v1/generation/{holder}.",
            details=details,
        )
