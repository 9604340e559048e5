"""A provider's request at our door, and its place in the archive of messages."""

from dataclasses import dataclass
from typing import Final

from django.db import connection
from django.http import HttpRequest
from django.utils import timezone

from billing.ids import new_op_id
from billing.models import ExternalMessage

BODY_MAX: Final = 64 * 1024
LOCK_MS: Final = 5_000


@dataclass(frozen=True, slots=True)
class Incoming:
    """What arrived. body is empty if it was too long to be read."""

    method: str
    body: bytes
    authorization: str
    remote: str


@dataclass(frozen=True, slots=True)
class Message:
    """A request to be kept, less its credentials."""

    source: str
    method: str
    external_id: str
    body: bytes
    remote: str


def read(request: HttpRequest) -> Incoming:
    """The request as bytes, whatever its content type says."""
    length = request.META.get("CONTENT_LENGTH") or "0"
    small = length.isascii() and length.isdigit() and int(length) <= BODY_MAX
    body = request.body if small else b""
    return Incoming(
        method=request.method or "",
        body=body if len(body) <= BODY_MAX else b"",  # one in chunks doesn't tell its length
        authorization=request.META.get("HTTP_AUTHORIZATION", ""),
        remote=request.META.get("REMOTE_ADDR", ""),
    )


def keep(message: Message, answer: bytes, status: int = 200) -> None:
    """Add it to the archive, in the transaction of what it did: there is neither without the other."""
    ExternalMessage.objects.create(
        id=new_op_id(),
        source=message.source,
        method=message.method,
        external_id=message.external_id,
        body=message.body,
        answer=answer,
        status=status,
        remote=message.remote,
        at=timezone.now(),
    )


def hurry() -> None:
    """Inside a transaction: rather break than let a provider wait behind a lock until it gives up."""
    with connection.cursor() as cursor:
        cursor.execute(f"SET LOCAL lock_timeout = {LOCK_MS}")
