"""Calls to providers: addresses, time-outs, and what a failure means for the next candidate."""

from dataclasses import dataclass
from typing import Any, Final

import orjson

from proxy import http1
from proxy.watch import Watch
from routing.snaps import EndpointSnap, ProviderSnap

ANSWER_MAX: Final = 64 * 1024 * 1024
ERROR_MAX: Final = 64 * 1024
_HEADERS: Final = {
    "content-type": "application/json",
    "accept": "*/*",
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

    answer: http1.Answer
    first: bytes

    def close(self) -> None:
        self.answer.close()

    def whole(self) -> bytes | None:
        """The first bytes, if there is nothing after them."""
        return self.first if self.answer.at_end else None

    async def more(self) -> bytes:
        """The next bytes; empty at the end. Raises UpstreamError when the answer is cut."""
        try:
            return await self.answer.read()
        except OSError as error:
            raise UpstreamError("cut", status=200) from error

    async def read(self, watch: Watch, idle_s: float) -> bytes:
        """The whole answer. Raises UpstreamError when it is cut, past 64 MB or stalls for `idle_s`."""
        parts, size = [self.first], len(self.first)
        while data := await self._next(watch, idle_s):
            parts.append(data)
            size += len(data)
            if size > ANSWER_MAX:
                raise UpstreamError("answer_too_large", status=200)
        return b"".join(parts)

    async def _next(self, watch: Watch, idle_s: float) -> bytes:
        try:
            with watch.within(idle_s):
                return await self.more()
        except TimeoutError:
            raise UpstreamError("stalled", status=200) from None


class Upstream:
    """The connections to all providers."""

    def __init__(self, watch: Watch) -> None:
        self._watch = watch
        self._targets: dict[tuple[int, str, str | None, str], http1.Target] = {}
        self._pool = http1.Pool()

    def close(self) -> None:
        self._pool.close()

    def tidy(self) -> None:
        """Ends connections that were idle for long; to be called now and then."""
        self._pool.tidy()

    async def open(
        self, endpoint: EndpointSnap, path: str, body: dict[str, Any], first_byte_s: float
    ) -> Opened:
        """Posts the body and waits for the first bytes of a 200. Raises UpstreamError."""
        data = orjson.dumps(body)
        try:
            with self._watch.within(first_byte_s):
                return await self._post(endpoint.provider, path, data)
        except TimeoutError:
            raise UpstreamError("timeout") from None
        except OSError as error:
            raise UpstreamError(_reason(error)) from error

    async def _post(self, provider: ProviderSnap, path: str, data: bytes) -> Opened:
        answer = await self._pool.post(self._target(provider, path), data)
        try:
            if answer.status != 200 or answer.headers.get(b"content-encoding", b"identity") != b"identity":
                raise await _failure(answer, provider.secret)
            first = await answer.read()
            if not first:
                raise UpstreamError("empty", status=200)
        except BaseException:
            answer.close()
            raise
        return Opened(answer, first)

    def _target(self, provider: ProviderSnap, path: str) -> http1.Target:
        """Address and headers for a provider, made once. Raises UpstreamError when they can't be used."""
        name = (provider.id, provider.base_url, provider.secret, path)
        target = self._targets.get(name)
        if target is None:
            secret = {"authorization": f"Bearer {provider.secret}"} if provider.secret else {}
            try:
                target = http1.Target.of(provider.base_url.rstrip("/") + path, _HEADERS | secret)
            except ValueError:
                raise UpstreamError("misconfigured") from None
            self._targets[name] = target
        return target


async def _failure(answer: http1.Answer, secret: str | None) -> UpstreamError:
    status = answer.status
    body = b""
    if status in _CALLERS_FAULT:
        body = await _at_most(answer, ERROR_MAX)
        if secret:
            body = body.replace(secret.encode(), b"***")
        if not _is_object(body):
            body = b""  # not in the dialect: an HTML page of some proxy in between, or more than 64 KB
    retry_after = answer.headers.get(b"retry-after", b"").decode("latin-1")
    return UpstreamError(f"http_{status}", status=status, body=body, retry_after=retry_after)


def _is_object(body: bytes) -> bool:
    try:
        return isinstance(orjson.loads(body), dict)
    except orjson.JSONDecodeError:
        return False


async def _at_most(answer: http1.Answer, size: int) -> bytes:
    body = b""
    while len(body) < size and (data := await answer.read()):
        body += data
    return body[:size]


def _reason(error: OSError) -> str:
    if isinstance(error, http1.Unreachable):
        return "unreachable"
    return "broken" if isinstance(error, http1.Malformed) else "reset"
