"""Calls to providers: one pooled session, time-outs, and what a failure means for the next candidate."""

from dataclasses import dataclass
from typing import Any, Final

import aiohttp
import orjson
from multidict import CIMultiDict
from yarl import URL

from proxy.watch import Watch
from routing.snaps import EndpointSnap, ProviderSnap

CONNECT_S: Final = 3.0
ANSWER_MAX: Final = 64 * 1024 * 1024
ERROR_MAX: Final = 64 * 1024
_HEADERS: Final = {
    "content-type": "application/json",
    "accept-encoding": "identity",
    "user-agent": "CloudAPI/1",
}
# A request that the next provider would refuse just the same.
_CALLERS_FAULT: Final = frozenset({400, 409, 413, 415, 422})


class UpstreamError(Exception):
    """An endpoint could not answer. `body`: its own words, where the caller's request is to blame."""

    def __init__(
        self, reason: str, *, status: int | None = None, body: bytes = b"", retry_after: str = ""
    ) -> None:
        super().__init__(reason)
        self.reason = reason
        self.status = status
        self.body = body
        self.retry_after = retry_after

    @property
    def callers_fault(self) -> bool:
        """Whether asking another endpoint is pointless."""
        return self.status in _CALLERS_FAULT and bool(self.body)


@dataclass(frozen=True, slots=True)
class Opened:
    """A 200 whose first bytes are here."""

    response: aiohttp.ClientResponse
    first: bytes

    def close(self) -> None:
        self.response.close()

    def whole(self) -> bytes | None:
        """The first bytes, if there is nothing after them."""
        return self.first if self.response.content.at_eof() else None

    async def read(self) -> bytes:
        """The whole answer. Raises UpstreamError when it is cut or past 64 MB."""
        parts, size = [self.first], len(self.first)
        try:
            async for data in self.response.content.iter_any():
                parts.append(data)
                size += len(data)
                if size > ANSWER_MAX:
                    raise UpstreamError("answer_too_large", status=200)
        except (aiohttp.ClientError, OSError) as error:
            raise UpstreamError("cut", status=200) from error
        return b"".join(parts)


class Upstream:
    """The session to all providers: no redirects, no cookies, no proxy from the environment."""

    def __init__(self, watch: Watch) -> None:
        self._watch = watch
        self._addresses: dict[tuple[int, str, str | None, str], tuple[URL, CIMultiDict[str]]] = {}
        connector = aiohttp.TCPConnector(limit=0, keepalive_timeout=15, ttl_dns_cache=60)
        self._session = aiohttp.ClientSession(
            connector=connector,
            cookie_jar=aiohttp.DummyCookieJar(),
            auto_decompress=False,
            timeout=aiohttp.ClientTimeout(total=None, sock_connect=CONNECT_S),
            skip_auto_headers=("User-Agent", "Accept-Encoding", "Accept"),
        )

    async def close(self) -> None:
        await self._session.close()

    async def open(
        self, endpoint: EndpointSnap, path: str, body: dict[str, Any], first_byte_s: float
    ) -> Opened:
        """Posts the body and waits for the first bytes of a 200. Raises UpstreamError."""
        data = orjson.dumps(body)
        try:
            with self._watch.within(first_byte_s):
                return await self._open(endpoint, path, data)
        except TimeoutError:
            raise UpstreamError("timeout") from None
        except (aiohttp.ClientError, OSError) as error:
            raise UpstreamError(_reason(error)) from error

    async def _open(self, endpoint: EndpointSnap, path: str, data: bytes) -> Opened:
        try:
            return await self._post(endpoint, path, data)
        except aiohttp.ServerDisconnectedError:
            # A kept-alive connection that the provider closed just now: nothing of ours was read.
            return await self._post(endpoint, path, data)

    async def _post(self, endpoint: EndpointSnap, path: str, data: bytes) -> Opened:
        url, headers = self._address(endpoint.provider, path)
        response = await self._session.post(url, data=data, headers=headers, allow_redirects=False)
        try:
            if response.status != 200 or response.headers.get("content-encoding", "identity") != "identity":
                raise await _failure(response, endpoint.provider.secret)
            first = await response.content.readany()
            if not first:
                raise UpstreamError("empty", status=200)
        except BaseException:
            response.close()
            raise
        return Opened(response, first)

    def _address(self, provider: ProviderSnap, path: str) -> tuple[URL, CIMultiDict[str]]:
        """URL and headers for a provider, parsed once."""
        name = (provider.id, provider.base_url, provider.secret, path)
        address = self._addresses.get(name)
        if address is None:
            headers = CIMultiDict(_HEADERS)
            if provider.secret:
                headers["authorization"] = f"Bearer {provider.secret}"
            address = self._addresses[name] = (URL(provider.base_url.rstrip("/") + path), headers)
        return address


async def _failure(response: aiohttp.ClientResponse, secret: str | None) -> UpstreamError:
    status = response.status
    body = b""
    if status in _CALLERS_FAULT:
        body = await response.content.read(ERROR_MAX)
        if secret:
            body = body.replace(secret.encode(), b"***")
        if not body.lstrip().startswith(b"{"):
            body = b""  # not in the dialect: an HTML page of some proxy in between
    return UpstreamError(
        f"http_{status}", status=status, body=body, retry_after=response.headers.get("retry-after", "")
    )


def _reason(error: Exception) -> str:
    if isinstance(error, aiohttp.ClientConnectorError):
        return "unreachable"
    if isinstance(error, (aiohttp.ServerDisconnectedError, ConnectionError)):
        return "reset"
    return "broken"
