"""Questions of the control plane to a provider about a job it took: blocking, no retries, no redirects."""

import http.client
import ssl
from dataclasses import dataclass
from urllib.parse import urlsplit

from proxy.bridge import Ask
from proxy.upstream import headers_to
from routing.snaps import ProviderSnap

ANSWER_MAX = 1024 * 1024
FAILURES = (OSError, http.client.HTTPException, ValueError)


@dataclass(frozen=True, slots=True)
class Told:
    """An answer about a job. `status` 0: the provider could not be asked."""

    status: int
    data: bytes = b""


class Download:
    """An answer that is read bit by bit. Making one raises FAILURES, and so does reading."""

    def __init__(self, provider: ProviderSnap, question: Ask, timeout_s: float) -> None:
        self._connection = _connection(provider, timeout_s)
        path = urlsplit(provider.base_url).path.rstrip("/") + question.path
        try:
            headers = headers_to(provider, question)
            self._connection.request(question.method, path, question.body or None, headers)
            self._response = self._connection.getresponse()
        except BaseException:
            self._connection.close()
            raise

    @property
    def status(self) -> int:
        return self._response.status

    @property
    def length(self) -> int | None:
        """In bytes, where the provider says so."""
        return self._response.length

    @property
    def is_film(self) -> bool:
        """Whether it may be handed on as one: a page or an error in JSON is none."""
        kind = self._response.headers.get_content_type()
        return kind.startswith("video/") or kind in ("application/octet-stream", "binary/octet-stream")

    def read(self, size: int, /) -> bytes:
        """Up to so many bytes; none at the end."""
        return self._response.read(size)

    def close(self) -> None:
        self._response.close()
        self._connection.close()


def ask(provider: ProviderSnap, question: Ask, timeout_s: float) -> Told:
    """Asks once; whatever goes wrong on the way is status 0."""
    try:
        download = Download(provider, question, timeout_s)
    except FAILURES:
        return Told(0)
    try:
        return Told(download.status, download.read(ANSWER_MAX))
    except FAILURES:
        return Told(0)
    finally:
        download.close()


def _connection(provider: ProviderSnap, timeout_s: float) -> http.client.HTTPConnection:
    parts = urlsplit(provider.base_url)
    host = parts.hostname or ""
    if parts.scheme == "https":
        context = ssl.create_default_context()
        return http.client.HTTPSConnection(host, parts.port, timeout=timeout_s, context=context)
    return http.client.HTTPConnection(host, parts.port, timeout=timeout_s)
