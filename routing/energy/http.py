"""Asks a market over HTTP: blocking, bounded in time and size, by name and with an address to write to."""

import http.client
import time
from collections.abc import Mapping
from typing import Final
from urllib.parse import urlsplit

from django.conf import settings

from routing.errors import FeedError

WHOLE_S: Final = 10
BYTES_MAX: Final = 8 * 1024 * 1024
_PIECE: Final = 64 * 1024
_WAIT_S: Final = 5  # of a 429 that doesn't say how long (CAISO says five seconds, in words)
_WAIT_MAX_S: Final = 3600
_FAILURES: Final = (OSError, http.client.HTTPException, ValueError)


class Client:
    """One poll of one market: all its questions together end within `whole_s` seconds."""

    def __init__(self, key: str = "", *, whole_s: float = WHOLE_S) -> None:
        self.key = key
        self._end = time.monotonic() + whole_s

    def get(self, url: str, headers: Mapping[str, str] | None = None, *, within_s: int = WHOLE_S) -> bytes:
        """The body of a 200; no redirect is followed. Raises FeedError."""
        end = min(self._end, time.monotonic() + within_s)
        named = urlsplit(url).hostname or ""
        try:
            return self._ask(_mirrored(url), headers or {}, end)
        except _FAILURES as error:
            # Its text could hold what was sent.
            raise FeedError(f"{named} can't be read: {type(error).__name__}") from None

    def _ask(self, url: str, headers: Mapping[str, str], end: float) -> bytes:
        parts = urlsplit(url)
        kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
        connection = kind(parts.hostname or "", parts.port, timeout=_left(end))
        try:
            target = parts.path + (f"?{parts.query}" if parts.query else "")
            connection.request("GET", target, headers=_headers() | dict(headers))
            _hurry(connection, end)
            response = connection.getresponse()
            _check(response)
            return _body(connection, response, end)
        finally:
            connection.close()


def _headers() -> dict[str, str]:
    contact = settings.COMPANY["contact"] or settings.SITE_URL
    agent = f"CloudAPI (+{contact})".encode("ascii", "replace").decode()
    return {"User-Agent": agent, "Accept": "*/*", "Accept-Encoding": "identity", "Connection": "close"}


def _mirrored(url: str) -> str:
    if not settings.ENERGY_MIRROR:
        return url
    return f"{settings.ENERGY_MIRROR}/{url.partition('://')[2]}"


def _left(end: float) -> float:
    """Seconds until then. Raises TimeoutError when there are none."""
    seconds = end - time.monotonic()
    if seconds <= 0:
        raise TimeoutError
    return seconds


def _hurry(connection: http.client.HTTPConnection, end: float) -> None:
    """Every step gets what time is left for all of them."""
    if connection.sock is not None:
        connection.sock.settimeout(_left(end))


def _check(response: http.client.HTTPResponse) -> None:
    if response.status == 429:
        raise FeedError("it answers 429: asked too often", _wait(response.getheader("retry-after", "")))
    if response.status != 200:
        raise FeedError(f"it answers {response.status}", _wait(response.getheader("retry-after", "0")))
    if (response.length or 0) > BYTES_MAX:
        raise FeedError("its answer is too long")


def _wait(header: str) -> int:
    return min(int(header), _WAIT_MAX_S) if header.isascii() and header.isdigit() else _WAIT_S


def _body(connection: http.client.HTTPConnection, response: http.client.HTTPResponse, end: float) -> bytes:
    data = bytearray()
    while piece := response.read1(_PIECE):
        data += piece
        if len(data) > BYTES_MAX:
            raise FeedError("its answer is too long")
        _hurry(connection, end)
    if response.length:
        raise FeedError("its answer was cut off")
    return bytes(data)
